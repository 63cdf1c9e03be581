"""Lists of primary and secondary storage."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.web.inventory.filters import ChoiceFilter, FlagFilter
from portal.web.inventory.tables.common import (
    by,
    counting,
    fill,
    flag,
    link,
    mono,
    name,
    number,
    size,
    spec,
    state,
    text,
    zone,
)
from provisioning.inventory import models as m

STORAGE_POOLS = spec(
    "storage-pools",
    name(),
    state(),
    zone(),
    link("pod", _("Pod"), "pods", shown=False),
    link("cluster", _("Cluster"), "clusters"),
    text("pool_type", _("Type")),
    text("pool_scope", _("Scope")),
    fill("size_allocated_bytes", _("Allocated"), "size_total_bytes", unit="bytes"),
    size("size_used_bytes", _("Used")),
    size("size_total_bytes", _("Total"), shown=False),
    number("overprovision_factor", _("Over-provisioning"), shown=False),
    number("volume_count", _("Volumes"), nullable=False),
    mono("address", _("Address"), shown=False),
    mono("path", _("Path"), shown=False),
    text("provider", _("Provider"), shown=False),
    text("storage_tags", _("Storage tags"), shown=False),
    filters=(
        by("zone", _("Zone"), m.Zone),
        by("pod", _("Pod"), m.Pod),
        by("cluster", _("Cluster"), m.Cluster),
        ChoiceFilter("scope", _("Scope"), path="pool_scope"),
        ChoiceFilter("type", _("Type"), path="pool_type"),
        ChoiceFilter("storage_tags", _("Storage tags"), path="storage_tags"),
    ),
    search=("name", "address", "path", "storage_tags"),
    rows=counting(m.StoragePool, volume_count=(m.Volume, "storage_pool")),
)

IMAGE_STORES = spec(
    "image-stores",
    name(),
    flag("is_readonly", _("Read-only")),
    zone(),
    text("protocol", _("Protocol")),
    text("provider", _("Provider")),
    text("store_scope", _("Scope"), shown=False),
    fill("size_used_bytes", _("Used"), "size_total_bytes", unit="bytes"),
    size("size_total_bytes", _("Total"), shown=False),
    mono("url", _("Address")),
    filters=(
        by("zone", _("Zone"), m.Zone),
        ChoiceFilter("provider", _("Provider"), path="provider"),
        FlagFilter("readonly", _("Read-only"), path="is_readonly"),
    ),
    search=("name", "url"),
)
