"""Installing what tests need through the distribution's package manager, when we may."""

import os
import shutil
import subprocess
from collections.abc import Mapping

from deploy.environment import say

COMMANDS = {
    "apt-get": (
        ["apt-get", "-qq", "update"],
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends"],
    ),
    "dnf": (["dnf", "-q", "install", "-y"],),
    "apk": (["apk", "add", "-q"],),
}


def install_with_distribution(what: str, packages: Mapping[str, str]) -> bool:
    """Install the package named for this machine's manager; False when nothing could be done."""
    manager = next((name for name in COMMANDS if name in packages and shutil.which(name)), None)
    if manager is None or os.geteuid() != 0:
        return False
    say(f"Installing {what} with {manager} …")
    *before, install = COMMANDS[manager]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (*before, [*install, *packages[manager].split()]):
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        say(f"{manager} could not install {what}: {done.stderr.strip()[-300:]}")
    return done.returncode == 0
