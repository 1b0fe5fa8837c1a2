"""`make lock`: the hashed lock files, written anew from pyproject.toml."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy import environment
from deploy.environment import DEV_LOCK, ROOT, RUN_LOCK, VENV, say

GROUPS: dict[str, list[str]] = {RUN_LOCK: [], DEV_LOCK: ["--group", "dev"]}
COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-annotate"),
    *("--no-header", "--no-emit-index-url", "--python-version", "3.11"),
)


def main(arguments: Sequence[str]) -> int:
    """Compile both locks in place; versions that still fit are kept."""
    environment.ensure(dev=True)
    for lock in GROUPS:
        say(f"Compiling {lock} …")
        done = compile_lock(lock, ROOT)
        if done.returncode:
            raise environment.explain(done.stderr, f"Compiling {lock}")
    return 0


def compile_lock(lock: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile `lock` into `folder`; what stands there already is kept where it fits."""
    target = str(folder / lock)
    command = [str(VENV / "bin" / "uv"), *COMPILE, *GROUPS[lock], "pyproject.toml", "-o", target]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
