"""The demonstration programme: made by our own code, the same on every run.

All days are relative to the day of seeding. The handbook's customers carry its numbers; what the
handbook does not give is made up and adds up.
"""

from reviews.demo.build import build
from reviews.demo.cast import SIGN_INS
from reviews.demo.steps import PASSWORD

__all__ = ["PASSWORD", "SIGN_INS", "build"]
