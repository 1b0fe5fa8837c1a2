"""`make check`: everything that can be judged without running the application's tests."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy import environment, linters
from deploy.environment import DEV_LOCK, ROOT, RUN_LOCK, UV_LOCK
from deploy.lock import compile_lock

BIN = environment.VENV / "bin"
PRODUCT = ("kam", "teams", "accounts", "plans", "reviews")
PRODUCTION = {  # what an installation that people reach by https has in its .env
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "check-only-Zk3v9Qe7Lr2Xw8Ty5Ub1Na6Mc4Pd0HfgJsKiO-and-some-more",
    "DEBUG": "False",
    "DEMO": "False",
    "HTTPS": "True",
    "ALLOWED_HOSTS": "kam.example.com",
    "DJANGO_SETTINGS_MODULE": "kam.settings",
}
TESTING = {"DJANGO_SETTINGS_MODULE": "kam.test_settings"}
MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.-])/(?:root|home|work|Users)/[a-z.]")
ADDRESS = re.compile(r"https?://|\"resolved\"")
FREE_OF_PATHS = ("static/vendor/", "LICENSE")  # not written here


@dataclass
class Result:
    """What one check found: `warning` is printed at the end and fails nothing."""

    good: bool
    output: str = ""
    warning: str = ""


Check = Callable[[], Result]


def main(arguments: Sequence[str]) -> int:
    """Run all checks, two at a time; print what failed; 0 only if nothing did."""
    environment.ensure(dev=True)
    started = time.monotonic()
    with ThreadPoolExecutor(max_workers=2) as pool:
        running = {name: pool.submit(timed, check) for name, check in checks().items()}
        results = {name: future.result() for name, future in running.items()}
    for name, (result, seconds) in results.items():
        print(f"{'ok    ' if result.good else 'FAILED'}  {name}  ({seconds:.0f} s)")
        if not result.good:
            print(result.output.rstrip())
    for name, (result, _) in results.items():
        if result.warning:
            print(f"WARNING {name}: {result.warning}")
    failed = [name for name, (result, _) in results.items() if not result.good]
    verdict = f"{len(failed)} of {len(results)} FAILED: {', '.join(failed)}" if failed else "passed"
    print(f"\ncheck     {verdict} in {time.monotonic() - started:.0f} s", flush=True)
    return int(bool(failed))


def checks() -> dict[str, Check]:
    """Name and call of each check, the slow ones first."""
    manage = [str(environment.PYTHON), "manage.py"]
    pytest = [str(environment.PYTHON), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return {
        "types": lambda: call([str(BIN / "mypy")], TESTING),
        "known vulnerabilities": audit,
        "schema": schema,
        "lock files are current": locks_are_current,
        "lint": lambda: call([str(BIN / "ruff"), "check", "."]),
        "format": lambda: call([str(BIN / "ruff"), "format", "--check", "."]),
        "import order": lambda: call([*pytest, "tests/test_imports.py"]),
        "migrations": lambda: call([*manage, "makemigrations", "--check", "--dry-run"], TESTING),
        "deployment": lambda: call(
            [*manage, "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION
        ),
        "templates": lambda: call([str(BIN / "djlint"), "--lint", "--quiet", "templates"]),
        "security": lambda: call(
            [str(BIN / "bandit"), "-q", "-ll", "-r", "-c", "pyproject.toml", *PRODUCT, "deploy"]
        ),
        "no addresses in lock files": no_addresses,
        "no machine paths": no_machine_paths,
    }


def timed(check: Check) -> tuple[Result, float]:
    """The result of a check and how long it took."""
    started = time.monotonic()
    return check(), time.monotonic() - started


def call(command: list[str], variables: Mapping[str, str] | None = None) -> Result:
    """Run a tool; good when it exits with 0."""
    done = run(command, variables or {})
    return Result(done.returncode == 0, done.stdout + done.stderr)


def run(command: list[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run quietly in the checkout, without a terminal."""
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def schema() -> Result:
    """docs/openapi.yaml after two linters; that it is what the code says is a test."""
    try:
        calls = linters.commands("docs/openapi.yaml")
    except environment.Stop as stop:
        return Result(good=False, output=str(stop))
    results = [call(command, linters.QUIET) for command in calls]
    bad = [result.output for result in results if not result.good]
    return Result(not bad, "\n".join(bad))


