"""Forms of teams and their members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kam.web.forms import ServiceForm, ShapeForm
from teams.forms.fields import day_field
from teams.models import Function, Membership, Programme, Team, TeamRole, User


class TeamForm(ServiceForm):
    """A new team."""

    class Meta:
        model = Team
        fields = ("name", "programme")
        labels = {"name": _("Name"), "programme": _("Programme")}

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        programmes = Programme.objects.editable_by(reader).active()
        self.fields["programme"].queryset = programmes
        self.fields["programme"].empty_label = None
        self.initial.setdefault("programme", programmes.first())


class TeamNameForm(ServiceForm):
    """Another name for a team."""

    class Meta:
        model = Team
        fields = ("name",)
        labels = {"name": _("Name")}


class MembershipUpdateForm(ServiceForm):
    """Function, effort and days of a member."""

    valid_from = day_field(_("From"), required=False, hint=_("Empty: always."))
    valid_until = day_field(_("Until"), required=False, hint=_("Included. Empty: open."))

    class Meta:
        model = Membership
        fields = ("function", "effort_fte", "valid_from", "valid_until")
        labels = {"function": _("Function"), "effort_fte": _("Effort (FTE)")}

    def __init__(self, *args: Any, team: Team, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        functions = Function.objects.visible_to(reader).filter(programme=team.programme_id)
        self.offer("function", functions)


class MembershipForm(MembershipUpdateForm):
    """A new member of a team."""

    takes_over = forms.BooleanField(
        label=_("Takes over: the present manager ends on the day before"), required=False
    )

    class Meta(MembershipUpdateForm.Meta):
        fields = ("user", "role", *MembershipUpdateForm.Meta.fields)
        labels = {
            "user": _("Person"),
            "role": _("Role"),
            **MembershipUpdateForm.Meta.labels,
        }

    def __init__(self, *args: Any, team: Team, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, team=team, reader=reader, **kwargs)
        self.fields["user"].queryset = User.objects.colleagues_of(reader).with_name()


class RoleChangeForm(ShapeForm):
    """Another role for a member from a day on."""

    role = forms.ChoiceField(label=_("Role"), choices=TeamRole)
    valid_from = day_field(_("From"), hint=_("The present role ends on the day before."))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class EndMembershipForm(ShapeForm):
    """The last day of a member in a team."""

    valid_until = day_field(_("Last day"), hint=_("Included. Yesterday ends access at once."))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
