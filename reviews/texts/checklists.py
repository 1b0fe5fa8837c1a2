"""What has to be there before a stage is left (handbook 2.3), and before it all ends (2.6)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices import Stage


@dataclass(frozen=True)
class CheckText:
    """An item; `may_not_apply` says that it can be set aside with a note.

    Scores and gates are conditions of the recommendation and stand there, not here.
    """

    code: str
    text: Promise
    may_not_apply: bool = False


CHECKLISTS: dict[str, tuple[CheckText, ...]] = {
    Stage.PRE: (
        CheckText("attractiveness", _("Attractiveness of 5.0 or more, or must be included")),
        CheckText("profile", _("Profile at least half filled")),
        CheckText("decider", _("Decider or economic buyer identified")),
        CheckText("trade", _("First trade, trial or written proposal")),
        CheckText("go", _("Decision to go on")),
    ),
    Stage.EARLY: (
        CheckText("dmu_members", _("Three members of the buying centre at strength 3 or more")),
        CheckText("promises", _("At least 90 % of promises kept over six months")),
        CheckText("plan_approved", _("Approved plan")),
    ),
    Stage.MID: (
        CheckText("joint_plan", _("Joint plan signed")),
        CheckText("sponsor_meetings", _("Two meetings of the sponsors in 12 months")),
        CheckText("confirmed_value", _("One value statement that the customer confirmed")),
    ),
    Stage.PARTNERSHIP: (
        CheckText("joint_investment", _("Joint investment running")),
        CheckText("core_system", _("A core system linked")),
        CheckText("joint_board", _("Decision of the joint board")),
    ),
    Stage.UNCOUPLING: tuple(
        CheckText(code, text, may_not_apply=True)
        for code, text in (
            ("contract_duties", _("Contract duties")),
            ("receivables", _("Receivables")),
            ("stock", _("Stock and assets")),
            ("data", _("Data returned or deleted")),
            ("access", _("Access revoked")),
            ("people", _("People reassigned")),
            ("knowledge", _("Knowledge captured")),
            ("customer_message", _("Message to the customer agreed")),
            ("internal_message", _("Internal message")),
            ("re_entry", _("Conditions of re-entry")),
        )
    ),
}


CHECK_TEXTS = {text.code: text for items in CHECKLISTS.values() for text in items}
"""Every item by its code."""


def checklist_of(stage: str | None) -> tuple[CheckText, ...]:
    """Items that belong to leaving `stage`; none at the top or without a stage."""
    return CHECKLISTS.get(stage or "", ())
