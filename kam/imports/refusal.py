"""Why a row is not taken."""

from typing import NamedTuple


class Refusal(NamedTuple):
    """`code` names the kind of reason, `reason` says more than the words that the kind of file has
    for the code."""

    code: str
    reason: str = ""


class Refused(Exception):  # noqa: N818  (a row, not the programme, is at fault)
    """The row is not taken: carries a `Refusal`, which outlives it without the frames that an
    exception holds."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(code)
        self.refusal = Refusal(code, reason)

    @property
    def code(self) -> str:
        return self.refusal.code

    @property
    def reason(self) -> str:
        return self.refusal.reason
