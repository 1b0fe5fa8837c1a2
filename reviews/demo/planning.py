"""Plans and actions of the demonstration programme, in every state."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.models import Account
from plans import services
from plans.models import Action, Objective, Plan, Risk, Strategy, SwotEntry
from teams.models import User


class Crew(NamedTuple):
    """Who writes, approves and helps at an account."""

    manager: User
    sponsor: User
    deputy: User
    member: User
    decided_on: datetime.date


def year_of(today: datetime.date) -> tuple[datetime.date, datetime.date]:
    """First and last day of the calendar year of `today`."""
    return datetime.date(today.year, 1, 1), datetime.date(today.year, 12, 31)


def write_plan(
    account: Account,
    crew: Crew,
    *,
    title: str,
    starts_on: datetime.date,
    ends_on: datetime.date,
    ambition: str,
) -> Plan:
    """A draft with its summary; content comes after."""
    return services.create_plan(
        actor=crew.manager,
        account=account,
        values={
            "title": title,
            "starts_on": starts_on,
            "ends_on": ends_on,
            "currency": account.money,
            "rationale": account.rationale or f"{account} may become a key account.",
            "ambition": ambition,
            "key_messages": "Reliable on time.\nOne face, many hands.\nWe measure what we promise.",
            "defection_contingency": "Sponsor calls the decider within two days; "
            "second-source offer is ready; deputy takes over the daily contacts.",
        },
    )


def add_objective(
    plan: Plan, crew: Crew, today: datetime.date, *, strategy: str = "", **values: object
) -> tuple[Objective, Strategy | None]:
    """An objective and, if worded, one strategy for it."""
    start, due = plan.starts_on, plan.ends_on
    fields = {"owner": crew.manager, "start": start, "due": due, **values}
    objective = services.add_content(actor=crew.manager, row=Objective(plan=plan, **fields))
    if not strategy:
        return objective, None
    row = Strategy(objective=objective, text=strategy, kind="penetrate")
    return objective, services.add_content(actor=crew.manager, row=row)


def add_analysis(plan: Plan, crew: Crew, today: datetime.date) -> None:
    """Two entries a quadrant and three risks, one of them high with its contingency."""
    entries = {
        "strength": ("Delivery on time above 97 %", "Engineers known on site"),
        "weakness": ("One contact holds the purse", "No link to their order system"),
        "opportunity": ("Second site opens next year", "Their label standard is being chosen"),
        "threat": ("Competitor quotes on price", "Their budget moves to the group"),
    }
    for quadrant, texts in entries.items():
        for text in texts:
            entry = SwotEntry(plan=plan, quadrant=quadrant, text=text, evidence="Team, last review")
            services.add_content(actor=crew.manager, row=entry)
    risks = (
        ("defection", "Contract is tendered again", 3, 4, "0.35", "Offer a two-year frame"),
        ("people", "Sponsor leaves", 2, 3, "0.25", "Introduce the deputy early"),
        ("strategic", "Work is taken in house", 1, 5, "0.10", ""),
    )
    for category, name, likelihood, impact, probability, contingency in risks:
        row = Risk(
            plan=plan,
            category=category,
            title=name,
            likelihood=likelihood,
            impact=impact,
            probability=Decimal(probability),
            response="reduce",
            contingency=contingency,
            trigger="Purchasing asks for open prices" if contingency else "",
            owner=crew.manager,
            review_on=today + datetime.timedelta(days=60),
        )
        services.add_content(actor=crew.manager, row=row)


def birch(account: Account, crew: Crew, director: User, today: datetime.date) -> Plan:
    """The plan of the pictures: three objectives, one behind, one ahead, one slow (4.4, 4.5)."""
    start, end = year_of(today)
    goal = services.create_customer_goal(
        actor=crew.manager,
        account=account,
        values={"text": "One label standard at all depots", "source": "COO, yearly meeting"},
    )
    services_share = services.create_corporate_objective(
        actor=director,
        programme=account.programme,
        values={"text": "Services make 15 % of sales in three years", "horizon": "future"},
    )
    plan = write_plan(
        account,
        crew,
        title=f"Plan {today.year}",
        starts_on=start,
        ends_on=end,
        ambition="Preferred supplier of all three units, measured together.",
    )
    revenue, rail = add_objective(
        plan,
        crew,
        today,
        strategy="Open Rail labels with a trial at three depots",
        title="Raise Birch net revenue from 10,400k to 11,200k by year end by opening Rail labels "
        "and Warehousing services",
        type="grow",
        customer_goal=goal,
        corporate_objective=services_share,
        kpi="Net revenue run-rate",
        unit="k",
        baseline=Decimal(10_400),
        target=Decimal(11_200),
        actual=Decimal(10_660),
        actual_on=today - datetime.timedelta(days=2),
        shared=True,
    )
    services.add_content(
        actor=crew.manager,
        row=Strategy(
            objective=revenue,
            text="Offer Warehousing a service contract in place of single orders",
            kind="extend_range",
        ),
    )
    add_objective(
        plan,
        crew,
        today,
        strategy="Fix delivery windows with the Road depots",
        title="Cut complaints from 20 to 12 a year by fixing delivery windows at Road",
        type="retain",
        owner=crew.member,
        kpi="Complaints",
        unit="a year",
        actual=Decimal(15),
        actual_on=today - datetime.timedelta(days=2),
        baseline=Decimal(20),
        target=Decimal(12),
        shared=True,
    )
    add_objective(
        plan,
        crew,
        today,
        title="Give Petit and Quist a second contact by the end of September",
        type="relationship",
        owner=crew.deputy,
        kpi="Contacts with two links",
        unit="contacts",
        actual=Decimal(1),
        actual_on=today - datetime.timedelta(days=2),
        baseline=Decimal(0),
        target=Decimal(2),
    )
    add_analysis(plan, crew, today)
    submit_and_approve(plan, crew)
    services.activate_plan(actor=crew.manager, plan=plan, today=today)
    day = datetime.timedelta(days=1)
    actions: tuple[tuple[str, User, int, dict[str, Any]], ...] = (
        ("Review the account handover file", crew.manager, -20, {}),
        ("Agree a date for Raj and Petit to meet", crew.manager, -4, {}),
        ("Call Petit about the June forecast", crew.manager, 0, {"objective": revenue}),
        ("Check Tom’s draft on electronic ordering", crew.manager, 0, {}),
        ("Send Sato the rail label test report", crew.deputy, 2, {"strategy": rail}),
        ("Agree the price of the rail trial", crew.manager, 6, {"strategy": rail}),
        ("Confirm delivery windows with the Road depots", crew.member, -1, {}),
        ("Prepare figures for the quarterly review", crew.manager, 4, {}),
    )
    for text, owner, days, more in actions:
        make_action(account, crew, today, text, owner, today + days * day, **more)
    kept: tuple[tuple[str, User, int], ...] = (
        ("Send the service report of the quarter", crew.member, -75),
        ("Visit the Road depot with engineering", crew.deputy, -60),
        ("Answer the question on label adhesion", crew.manager, -45),
        ("Replace the scanner at the Rail depot", crew.member, -33),
        ("Book the steering meeting", crew.manager, -28),
    )
    for text, owner, days in kept:
        due = today + days * day
        done = make_action(account, crew, today, text, owner, due)
        services.close_action(actor=owner, action=done, today=due - day, note="As agreed.")
    done = make_action(
        account, crew, today, "Run the label trial at the Rail depot", crew.deputy, today - 3 * day
    )
    services.close_action(actor=crew.deputy, action=done, today=today, note="Passed.")
    return plan


def make_action(
    account: Account,
    crew: Crew,
    today: datetime.date,
    text: str,
    owner: User,
    due: datetime.date,
    **more: object,
) -> Action:
    """An action of somebody on the team."""
    values = {"text": text, "owner": owner, "due": due, **more}
    return services.create_action(actor=crew.manager, account=account, values=values, today=today)


def submit_and_approve(plan: Plan, crew: Crew) -> None:
    """In review, then approved by the sponsor."""
    services.submit_plan(actor=crew.manager, plan=plan, comment="Agreed with the team.")
    services.approve_plan(actor=crew.sponsor, plan=plan, today=crew.decided_on, comment="Go ahead.")


def ordinary(account: Account, crew: Crew, today: datetime.date, state: str) -> Plan:
    """A short plan in `state`: draft, sent_back, in_review, approved, active or closed."""
    start, end = year_of(today)
    if state == "approved":
        start, end = datetime.date(today.year + 1, 1, 1), datetime.date(today.year + 1, 12, 31)
    plan = write_plan(
        account,
        crew,
        title=f"Plan {start.year}",
        starts_on=start,
        ends_on=end,
        ambition=f"Grow with {account} where both gain.",
    )
    objective, strategy = add_objective(
        plan,
        crew,
        today,
        strategy="Meet both functions every month",
        title=f"Keep {account} and widen the contacts to two functions",
        type="retain",
        kpi="Functions in regular contact",
        unit="functions",
        baseline=Decimal(1),
        target=Decimal(2),
    )
    add_analysis(plan, crew, today)
    if state == "in_review":
        services.submit_plan(actor=crew.manager, plan=plan, comment="Agreed with the team.")
    elif state == "sent_back":
        services.submit_plan(actor=crew.manager, plan=plan)
        services.request_changes(
            actor=crew.sponsor, plan=plan, comment="Say what the trial costs and who decides."
        )
    elif state != "draft":
        submit_and_approve(plan, crew)
    if state in ("active", "closed"):
        services.activate_plan(actor=crew.manager, plan=plan, today=today)
    due = today + datetime.timedelta(days=account.pk % 15 - 2)
    make_action(
        account,
        crew,
        today,
        f"Ask {account} for its plans of next year",
        crew.manager,
        due,
        objective=objective,
        strategy=strategy,
    )
    return plan
