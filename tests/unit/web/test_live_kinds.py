"""Parts that follow events name them in full: a kind that no event has would leave its part standing still."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ATTRIBUTE = re.compile(r'data-live-kinds="([^"{]*)"')
FOLDER = Path(__file__).parents[3] / "templates"
TEMPLATES = sorted(path for path in FOLDER.rglob("*.html") if ATTRIBUTE.search(path.read_text()))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_kind_is_only_a_front(path: Path) -> None:
    kinds = [kind for found in ATTRIBUTE.findall(path.read_text()) for kind in found.split()]
    assert kinds and not [kind for kind in kinds if kind.endswith(".")]
