"""The drawer: one object at a glance, without leaving the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from monitoring.health.models import HealthProblem
from portal.web import figures
from portal.web.inventory.overview_changes import Change, changes_of
from provisioning.accounts.models import User
from provisioning.inventory.kinds import KINDS, Kind
from provisioning.inventory.models import Cloud, Instance

Fact = tuple[str | Promise, Any]
_T = gettext_lazy


@dataclass(frozen=True)
class Fill:
    label: str | Promise
    fraction: float | None
    text: str


@dataclass(frozen=True)
class Drawer:
    """`states` are pairs of value and the kind it is judged by; two states stand side by side, never merged."""

    kind: Kind
    obj: Any
    path: str
    states: Sequence[tuple[str, str]]
    tags: Sequence[str]
    problems: Sequence[HealthProblem]
    facts: Sequence[Fact]
    fills: Sequence[Fill]
    changes: Sequence[Change]
    url: str
    open_label: str


# Kind → (label, attribute). Only what is there is shown.
_FACTS: dict[str, Sequence[tuple[str | Promise, str]]] = {
    "zones": ((_T("Network"), "network_type"), (_T("Guest range"), "guest_cidr"), (_T("DNS"), "dns1"),
              (_T("Internal DNS"), "internal_dns1")),
    "pods": ((_T("Gateway"), "gateway"), (_T("Netmask"), "netmask"), (_T("From"), "start_ip"), (_T("To"), "end_ip")),
    "clusters": ((_T("Hypervisor"), "hypervisor"), (_T("Type"), "cluster_type"), (_T("Architecture"), "arch"),
                 (_T("CPU factor"), "cpu_overcommit_ratio"), (_T("Memory factor"), "memory_overcommit_ratio")),
    "hosts": ((_T("Address"), "ip_address"), (_T("Hypervisor"), "hypervisor"), (_T("Version"), "version"),
              (_T("Architecture"), "arch"), (_T("Disconnected"), "disconnected_at")),
    "storage-pools": ((_T("Type"), "pool_type"), (_T("Scope"), "pool_scope"), (_T("Server"), "address"),
                      (_T("Path"), "path"), (_T("Factor"), "overprovision_factor")),
    "image-stores": ((_T("Provider"), "provider"), (_T("Protocol"), "protocol"), (_T("Address"), "url")),
    "system-vms": ((_T("Type"), "vm_type"), (_T("Host"), "host"), (_T("Agent"), "agent_state"),
                   (_T("Public address"), "public_ip"), (_T("Private address"), "private_ip"),
                   (_T("Version"), "version")),
    "physical-networks": ((_T("Isolation"), "isolation_methods"), (_T("Segments"), "segment_ranges"),
                          (_T("VLANs"), "vlan"), (_T("Tags"), "network_tags")),
}  # fmt: skip
_MONO = frozenset({"ip_address", "gateway", "netmask", "start_ip", "end_ip", "guest_cidr", "dns1", "internal_dns1",
                   "address", "path", "url", "public_ip", "private_ip"})  # fmt: skip


def drawer(user: User, cloud: Cloud, key: str) -> Drawer | None:
    """The object that `key` ("hosts.<uuid>") names, as `user` may see it; None when there is none."""
    slug, _dot, uid = key.partition(".")
    kind = KINDS.get(slug)
    if kind is None or slug not in _FACTS:
        return None
    links = [name for name in ("zone", "pod", "cluster", "host") if hasattr(kind.model, name)]
    obj = kind.model.objects.for_user(user).filter(cloud=cloud, uuid=uid).select_related(*links).first()
    if obj is None:
        return None
    facts: list[Fact] = [
        (label, getattr(obj, name)) for label, name in _FACTS[slug] if getattr(obj, name, None) not in (None, "")
    ]
    if slug == "hosts":
        facts += _host_facts(user, obj)
    facts.append((_("CloudStack id"), obj.cloudstack_id))
    try:
        url = reverse("inventory:detail", args=[cloud.uuid, slug, obj.uuid])
    except NoReverseMatch:
        url = ""
    above = [getattr(obj, name) for name in ("zone", "pod", "cluster") if hasattr(obj, f"{name}_id")]
    problems = HealthProblem.objects.for_user(user).filter(cloud=cloud, object_uuid=obj.uuid, closed_at__isnull=True)
    label = str(kind.label)
    return Drawer(
        kind=kind, obj=obj, path=" / ".join(str(place) for place in above if place), states=_states(slug, obj),
        tags=[tag for tag in str(getattr(obj, "host_tags", "") or getattr(obj, "storage_tags", "")).split(",") if tag],
        problems=list(problems.order_by("-score")[:3]), facts=facts, fills=_fills(slug, obj),
        changes=changes_of(user, cloud, obj.uuid),
        url=url, open_label=_("Open %(kind)s") % {"kind": label if " VM" in label else label.lower()},
    )  # fmt: skip


def _states(slug: str, obj: Any) -> list[tuple[str, str]]:
    found = [(obj.state, slug)] if obj.state else []
    for name in ("resource_state", "managed_state", "agent_state"):
        if value := getattr(obj, name, ""):
            found.append((value, name.replace("_", "-")))
    return found


def _host_facts(user: User, host: Any) -> list[Fact]:
    facts: list[Fact] = []
    if host.cpu_cores and host.cpu_speed_mhz:
        facts.append((_("CPU"), f"{host.cpu_cores} × {host.cpu_speed_mhz / 1000:.1f} GHz"))
    facts.append((_("Instances"), figures.count(Instance.objects.for_user(user).present().filter(host=host).count())))
    if host.is_ha_host:
        facts.append((_("Role"), _("kept free for HA")))
    return facts


def _fills(slug: str, obj: Any) -> list[Fill]:
    pairs: list[tuple[str | Promise, Any, Any]] = []
    if slug == "hosts":
        pairs = [(_("Memory"), obj.memory_allocated_bytes, obj.memory_total_bytes),
                 (_("CPU"), obj.cpu_allocated_mhz, obj.cpu_total_mhz)]  # fmt: skip
    elif slug == "storage-pools":
        total = obj.size_total_bytes
        factor = obj.overprovision_factor or 1
        pairs = [(_("Used"), obj.size_used_bytes, total),
                 (_("Allocated"), obj.size_allocated_bytes, total * factor if total else None)]  # fmt: skip
    elif slug == "image-stores":
        pairs = [(_("Used"), obj.size_used_bytes, obj.size_total_bytes)]
    fills = []
    for label, used, total in pairs:
        fraction = used / total if used is not None and total else None
        fills.append(Fill(label, fraction, figures.percent(fraction)))
    return fills
