#!/usr/bin/env python3
"""Fetch the pinned front-end packages and put what pages need under `static/vendor/`.

The versions stand in `deploy/vendor/package.json`, their sha512 sums in `package-lock.json`; npm
refuses a package whose sum differs. Nothing of a package runs while it is installed. Every file
comes with the licence of its package, and `static/vendor/versions.json` names the version of each.
Run with `make vendor` after changing a version or `icons.txt`, and commit the result.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent / "vendor"
TARGET = HERE.parent.parent / "static" / "vendor"
FONTS = {
    "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
    "serif-latin.woff2": "@fontsource/source-serif-4/files/source-serif-4-latin-600-normal.woff2",
    "serif-latin-ext.woff2": (
        "@fontsource/source-serif-4/files/source-serif-4-latin-ext-600-normal.woff2"
    ),
}
LICENCES = {
    "tabler": "@tabler/core",
    "icons": "@tabler/icons",
    "htmx": "htmx.org",
    "echarts": "echarts",
    "zrender": "zrender",
    "tslib": "tslib",
    "inter": "@fontsource-variable/inter",
    "source-serif": "@fontsource/source-serif-4",
}


def main() -> int:
    """Install into a temporary folder, build, replace the target folder."""
    if shutil.which("npm") is None:
        print("npm is needed to fetch the front-end packages: install Node.js 20 or newer.")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json", ".npmrc", "echarts.js", "tabler.scss"):
            shutil.copy(HERE / name, work / name)
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work, check=True
        )
        modules = work / "node_modules"
        built = work / "built"
        built.mkdir()
        build_styles(work, built)
        build_charts(work, built)
        build_sprite(modules, built)
        shutil.copy(modules / "htmx.org/dist/htmx.min.js", built / "htmx.min.js")
        for name, source in FONTS.items():
            shutil.copy(modules / source, built / name)
        copy_licences(modules, built)
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(built, TARGET)
    return 0


def build_styles(work: Path, built: Path) -> None:
    """The parts of Tabler that pages use, as one compressed stylesheet."""
    target = built / "tabler.min.css"
    command = ["npx", "--no-install", "sass", "--style=compressed", "--no-source-map", "--quiet"]
    load = f"--load-path={work / 'node_modules'}"
    subprocess.run([*command, load, "tabler.scss", str(target)], cwd=work, check=True)


def build_charts(work: Path, built: Path) -> None:
    """ECharts cut to the parts in `echarts.js`, as one script that sets `window.echarts`."""
    package = json.loads((work / "node_modules/esbuild/package.json").read_text())
    binary = next(
        path
        for name in package["optionalDependencies"]
        if (path := work / "node_modules" / name / "bin" / "esbuild").exists()
    )
    options = ["--bundle", "--minify", "--format=iife", "--global-name=echarts", "--target=es2020"]
    out = f"--outfile={built / 'echarts.min.js'}"
    subprocess.run(
        [str(binary), "echarts.js", *options, "--legal-comments=none", out], cwd=work, check=True
    )


def build_sprite(modules: Path, built: Path) -> None:
    """One file with a `<symbol>` for each outline icon named in `icons.txt`."""
    symbols = []
    for name in sorted(set((HERE / "icons.txt").read_text().split())):
        text = (modules / "@tabler/icons/icons/outline" / f"{name}.svg").read_text()
        body = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
        shapes = re.findall(r"<(?:path|circle|rect|line|polyline|ellipse)\b[^>]*>", body)
        inner = "".join(shape for shape in shapes if 'stroke="none"' not in shape)
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" stroke-linecap="round"'
            f' stroke-linejoin="round">{inner}</symbol>'
        )
    sprite = f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'
    (built / "icons.svg").write_text(sprite)


def copy_licences(modules: Path, built: Path) -> None:
    """Licence texts as `LICENSE-<name>.txt`, versions as `versions.json`."""
    versions = {}
    for name, package in LICENCES.items():
        folder = modules / package
        described = json.loads((folder / "package.json").read_text())
        versions[name] = {
            "package": package,
            "version": described["version"],
            "license": described["license"],
        }
        texts = sorted(path for path in folder.iterdir() if path.name.upper().startswith("LICEN"))
        kept = HERE / f"LICENSE-{name}.txt"  # for a package that leaves its text out
        shutil.copy(kept if kept.exists() else texts[0], built / f"LICENSE-{name}.txt")
    (built / "versions.json").write_text(json.dumps(versions, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
