"""Front-end parts: nothing inline, nothing from elsewhere, every icon that is named is drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from portal.stack import assets
from provisioning.inventory import states
from provisioning.inventory.kinds import KINDS

BASE = Path(settings.BASE_DIR)
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))


@pytest.fixture(scope="module")
def sprite(built_assets: None) -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (BASE / "static/vendor/icons.svg").read_text()))


def test_every_icon_of_a_template_is_in_the_sprite(sprite):
    missing = {
        f"{path.name}: {name}"
        for path in TEMPLATES
        for name in re.findall(r'{%\s*icon\s+"([^"]+)"', path.read_text())
        if name not in sprite
    }
    assert not missing


def test_icons_of_kinds_and_states_are_in_the_sprite(sprite):
    wanted = {kind.icon for kind in KINDS.values()} | set(states.ICON.values()) | set(states.ICON_OF_STATE.values())
    assert wanted <= sprite


def test_icons_of_scripts_are_in_the_sprite(sprite):
    named = {
        name
        for path in (BASE / "static/js").glob("*.js")
        for name in re.findall(r'zw\.icon\("([^"]+)"', path.read_text())
    }
    assert named and named <= sprite


def test_a_second_build_writes_nothing(sprite):
    assert assets.build() is False


def test_style_sheets_point_at_no_source_map(sprite):
    for path in (BASE / "static/vendor").rglob("*"):
        if path.suffix in {".css", ".js"}:
            assert b"sourceMappingURL" not in path.read_bytes(), path


def test_templates_have_nothing_inline():
    """Strict CSP: a style attribute or an inline script would be refused by the browser, silently."""
    found = [
        f"{path.relative_to(BASE)}: {match[0][:60]}"
        for path in TEMPLATES
        for match in re.finditer(
            r"<[a-z][^>]*\s(?:style|on[a-z]+|hx-on[^=]*)=|<script(?![^>]*\ssrc=)|<style", path.read_text()
        )
    ]
    assert not found


def test_templates_and_styles_load_nothing_from_elsewhere():
    outside = re.compile(r'(?:src|href)="(?:https?:)?//|url\(["\']?(?:https?:)?//')
    paths = [*TEMPLATES, *(BASE / "static/css").glob("*.css")]
    assert not [path.name for path in paths if outside.search(path.read_text())]


def test_the_lock_pins_every_part_and_names_no_registry():
    lock = json.loads((BASE / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages and all(entry.get("integrity") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_npm_failing_is_one_sentence(tmp_path, monkeypatch):
    for name in ("package.json", ".npmrc"):
        (tmp_path / name).write_text((BASE / name).read_text())
    lock = json.loads((BASE / "package-lock.json").read_text())
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(assets.AssetsFailed, match="could not be fetched"):
        assets.build(tmp_path)
    assert not (tmp_path / "static/vendor/.stamp").exists()
