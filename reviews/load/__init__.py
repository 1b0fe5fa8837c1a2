"""A synthetic programme of any size, for load tests: plausible, not a story.

Everything follows from the place of an account in the programme, nothing is random, so that the
same number and day give the same rows. It writes in bulk, beside the services and their checks: a
factory, never a way to bring in real data.
"""

from reviews.load.build import PROGRAMME, SIGN_INS, Programmes, build

__all__ = ["PROGRAMME", "SIGN_INS", "Programmes", "build"]