def audit() -> Result:
    """pip-audit over both locks: whatever is known fails, and so does a package left out.

    When the advisory service cannot be asked at all, nothing is audited: that is said, and does
    not fail, so that a closed network does not stop work (docs/decisions.md).
    """
    command = [str(BIN / "pip-audit"), "--format", "json", "--progress-spinner", "off"]
    command += ["--require-hashes", "--disable-pip", "-r", DEV_LOCK]
    done = run(command, {})
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        packages = []
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    if len(skipped) == len(packages):
        reason = packages[0]["skip_reason"] if packages else done.stderr.strip()[-200:]
        return Result(
            good=True, warning=f"NOT AUDITED, the advisory service gave no answer: {reason}"
        )
    hit = [
        f"{package['name']} {package['version']}: {', '.join(vuln['id'] for vuln in found)}"
        for package in packages
        if (found := package.get("vulns"))
    ]
    lines = [*hit, *(f"{name}: could not be audited" for name in skipped)]
    return Result(not lines, "\n".join(lines), f"{len(packages)} packages audited" * (not lines))


def locks_are_current() -> Result:
    """Both locks hold every declared package, agree, and are what uv compiles from them."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run_pins, dev_pins = pins(RUN_LOCK), pins(DEV_LOCK)
    lines = [
        f"{name} is {version} in {RUN_LOCK} and {dev_pins.get(name)} in {DEV_LOCK}"
        for name, version in run_pins.items()
        if dev_pins.get(name) != version
    ]
    wanted = {RUN_LOCK: declared["project"]["dependencies"]}
    wanted[DEV_LOCK] = wanted[RUN_LOCK] + declared["dependency-groups"]["dev"]
    for lock, names in wanted.items():
        missing = {normal(name) for name in names} - set(pins(lock))
        lines += [f"{name} is missing in {lock}" for name in sorted(missing)]
    with tempfile.TemporaryDirectory() as folder:
        for lock in wanted:
            shutil.copy(ROOT / lock, folder)
            done = compile_lock(lock, Path(folder))
            if done.returncode and any(sign in done.stderr for sign in environment.NO_NETWORK):
                return Result(not lines, "\n".join(lines), "not recompiled: no package index")
            if done.returncode:
                lines.append(done.stderr.strip())
            elif pins(lock) != pins(lock, Path(folder)):
                lines.append(f"{lock} is out of date: make lock")
    return Result(not lines, "\n".join(lines))


def pins(lock: str, folder: Path = ROOT) -> dict[str, str]:
    """Package and version of each line of a lock."""
    found = re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)", (folder / lock).read_text())
    return {normal(name): version for name, version in found}


def normal(requirement: str) -> str:
    """The normalised name of the package that a requirement asks for (PEP 503)."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def tracked() -> list[str]:
    """Files that git knows."""
    return run(["git", "ls-files", "-z"], {}).stdout.rstrip("\0").split("\0")


def no_addresses() -> Result:
    """Lock files name packages and hashes only: any mirror serves them."""
    locks = [name for name in tracked() if name.endswith((".lock", "-lock.json"))]
    hits = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name in locks
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if ADDRESS.search(line)
    ]
    missing = [name for name in (UV_LOCK, RUN_LOCK, DEV_LOCK) if name not in locks]
    return Result(not hits and not missing, "\n".join([*hits, *missing]))


def no_machine_paths() -> Result:
    """No tracked text names a folder of the machine on which it was written."""
    hits = []
    for name in tracked():
        if name.startswith(FREE_OF_PATHS) or not (ROOT / name).is_file():
            continue
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
        hits += [
            f"{name}:{number}: {line.strip()[:80]}"
            for number, line in enumerate(text.splitlines(), 1)
            if MACHINE_PATH.search(line)
        ]
    return Result(not hits, "\n".join(hits))
