"""`python3 -m deploy COMMAND`: refuses a Python that is too old, then runs the command.

Written so that even an old Python can read it and say what is wrong.
"""

import importlib
import signal
import sys

OLDEST = (3, 11)


def end(number, frame):
    """Stopped from outside: leave through every `finally` on the way."""
    sys.exit(128 + number)


def main():
    """Run `deploy.<command>.main()`; what goes wrong is one line on standard error."""
    if sys.version_info < OLDEST:
        sys.exit(
            "Python 3.11 or newer is needed, this is "
            + ".".join(str(part) for part in sys.version_info[:3])
            + ". Install a newer one and name it, for example: make run PYTHON=python3.12"
        )
    signal.signal(signal.SIGTERM, end)
    command = importlib.import_module("deploy." + sys.argv[1])
    try:
        sys.exit(command.main(sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
