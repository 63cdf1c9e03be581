"""Filters by a related object: zone, pod, cluster, host, pool, network…"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from portal.web.table_spec import BadParameter, Filter, Option, Viewer

LISTED_AT_MOST = 200


@dataclass(frozen=True)
class RelationFilter(Filter):
    """By the public UUID of a related object. `path` leads from the row to it, `model` is what it is."""

    path: str = ""
    model: type[Model] | None = None
    listed: bool = True
    """Whether the objects are few enough to be offered in a list; else the filter is set by links alone."""

    @property
    def is_by_link(self) -> bool:
        return not self.listed

    def clean(self, raw: str, viewer: Viewer) -> Any:
        assert self.model is not None
        try:
            wanted = uuid.UUID(raw)
        except ValueError:
            raise BadParameter(self.key, _("%(what)s is filtered by its id.") % {"what": self.label}) from None
        found = self.model._default_manager.for_user(viewer.user).filter(uuid=wanted)  # type: ignore[attr-defined]
        if viewer.cloud is not None:
            found = found.filter(cloud=viewer.cloud)
        row = found.only("id", "name", "cloudstack_id").first()
        if row is None:
            raise BadParameter(self.key, _("No such %(what)s in this cloud.") % {"what": str(self.label).lower()})
        return row

    def narrow(self, rows: QuerySet[Any], values: list[Any], viewer: Viewer) -> QuerySet[Any]:
        first, *rest = self.path.split("__")
        ids = [value.pk for value in values]
        if not rest:
            return rows.filter(**{f"{first}_id__in": ids} if len(ids) > 1 else {f"{first}_id": ids[0]})
        # A subquery instead of a join keeps the list's own index in charge of the order.
        relation: Any = rows.model._meta.get_field(first)
        between = relation.related_model._default_manager.filter(**{f"{'__'.join(rest)}_id__in": ids})
        return rows.filter(Q(**{f"{first}_id__in": between.values("id")}))

    def options(self, rows: QuerySet[Any], chosen: list[str], viewer: Viewer) -> list[Option]:
        if not self.listed or self.model is None:
            return []
        found = self.model._default_manager.for_user(viewer.user).filter(gone_at__isnull=True)  # type: ignore[attr-defined]
        if viewer.cloud is not None:
            found = found.filter(cloud=viewer.cloud)
        rows_found = found.order_by("name", "id").values_list("uuid", "name", "cloudstack_id")[:LISTED_AT_MOST]
        return [Option(str(key), name or other, None, str(key) in chosen) for key, name, other in rows_found]

    def words(self, raw: str, value: Any) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}
