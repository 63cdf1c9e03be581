from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.cloudstack.tiny import TinyCloudStack


@pytest.fixture
def tiny() -> Iterator[TinyCloudStack]:
    with TinyCloudStack() as cloud:
        yield cloud
