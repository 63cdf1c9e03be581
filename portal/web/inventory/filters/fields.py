"""Filters by the row's own fields: state, choices, flags, tags, tenant."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from portal.web.table_spec import BadParameter, Filter, Option, Viewer

EMPTY = "-"
"""Stands for "no value" in the address; an empty value there means that the filter is not set."""


@dataclass(frozen=True)
class ChoiceFilter(Filter):
    """By the values a field has; `choices` names them, else they are what the rows hold."""

    path: str = ""
    choices: tuple[tuple[Any, str | Promise], ...] = ()
    many: bool = True
    counted: bool = True
    null_choice: str = ""
    """The value in the address that stands for NULL."""

    def clean(self, raw: str, viewer: Viewer) -> Any:
        if not self.choices:
            return "" if raw == EMPTY else raw
        for value, _label in self.choices:
            if str(value) == raw:
                return None if raw == self.null_choice else value
        raise BadParameter(self.key, _("%(value)s is no value of %(what)s.") % {"value": raw, "what": self.label})

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        given = [value for value in values if value is not None]
        condition = Q(**{f"{self.path}__in": given})
        if len(given) < len(values):
            condition |= Q(**{f"{self.path}__isnull": True})
        return rows.filter(condition)

    def options(self, rows: QuerySet[Any], chosen: list[str], viewer: Viewer) -> list[Option]:
        if self.choices and not self.counted:
            return [Option(str(value), label, None, str(value) in chosen) for value, label in self.choices]
        found = dict(rows.order_by().values_list(self.path).annotate(n=Count("pk")).order_by("-n")[:60])
        if self.choices:
            if self.null_choice:
                found[self.null_choice] = found.pop(None, 0)
            return [
                Option(str(value), label, found.get(value, 0), str(value) in chosen)
                for value, label in self.choices
                if found.get(value) or str(value) in chosen
            ]
        options = [
            Option(str(value) if value not in {"", None} else EMPTY, self.words(str(value or EMPTY), value), count,
                   (str(value) if value else EMPTY) in chosen)
            for value, count in found.items()
        ]  # fmt: skip
        known = {option.value for option in options}
        return options + [Option(raw, self.words(raw, raw), 0, True) for raw in chosen if raw not in known]

    def words(self, raw: str, value: Any) -> str:
        for own, label in self.choices:
            if str(own) == raw:
                return str(label)
        return _("not known") if raw == EMPTY else raw

    def schema(self) -> dict[str, Any]:
        if self.choices:
            return {"type": "string", "enum": [str(value) for value, _label in self.choices]}
        return {"type": "string"}


@dataclass(frozen=True)
class StateFilter(ChoiceFilter):
    """By CloudStack's own state word; drawn with counts above the list."""

    path: str = "state"
    widget: str = "states"


@dataclass(frozen=True)
class FlagFilter(Filter):
    """By a boolean."""

    path: str = ""

    def clean(self, raw: str, viewer: Viewer) -> Any:
        if raw not in {"true", "false"}:
            raise BadParameter(self.key, _("%(what)s is true or false.") % {"what": self.label})
        return raw == "true"

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        return rows.filter(**{self.path or self.key: values[-1]})

    def options(self, rows: QuerySet[Any], chosen: list[str], viewer: Viewer) -> list[Option]:
        return [Option("true", _("yes"), None, "true" in chosen), Option("false", _("no"), None, "false" in chosen)]

    def words(self, raw: str, value: Any) -> str:
        return _("yes") if value else _("no")

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class TagFilter(Filter):
    """`key` or `key=value` of CloudStack's resource tags; several must all be there."""

    widget: str = "text"
    many: bool = True

    def clean(self, raw: str, viewer: Viewer) -> Any:
        key, _equals, value = raw.partition("=")
        if not key.strip():
            raise BadParameter(self.key, _("A tag is given as key or key=value."))
        return key.strip(), value.strip()

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        # The key goes through containment helpers as a value, never into a lookup's name: it may hold "__".
        for key, value in values:
            rows = rows.filter(tags__has_key=key)
            if value:
                rows = rows.filter(pk__in=_tagged(rows, key, value))
        return rows

    def words(self, raw: str, value: Any) -> str:
        return raw


def _tagged(rows: QuerySet[Any], key: str, value: str) -> QuerySet[Any]:
    tagged: QuerySet[Any] = (
        rows.model._default_manager.filter(tags__has_key=key)
        # The cast makes it plain text: a lookup on the transform itself would read the value as JSON.
        .annotate(zw_tag=Cast(KeyTextTransform(key, "tags"), TextField()))
        .filter(zw_tag=value)
        .values("pk")
    )
    return tagged


@dataclass(frozen=True)
class TenantFilter(Filter):
    """By tenant; `none` is what belongs to no tenant of ours."""

    path: str = "tenant_uuid"

    def clean(self, raw: str, viewer: Viewer) -> Any:
        if raw == "none":
            return None
        try:
            wanted = uuid.UUID(raw)
        except ValueError:
            wanted = None
        if wanted not in viewer.tenant_names:
            raise BadParameter(self.key, _("No such tenant in this cloud."))
        return wanted

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        value = values[-1]
        return rows.filter(**({f"{self.path}__isnull": True} if value is None else {self.path: value}))

    def options(self, rows: QuerySet[Any], chosen: list[str], viewer: Viewer) -> list[Option]:
        named = sorted(viewer.tenant_names.items(), key=lambda pair: pair[1].lower())
        options = [Option(str(key), name, None, str(key) in chosen) for key, name in named]
        if viewer.sees_infrastructure:
            options.append(Option("none", _("no tenant"), None, "none" in chosen))
        return options

    def words(self, raw: str, value: Any) -> str:
        return _("no tenant") if value is None else raw

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "description": "A tenant's uuid, or none."}
