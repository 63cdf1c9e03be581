"""What a list is made of: columns, filters, and who looks at it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.accounts.scoping import SEES_EVERYTHING

if TYPE_CHECKING:
    from provisioning.accounts.models import User
    from provisioning.inventory.models import Cloud


class BadParameter(ValueError):
    """A value in the address that cannot be meant. `key` names the parameter, the text is one sentence."""

    def __init__(self, key: str, sentence: str | Promise) -> None:
        super().__init__(str(sentence))
        self.key = key


@dataclass(frozen=True)
class Viewer:
    """Who looks, and at which cloud (None: at all of them)."""

    user: User
    cloud: Cloud | None

    @cached_property
    def sees_infrastructure(self) -> bool:
        return bool(self.user.is_active) and self.user.role in SEES_EVERYTHING

    @cached_property
    def tenant_names(self) -> dict[uuid.UUID, str]:
        """Tenant uuid → name, of the tenants this person may see here. One query."""
        from provisioning.accounts.models import Tenant

        tenants = Tenant.objects.all()
        if self.cloud is not None:
            tenants = tenants.filter(cloud_uuid=self.cloud.uuid)
        if not self.sees_infrastructure:
            tenants = tenants.filter(memberships__user=self.user).distinct()
        return dict(tenants.values_list("uuid", "name"))


@dataclass(frozen=True)
class Column:
    """One column. `cell` says how it is drawn (see templatetags/zw_tables.py) and what an export writes."""

    key: str
    label: str | Promise
    cell: str = "text"
    path: str = ""
    """Dotted attribute of the row; the key when empty."""
    sort: str = ""
    """ORM path to sort by; empty: cannot be sorted."""
    nullable: bool = False
    fields: tuple[str, ...] = ()
    """ORM fields to load; `path` with underscores when empty."""
    shown: bool = True
    members: str = "show"
    """What people without infrastructure rights get: show, text (no link) or hide."""
    target: str = ""
    """Slug of the kind that a link leads to."""
    unit: str | Promise = ""
    second: str = ""
    """Cell-specific: attribute path of a second value (an id under the name, the total of a fill)."""

    @property
    def numeric(self) -> bool:
        return self.cell in NUMERIC_CELLS

    def value(self, row: Any) -> Any:
        return follow(row, self.path or self.key)

    def loads(self) -> tuple[str, ...]:
        if self.fields:
            return self.fields
        base = (self.path or self.key).replace(".", "__")
        if self.cell == "link":
            return tuple(f"{base}__{name}" for name in ("uuid", "name", "cloudstack_id", "gone_at"))
        return (base, self.second.replace(".", "__")) if self.second else (base,)


NUMERIC_CELLS = frozenset({"number", "bytes", "mib", "gib", "mhz", "percent", "fill", "identifier"})


def follow(row: Any, path: str) -> Any:
    """The value at a dotted path; None as soon as a step is None or absent."""
    value = row
    for step in path.split("."):
        value = getattr(value, step, None)
        if value is None:
            return None
    return value


@dataclass(frozen=True)
class Option:
    """One value a filter offers. `count` None: not counted."""

    value: str
    label: str | Promise
    count: int | None = None
    chosen: bool = False


@dataclass(frozen=True)
class Filter:
    """Base of every filter. `clean` raises BadParameter; `narrow` gets cleaned values, never empty."""

    key: str
    label: str | Promise
    many: bool = False
    members: str = "show"
    widget: str = "options"
    """How it is chosen: options (a menu), states (chips with counts), text, or link (only set by links)."""

    @property
    def is_by_link(self) -> bool:
        """Whether no menu offers it: it is shown only while it is set."""
        return False

    def clean(self, raw: str, viewer: Viewer) -> Any:
        return raw

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        raise NotImplementedError

    def options(self, rows: QuerySet[Any], chosen: list[str], viewer: Viewer) -> list[Option]:
        return []

    def words(self, raw: str, value: Any) -> str:
        """How a chosen value reads on its chip."""
        return raw

    def schema(self) -> dict[str, Any]:
        """Its JSON schema in the API's description."""
        return {"type": "string"}


CHANGED = _("changed")
SEARCH_HINT = _("Name, id or address")


@dataclass(frozen=True)
class TableSpec:
    """What one list can show. `rows` starts from the scoped queryset: nothing else decides who sees what."""

    slug: str
    label: str | Promise
    plural: str | Promise
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    rows: Callable[[Viewer], QuerySet[Any]]
    sort: str = "name"
    always: tuple[str, ...] = ()
    """ORM fields every row needs besides its columns."""
    empty: str | Promise = ""
    pinned: str = ""
    """A sort that comes before the chosen one (jobs: running first); values are small integers, ascending."""
    live: tuple[str, ...] = ()
    """What of the live events means that this list is no longer what it shows: an event's kind, an object's kind, or
    "changes" for any change of any object."""
    live_word: str | Promise = CHANGED
    """What the waiting rows are called: 12 new, 3 changed."""
    search_hint: str | Promise = SEARCH_HINT
    decorate: Callable[[list[Any], Viewer], None] | None = None
    """Completes a page of rows with what one query a page can tell."""

    def column(self, key: str) -> Column | None:
        return next((column for column in self.columns if column.key == key), None)
