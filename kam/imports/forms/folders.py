"""Folders from which files come by themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.utils.translation import gettext_lazy as _

from kam.imports import kinds, services
from kam.imports.models import Folder, RememberedMapping
from kam.web.forms import ServiceForm

SHOWN = tuple(name for name in services.FOLDER_FIELDS if name not in ("options", "is_on"))


class FolderForm(ServiceForm):
    """A folder that is there; its kind's options stand behind its own fields."""

    class Meta:
        model = Folder
        fields = SHOWN
        widgets = {"at": forms.TimeInput(format="%H:%M", attrs={"placeholder": "06:00"})}

    wide = ("name", "mapping")

    def __init__(self, *args: Any, user: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = RememberedMapping.objects.visible_to(user)
        if self.instance.pk:
            kept = kept.filter(kind=self.instance.kind, scope_id=self.instance.scope_id)
            for option in self.instance.import_kind.options:
                self._add_option(option)
        field: Any = self.fields["mapping"]
        field.queryset = kept.order_by("name", "-used_at")
        field.empty_label = _("any that fits")

    def _add_option(self, option: kinds.Option) -> None:
        shared: dict[str, Any] = {
            "label": option.label,
            "required": False,
            "initial": self.instance.options.get(option.name, ""),
            "help_text": option.help,
        }
        name = f"option-{option.name}"
        if option.choices:
            choices = [("", _("as the mapping says")), *option.choices]
            self.fields[name] = forms.ChoiceField(choices=choices, **shared)
        else:
            self.fields[name] = forms.CharField(max_length=kinds.LONGEST_TEXT, **shared)

    @property
    def changes(self) -> dict[str, Any]:
        """Values that differ from those the form was shown with; options as one."""
        mixed = super().changes
        changes = {name: value for name, value in mixed.items() if name in SHOWN}
        if len(changes) < len(mixed):
            given = {
                option.name: self.cleaned_data[f"option-{option.name}"]
                for option in self.instance.import_kind.options
            }
            changes["options"] = {name: value for name, value in given.items() if value}
        return changes


class NewFolderForm(FolderForm):
    """A new folder: besides, what its files hold and where they belong."""

    kind = forms.ChoiceField(label=_("What the files hold"))
    scope = forms.ModelChoiceField(  # type: ignore[var-annotated]
        label=_("Programme"), queryset=None, empty_label=None
    )

    field_order = ("name", "kind", "scope", *SHOWN[1:])

    def __init__(self, *args: Any, user: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        offered = kinds.registered()
        self.fields["kind"].choices = kinds.choices()
        scopes = offered[0].scopes_for(user)
        self.fields["scope"].queryset = scopes
        first = list(scopes[:2])
        self.fields["scope"].initial = first[0] if first else None
        if len(first) == 1:
            self.fields["scope"].widget = forms.HiddenInput()

    @property
    def folder(self) -> dict[str, Any]:
        """What the folder is, without what it is for."""
        return {name: self.cleaned_data[name] for name in SHOWN}
