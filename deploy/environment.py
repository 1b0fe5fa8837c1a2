"""The virtual environment `.venv`: made once, brought up to date when a lock file has changed."""

import contextlib
import fcntl
import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "kam-stamp.json"
UV_LOCK = "requirements-uv.lock"
RUN_LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"
NEEDED_MODULES = {
    "sqlite3": "the SQLite library (Debian: libsqlite3-0; when building Python: libsqlite3-dev)",
    "ssl": "OpenSSL (when building Python: libssl-dev)",
    "ctypes": "libffi (when building Python: libffi-dev)",
    "venv": "the venv module (Debian: python3-venv)",
}
NO_NETWORK = (
    "dns error",
    "name resolution",
    "Name or service not known",
    "Connection refused",
    "connection error",
    "Could not connect",
    "Failed to fetch",
    "Network is unreachable",
    "timed out",
    "NewConnectionError",
    "Could not find a version that satisfies the requirement uv",
)
NO_COMPILER = (
    "Failed to build",
    "command 'gcc'",
    "command 'cc'",
    "No such file or directory: 'cc'",
)


class Stop(SystemExit):
    """Ends the command with one line that says what to do."""

    def __init__(self, line: str) -> None:
        super().__init__(line)


def say(line: str) -> None:
    """Tell the person at the terminal what is being done."""
    print(line, file=sys.stderr, flush=True)


def ensure(*, dev: bool = False) -> Path:
    """Make `.venv` hold the locked packages (with `dev` also the tools) and return its Python."""
    _refuse_missing_modules()
    with _one_at_a_time():
        _make_venv()
        wanted = {name: _digest(name) for name in (UV_LOCK, RUN_LOCK, *([DEV_LOCK] if dev else []))}
        known = _read_stamp()
        if any(known.get(name) != digest for name, digest in wanted.items()):
            say("Installing the locked packages …")
            _install(DEV_LOCK if dev else RUN_LOCK)
            STAMP.write_text(json.dumps({**known, **wanted}))
    return PYTHON


def main(arguments: Sequence[str]) -> int:
    """`make env`: the environment with all tools."""
    ensure(dev="--dev" in arguments)
    say("The environment is ready: .venv")
    return 0


def explain(output: str, doing: str) -> Stop:
    """What the output of a failed installation means, in one line."""
    if any(sign in output for sign in NO_NETWORK):
        return Stop(
            f"{doing} failed: the package index cannot be reached."
            " Check the network (or HTTPS_PROXY), then run the same command again."
        )
    if any(sign in output for sign in NO_COMPILER):
        return Stop(
            f"{doing} failed: a package has to be built and there is no compiler."
            " Install one (Debian: apt-get install build-essential python3-dev), then run again."
        )
    last = next((line for line in reversed(output.splitlines()) if line.strip()), "no message")
    return Stop(f"{doing} failed: {last.strip()}")


def _refuse_missing_modules() -> None:
    for module, package in NEEDED_MODULES.items():
        try:
            importlib.import_module(module)
        except ImportError:
            raise Stop(
                f"This Python lacks the module {module}. Install {package},"
                " or name another Python: make run PYTHON=python3.12"
            ) from None


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """`make run` and `make test` started together do not install into each other."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "environment.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    if _venv_works():
        return
    say("Making the environment .venv …")
    if VENV.exists():
        shutil.rmtree(VENV)
    uv = shutil.which("uv")
    if importlib.util.find_spec("ensurepip"):
        command = [sys.executable, "-m", "venv", str(VENV)]
    elif uv:
        command = [uv, "venv", "--quiet", "--python", sys.executable, str(VENV)]
    else:
        raise Stop(
            "This Python cannot make environments (it has no ensurepip). Type:"
            f" apt-get install python3.{sys.version_info.minor}-venv"
            "   (or install uv), then run again."
        )
    _call(command, "Making .venv")


def _venv_works() -> bool:
    """Whether an existing `.venv` starts and is new enough."""
    if not PYTHON.exists():
        return False
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([str(PYTHON), "-c", code], check=False).returncode == 0


def _install(lock: str) -> None:
    """Install uv by its own hashed lock, then let it install everything in `lock`."""
    uv = VENV / "bin" / "uv"
    hashed = ["install", "--quiet", "--require-hashes", "-r"]
    if not uv.exists() or _read_stamp().get(UV_LOCK) != _digest(UV_LOCK):
        path_uv = shutil.which("uv")
        if not (VENV / "bin" / "pip").exists() and path_uv:  # made by uv: there is no pip in it
            installer = [path_uv, "pip"]
        else:
            installer = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
        _call([*installer, *hashed, UV_LOCK], "Installing uv")
    _call([str(uv), "pip", *hashed, lock], "Installing the locked packages")


def _call(command: list[str], doing: str) -> None:
    """Run quietly; raise Stop with one line when it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "VIRTUAL_ENV": str(VENV)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise explain(done.stdout, doing)


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def _read_stamp() -> dict[str, str]:
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp
