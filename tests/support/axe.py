"""axe-core, for tests alone: fetched by the version and digest of package-lock.json, never shipped with the console."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_RUN = """async (tags) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  const said = (node) => node.failureSummary.split("\\n").slice(1, 3).join(" ");
  const told = (node) => [node.target.join(" "), node.html.slice(0, 160), said(node)].join("\\n      ");
  return found.violations.map((one) => ({id: one.id, help: one.help, nodes: one.nodes.map(told)}));
}"""


def _locked_package(base: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    lock = json.loads((base / "package-lock.json").read_text())
    return lock["packages"][""]["devDependencies"], lock["packages"]["node_modules/axe-core"]


def fetch(base: Path) -> str:
    """The script's text. Kept in node_modules (ignored by git) under its version; a new lock fetches anew."""
    from portal.stack import assets

    wanted, package = _locked_package(base)
    kept = base / "node_modules" / f".axe-core-{package['version']}"
    kept.mkdir(parents=True, exist_ok=True)
    script = kept / f"{hashlib.sha256(package['integrity'].encode()).hexdigest()[:16]}.js"
    with (kept / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not script.is_file():
            with tempfile.TemporaryDirectory(prefix="zonewright-axe-") as folder:
                work = Path(folder)
                # This package alone, as the lock has it: `npm ci` checks its digest.
                alone = {key: value for key, value in package.items() if key != "dev"}
                parts = {"": {"name": "axe", "dependencies": wanted}, "node_modules/axe-core": alone}
                (work / "package.json").write_text(json.dumps({"name": "axe", "dependencies": wanted}))
                (work / "package-lock.json").write_text(
                    json.dumps({"name": "axe", "lockfileVersion": 3, "requires": True, "packages": parts})
                )
                shutil.copy(base / ".npmrc", work / ".npmrc")
                assets._npm_ci(work)
                draft = script.with_suffix(".draft")
                draft.write_bytes((work / "node_modules/axe-core/axe.min.js").read_bytes())
                draft.replace(script)
    return script.read_text()


@pytest.fixture(scope="session")
def axe_script() -> str:
    return fetch(Path(settings.BASE_DIR))


class Axe:
    """`axe.check(page, "name")` collects what is wrong; `axe.verdict()` fails with all of it at once."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.found: dict[str, list[str]] = {}

    def check(self, page: Page, name: str) -> None:
        if not page.evaluate("typeof window.axe === 'object'"):
            page.evaluate(self.script)  # through the debugger: the page's own policy would refuse a script tag
        for one in page.evaluate(_RUN, TAGS):
            for node in one["nodes"]:
                self.found.setdefault(f"{one['id']}: {one['help']}\n    {node}", []).append(name)

    def verdict(self) -> None:
        lines = [f"{what}\n      on: {', '.join(where)}" for what, where in sorted(self.found.items())]
        assert not lines, f"{len(lines)} things that axe objects to:\n" + "\n".join(lines)


@pytest.fixture
def axe(axe_script: str) -> Axe:
    return Axe(axe_script)
