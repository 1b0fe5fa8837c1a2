"""Each component renders, says in words what it shows, and escapes what people typed."""

import datetime

import pytest
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory

from kam.web.templatetags import parts

EVIL = '<script>alert("1")</script>'
AT = datetime.datetime(2026, 6, 1, 8, 12, tzinfo=datetime.UTC)


def show(source: str, **context) -> str:
    template = Template("{% load i18n parts formats %}" + source)
    request = RequestFactory().get("/accounts/?sort=name&page=3")
    return template.render(Context({"request": request, **context}))


@pytest.mark.parametrize("stage", [*parts.STAGES, parts.UNCOUPLING])
def test_stage_glyph_says_its_stage(stage):
    shown = parts.stage_glyph(stage, words=False)
    assert str(parts.STAGE_NAMES[stage]) in shown
    assert shown.count("<rect") == 5


@pytest.mark.parametrize(("stage", "filled"), [("pre", 1), ("mid", 3), ("synergistic", 5)])
def test_stage_glyph_has_as_many_filled_steps_as_the_stage(stage, filled):
    assert parts.stage_glyph(stage).count(f'class="f{filled}"') == filled


def test_stage_glyph_outlines_the_target_and_names_the_unassessed():
    shown = parts.stage_glyph("early", "partnership")
    assert shown.count('class="ft"') == 2
    assert "target Partnership" in shown
    assert "Not assessed" in parts.stage_glyph(None)


def test_stage_rail_marks_where_the_account_stands():
    day = datetime.date(2026, 2, 3)
    shown = show('{% stage_rail "early" since=day target="partnership" target_on=day %}', day=day)
    assert shown.count('aria-current="step"') == 1
    assert "since 3 Feb 2026" in shown
    assert "by February 2026" in shown
    leaving = show('{% stage_rail "uncoupling" since=day %}', day=day)
    assert "on6" in leaving
    assert "possible at any time" not in leaving
    assert "Not assessed yet" in show("{% stage_rail None %}")


@pytest.mark.parametrize("tone", ["good", "warn", "bad", "info", "none"])
def test_status_has_shape_and_word(tone):
    shown = parts.status(tone, "Fair")
    assert f"#{parts.TONES[tone]}" in shown
    assert "Fair" in shown


def test_confidence_of_an_assumption_never_looks_confirmed():
    day = datetime.date(2026, 4, 15)
    assumed = parts.confidence(confirmed=False, on=day, who="Tom")
    assert "assumed, Tom, 15 Apr 2026" in assumed
    assert "confirmed, 15 Apr 2026" in parts.confidence(confirmed=True, on=day)
    assert " ok" not in assumed


def test_small_parts_escape_what_people_typed():
    pieces = [
        parts.chip(EVIL),
        parts.status("good", EVIL),
        parts.avatar(EVIL),
        parts.confidence(confirmed=True, who=EVIL),
        parts.sparkline([1, 2], EVIL),
        parts.pips(2, label=EVIL),
        show("{% panel title sub=title %}{{ title }}{% endpanel %}", title=EVIL),
        show("{% empty title title %}", title=EVIL),
        show('{% include "components/feed.html" %}', items=[{"text": EVIL, "who": EVIL, "at": AT}]),
        show('{% include "components/figures.html" %}', figures=[{"label": EVIL, "value": EVIL}]),
    ]
    for piece in pieces:
        assert "<script" not in piece
        assert "&lt;script&gt;" in piece


def test_no_part_carries_inline_style_or_script():
    shown = show(
        '{% bar 25 100 mark=40 tone="warn" %}{% sparkline points "up" low=1 high=3 of=12 %}'
        '{% pips 3 %}{% stage_glyph "mid" %}{% stage_rail "mid" %}{% avatar "Kira Lund" %}'
        "{% product_mark %}",
        points=[1, None, 2],
    )
    for forbidden in ("style=", "<script", "onclick"):
        assert forbidden not in shown


def test_bar_and_sparkline_survive_what_is_unknown():
    assert 'width="0.00"' in parts.bar(None, 100)
    assert 'width="100.00"' in parts.bar(150, 100)
    assert "no readings" in parts.sparkline([None, None], "nothing")
    assert parts.sparkline([5, 5], "flat").count("polyline") == 1


def test_avatar_names_the_person_or_nobody():
    assert "KL" in parts.avatar("Kira Lund")
    assert 'class="vh">Kira Lund' in parts.avatar("Kira Lund")
    assert "nobody" in parts.avatar(None)


def test_query_changes_the_address_and_starts_paging_again():
    assert show('{% query sort="-name" %}') == "?sort=-name"
    assert show("{% query sort=None %}") == "?"
    assert show("{% query page=4 %}") == "?sort=name&amp;page=4"


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("breadcrumbs", {"crumbs": [("Accounts", "/accounts/"), ("Birch", "")]}),
        ("tabs", {"label": "Parts", "tabs": [{"label": "Plan", "url": "/p/", "current": True}]}),
        ("segmented", {"label": "Show as", "options": [{"label": "List", "url": "/l/"}]}),
        ("progress", {"label": "Import", "done": 3150, "total": 4200, "unit": "rows"}),
        ("saved", {"at": AT}),
        (
            "confirm",
            {
                "id": "c",
                "title": "Go?",
                "text": "So",
                "action": "/x/",
                "verb": "Go",
                "reason": "Why",
            },
        ),
        ("toast", {"message": Message(constants.SUCCESS, "Done")}),
        ("figures", {"figures": [{"label": "Revenue", "value": "n/a", "url": "/f/"}]}),
        ("feed", {"items": [{"text": "closed it", "who": "Tom", "at": AT}]}),
        ("faces", {"people": [("Kira Lund", "Manager"), ("Tom Becker", "Deputy")]}),
    ],
)
def test_component_renders(name, context):
    shown = render_to_string(f"components/{name}.html", context)
    assert shown.strip()
    assert "style=" not in shown


def test_progress_shows_counts():
    context = {"label": "Import", "done": 3150, "total": 4200, "unit": "rows"}
    shown = render_to_string("components/progress.html", context)
    assert "3,150 / 4,200 rows" in shown
    assert 'max="4200" value="3150"' in shown


def test_chart_comes_with_its_table_and_escapes_its_data():
    shown = show(
        '{% chart "bars" data "value" "Cedar leads" "components/empty.html" %}',
        data={"labels": [EVIL], "series": []},
        title="table",
    )
    assert 'id="value-data" type="application/json"' in shown
    assert "<script>alert" not in shown
    assert 'aria-label="Cedar leads"' in shown
    assert "table" in shown
