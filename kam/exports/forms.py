"""Which list, in which form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kam.exports.lists import address_of, endpoints
from kam.exports.models import Export
from kam.web.forms import ShapeForm


class StartForm(ShapeForm):
    """A list, known by its address."""

    address = forms.CharField(widget=forms.HiddenInput)
    format = forms.ChoiceField(label=_("Format"), choices=Export.Format.choices)


class WholeListForm(ShapeForm):
    """One of the lists, whole."""

    address = forms.ChoiceField(label=_("List"))
    format = forms.ChoiceField(label=_("Format"), choices=Export.Format.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists = [(address_of(name), view.export_layout.title) for name, view in endpoints().items()]
        self.fields["address"].choices = sorted(lists, key=lambda item: str(item[1]))  # type: ignore[attr-defined]
