"""The filters of the audit page, from the address."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from provisioning.audit import actions
from provisioning.audit.models import AuditEvent
from provisioning.audit.read import Filters
from provisioning.inventory.models import Cloud


class AuditFilterForm(forms.Form):
    """Times are read in the person's zone."""

    text = forms.CharField(label=_lazy("Any text, id, address, request id or job id"), required=False, max_length=200)
    who = forms.CharField(label=_lazy("Who"), required=False, max_length=150)
    action = forms.ChoiceField(label=_lazy("Action"), required=False)
    object = forms.CharField(label=_lazy("Object, name or id"), required=False, max_length=255)
    result = forms.ChoiceField(label=_lazy("Result"), required=False)
    cloud = forms.ChoiceField(label=_lazy("Cloud"), required=False)
    address = forms.GenericIPAddressField(label=_lazy("Address"), required=False)
    request_id = forms.CharField(label=_lazy("Request id"), required=False, max_length=64)
    since = forms.DateTimeField(label=_lazy("From"), required=False, widget=forms.DateTimeInput(
        attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))  # fmt: skip
    until = forms.DateTimeField(label=_lazy("Until"), required=False, widget=forms.DateTimeInput(
        attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"))  # fmt: skip

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        known = actions.all_actions()
        areas = sorted({one.name.split(".")[0] + "." for one in known})
        every = [(area, _("all of %(area)s") % {"area": area[:-1]}) for area in areas]
        one_by_one = [(one.name, f"{one.name} · {one.label}") for one in known]
        clouds = [(str(cloud.uuid), cloud.name) for cloud in Cloud.objects.only("uuid", "name")]
        self._choices("action", [("", _("any")), *every, *one_by_one])
        self._choices("result", [("", _("any")), *AuditEvent.Result.choices])
        self._choices("cloud", [("", _("any")), *clouds])

    def _choices(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        # An action of an older version, or a cloud that is gone, can still be asked for by address.
        given = self.data.get(name, "")
        if given and given not in {value for value, _label in choices}:
            choices.append((given, given))
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def filters(self) -> Filters | None:
        """What to look for; None when a value in the address is wrong, since ignoring it would show too much."""
        if not self.is_valid():
            return None
        data = self.cleaned_data
        try:
            cloud = uuid.UUID(data["cloud"]) if data["cloud"] else None
        except ValueError:
            self.add_error("cloud", _("This is no cloud."))
            return None
        return Filters(
            text=data["text"].strip(), who=data["who"].strip(), action=data["action"], object=data["object"].strip(),
            result=data["result"], cloud=cloud, address=data["address"], request_id=data["request_id"].strip(),
            since=_aware(data["since"]), until=_aware(data["until"]),
        )  # fmt: skip


def _aware(value: dt.datetime | None) -> dt.datetime | None:
    return timezone.make_aware(value) if value is not None and timezone.is_naive(value) else value
