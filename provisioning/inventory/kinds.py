"""The kinds of object in the mirror: one registry for sync, pages, API, exports and search."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.inventory import models as m


@dataclass(frozen=True)
class Kind:
    """`slug` is in URLs and events; `icon` is a Tabler icon; `impact` is the manual's level (M1–M6) of its loss."""

    slug: str
    model: type[m.InventoryObject]
    label: Promise
    plural: Promise
    icon: str
    impact: int
    plane: str  # "management" or "data": which plane is hurt when it is bad (M13)


KINDS: dict[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind("zones", m.Zone, _("Zone"), _("Zones"), "world", 9, "data"),
        Kind("pods", m.Pod, _("Pod"), _("Pods"), "box-multiple", 9, "data"),
        Kind("clusters", m.Cluster, _("Cluster"), _("Clusters"), "stack-2", 9, "data"),
        Kind("hosts", m.Host, _("Host"), _("Hosts"), "server", 9, "data"),
        Kind("storage-pools", m.StoragePool, _("Primary storage"), _("Primary storage"), "database", 9, "data"),
        Kind("image-stores", m.ImageStore, _("Secondary storage"), _("Secondary storage"), "archive", 8, "data"),
        Kind("system-vms", m.SystemVm, _("System VM"), _("System VMs"), "settings-automation", 8, "management"),
        Kind("routers", m.VirtualRouter, _("Virtual router"), _("Virtual routers"), "router", 7, "data"),
        Kind("physical-networks", m.PhysicalNetwork, _("Physical network"), _("Physical networks"),
             "network", 7, "data"),
        Kind("networks", m.GuestNetwork, _("Guest network"), _("Guest networks"), "topology-star-3", 7, "data"),
        Kind("public-ranges", m.PublicRange, _("Public range"), _("Public ranges"), "world-www", 7, "data"),
        Kind("management-servers", m.ManagementServer, _("Management server"), _("Management servers"),
             "server-cog", 10, "management"),
        Kind("offerings", m.Offering, _("Offering"), _("Offerings"), "package", 3, "management"),
        Kind("templates", m.Template, _("Template"), _("Templates"), "template", 5, "data"),
        Kind("domains", m.Domain, _("Domain"), _("Domains"), "sitemap", 3, "management"),
        Kind("accounts", m.Account, _("Account"), _("Accounts"), "user-circle", 3, "management"),
        Kind("projects", m.Project, _("Project"), _("Projects"), "folders", 3, "management"),
        Kind("instances", m.Instance, _("Instance"), _("Instances"), "device-desktop", 4, "data"),
        Kind("volumes", m.Volume, _("Volume"), _("Volumes"), "disc", 4, "data"),
    )
}  # fmt: skip


def kind_of(model: type[m.InventoryObject] | m.InventoryObject) -> Kind:
    """The kind of a model class or object. Raises KeyError for a model that is not a kind."""
    cls = model if isinstance(model, type) else type(model)
    return _BY_MODEL[cls]


_BY_MODEL = {kind.model: kind for kind in KINDS.values()}
