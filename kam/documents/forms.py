"""Forms of files: shape only, services judge what is in them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.documents import holders, services, uploads
from kam.documents.models import Attachment
from kam.web.formatting import file_size
from kam.web.forms import ServiceForm, ShapeForm


class FilesInput(forms.ClearableFileInput):
    """One or several files, chosen or dropped."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A list of files; what is said about one is said about all."""

    def __init__(self, *, stopped: bool, several: bool = True, **kwargs: Any) -> None:
        self.stopped = stopped
        look = {
            "class": "drop form-control",
            "accept": ",".join(f".{item}" for item in settings.ATTACHMENT_TYPES),
        }
        widget = FilesInput(look | ({"multiple": True} if several else {}))
        if not several:
            widget.allow_multiple_selected = False  # type: ignore[misc]
        most = file_size(settings.ATTACHMENT_MAX_BYTES)
        text = _("Drop it here or choose it. Documents, pictures, text and mail up to %(most)s.")
        super().__init__(widget=widget, help_text=text % {"most": most}, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """The files; raises ValidationError where reading them was stopped."""
        if self.stopped:
            raise forms.ValidationError(uploads.too_large(services.LIMIT).error_dict["file"])
        files = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(file, initial) for file in files or [None]]


class ConfidentialityMixin(forms.BaseForm):
    """Who may see a file: the level, and the people whom it names."""

    def add_people(self, account_id: int, named: Any = ()) -> None:
        """Offer who works with the account, and who is named already."""
        people = get_user_model()._default_manager
        known = [person.pk for person in named]
        offered = Q(pk__in=holders.people_of(account_id).order_by().values("pk"))
        self.fields["confidentiality"] = forms.ChoiceField(
            label=_("Who may see it"),
            choices=Attachment.Confidentiality.choices,
            widget=forms.RadioSelect,
            initial=Attachment.Confidentiality.ACCOUNT,
            help_text=_("Nobody sees more than their rights on the account allow."),
        )
        self.fields["people"] = forms.ModelMultipleChoiceField(
            label=_("Named people"),
            queryset=people.filter(offered | Q(pk__in=known)).with_name(),  # type: ignore[attr-defined]
            required=False,
            widget=forms.CheckboxSelectMultiple,
        )


class UploadForm(ConfidentialityMixin, ShapeForm):
    """Files, what they are, and who may see them."""

    description = forms.CharField(
        label=gettext_lazy("What it is"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("E.g. frame contract 2026, signed by both."),
    )
    field_order = ("file", "description", "confidentiality", "people")

    def __init__(self, *args: Any, account_id: int, stopped: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"] = FilesField(label=_("File"), stopped=stopped)
        self.add_people(account_id)
        self.order_fields(self.field_order)


class AttachmentForm(ConfidentialityMixin, ServiceForm):
    """What is said of a file."""

    class Meta:
        model = Attachment
        fields = services.EDITABLE_FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_people(self.instance.account_id, self.instance.people.all())
        self.order_fields([*services.EDITABLE_FIELDS, "version"])


class ReplaceForm(ServiceForm):
    """A file that takes the place of another."""

    class Meta:
        model = Attachment
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, stopped: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"] = FilesField(label=_("File"), stopped=stopped, several=False)

    def differences(self, current: Any) -> list[Any]:
        """Two files cannot be shown side by side."""
        return []
