from __future__ import annotations

import pytest

from provisioning.audit import actions


def test_names_are_dotted_and_registered_once() -> None:
    actions.register("testing.walk", "Walked")
    actions.register("testing.walk", "Walked")
    with pytest.raises(ValueError, match="registered already"):
        actions.register("testing.walk", "Ran")
    for bad in ("walk", "Testing.walk", "testing.", "testing.Walk", "testing..walk", "a." + "b" * 200):
        with pytest.raises(ValueError):
            actions.register(bad, "x")
    assert actions.label_of("testing.walk") == "Walked"
    assert actions.label_of("of.an.older.version") == "of.an.older.version"
    with pytest.raises(ValueError, match="not registered"):
        actions.known("of.an.older.version")
