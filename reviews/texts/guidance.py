"""How each stage is managed (handbook 2.3; K066: changing the stage changes the guidance)."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices import Stage


@dataclass(frozen=True)
class Guidance:
    """Objectives of the seller, what to do and not to do, what warns of falling back."""

    objectives: Promise
    do: Promise
    dont: Promise
    warnings: Promise


GUIDANCE: dict[str, Guidance] = {
    Stage.PRE: Guidance(
        _("Judge potential, offer the basic product, collect data, avoid waste."),
        _("Set a deadline for qualification and a cap on spending."),
        _("Promise special terms or staff a team."),
        _("No reply for 60 days; 80 % of the cap used; price tenders only."),
    ),
    Stage.EARLY: Guidance(
        _(
            "Explore cooperation; learn motives, behaviour, culture, strengths and weaknesses; "
            "show what a preferred customer gains; win support inside; prove reliable."
        ),
        _("Keep every promise and open a second channel."),
        _("Be the only face, or discount for friendship."),
        _("Only purchasing answers; late deliveries; our own people block what is not standard."),
    ),
    Stage.MID: Guidance(
        _("Widen the range of problems, multiply contacts, become preferred, watch competitors."),
        _("Run a joint operating plan, and a review of competitors every 90 days."),
        _("Assume loyalty or give services away."),
        _("A competitor’s trial; talk returns to price; fewer contacts."),
    ),
    Stage.PARTNERSHIP: Guidance(
        _(
            "Solve problems together, share sensitive data safely, be involved early, "
            "split value fairly."
        ),
        _("Protect confidentiality and measure value together."),
        _("Grow complacent or hide problems with margin."),
        _("The sponsor leaves; value unmeasured for 12 months; a second source is sought."),
    ),
    Stage.SYNERGISTIC: Guidance(
        _("Create joint market value, share strategy, manage mutual dependence."),
        _("Keep our own identity, legal review and exit clauses."),
        _("Neglect cost control or stop testing the market."),
        _("New owner, change of strategy, joint project stopped, gains on one side only."),
    ),
    Stage.UNCOUPLING: Guidance(
        _(
            "End in order; protect money, people, knowledge and reputation; keep a door open "
            "if it is wanted."
        ),
        _("Name reason and initiator, follow the checklist."),
        _("Punish, or keep paying for key treatment."),
        _("Unpaid invoices, people poached, data not returned."),
    ),
}
