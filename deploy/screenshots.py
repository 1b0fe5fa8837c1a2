"""`make screenshots`: draw the pictures of the documentation anew."""

import os
import subprocess
from collections.abc import Sequence

from deploy import browser, environment
from deploy.environment import ROOT, say


def main(arguments: Sequence[str]) -> int:
    """Bring what is missing, then let the environment's Python draw."""
    python = environment.ensure(dev=True)
    variables = {**os.environ, "KAM_CHROMIUM": browser.find(python)}
    say("Drawing the pictures …")
    command = [str(python), "-m", "deploy.pictures"]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
