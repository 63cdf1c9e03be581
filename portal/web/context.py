"""What every page's frame needs: clouds, navigation with counts, theme, where live events go on from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from portal.web.clouds.lookup import clouds_for
from portal.web.nav_counts import Badge, badges
from provisioning.accounts import policies
from provisioning.accounts.models import User
from provisioning.inventory.models import Cloud
from provisioning.live.reading import position

THEMES = ("auto", "light", "dark")
DENSITIES = ("compact", "comfortable")


@dataclass(frozen=True)
class Entry:
    """One line of the navigation. `view` and `slug` name the page; `also` lists views that belong to it."""

    label: str | Promise
    icon: str
    view: str
    slug: str = ""
    also: tuple[str, ...] = ()
    policy: str = "can_use_console"
    needs_cloud: bool = True
    key: str = ""
    members: bool = True
    on_phone: bool = False


@dataclass(frozen=True)
class Group:
    label: str | Promise
    entries: tuple[Entry, ...]


_SEE = "can_see_infrastructure"
GROUPS = (
    Group("", (
        Entry(_("Overview"), "layout-dashboard", "inventory:overview", policy=_SEE, key="o", on_phone=True),
        Entry(_("Hierarchy"), "hierarchy", "inventory:hierarchy", policy=_SEE, key="h", on_phone=True,
              also=("zones", "pods", "clusters", "hosts", "system-vms", "management-servers")),
        Entry(_("Instances"), "device-desktop", "inventory:list", "instances", key="i", on_phone=True),
    )),
    Group(_("Watch"), (
        Entry(_("Health"), "heartbeat", "health:index", policy="can_see_health", key="e", on_phone=True),
        Entry(_("Capacity"), "chart-histogram", "capacity:index", policy="can_see_capacity", key="c"),
        Entry(_("Changes"), "history", "inventory:changes", key="l"),
        Entry(_("Jobs"), "player-play", "inventory:jobs", key="j"),
        Entry(_("Events"), "list-details", "inventory:events"),
        Entry(_("Alerts"), "bell-ringing", "inventory:alerts", policy=_SEE),
    )),
    Group(_("Resources"), (
        Entry(_("Volumes"), "disc", "inventory:list", "volumes", also=("volumes",), on_phone=True),
        Entry(_("Primary storage"), "database", "inventory:list", "storage-pools", policy=_SEE, also=("image-stores",)),
        Entry(_("Networks"), "topology-star-3", "inventory:list", "networks", on_phone=True,
              also=("physical-networks", "public-ranges", "routers")),
        Entry(_("Segment map"), "grid-dots", "inventory:segments", policy=_SEE),
        Entry(_("Templates"), "template", "inventory:list", "templates", also=("offerings",)),
        # With each account's limits and what is used of them: the only place where members find theirs.
        Entry(_("Accounts and limits"), "users", "inventory:list", "accounts", also=("projects", "domains")),
    )),
    Group(_("Govern"), (
        Entry(_("Audit trail"), "history-toggle", "audit:list", policy="can_see_audit", needs_cloud=False, key="a",
              also=("audit:detail",)),
        Entry(_("Tenants"), "building-community", "accounts:tenants", policy="can_see_tenants", needs_cloud=False),
        Entry(_("People"), "users", "accounts:people", policy="can_see_people", needs_cloud=False),
        Entry(_("Clouds"), "cloud", "clouds:list", policy="can_see_cloud_settings", needs_cloud=False,
              also=("clouds:add", "clouds:detail", "clouds:edit")),
    )),
)  # fmt: skip


# Badges that follow what happens: view name → the part of the overview that draws it, and the events to listen to.
LIVE_BADGES = {
    "inventory:overview": ("badge-overview", "health.changed"),
    "inventory:jobs": ("badge-jobs", "job.changed"),
}


@dataclass
class Item:
    """One drawn line of the navigation."""

    label: str | Promise
    icon: str
    url: str
    key: str
    on_phone: bool
    is_current: bool
    badge: Badge | None
    # Where the badge is read again when one of the events `refresh_on` comes; "" for one that stands still.
    refresh_url: str = ""
    refresh_on: str = ""
    topic: str = ""


@dataclass
class DrawnGroup:
    label: str | Promise
    items: list[Item]


class Shell:
    """Worked out on first use: a partial that draws no frame pays nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        user = getattr(request, "user", None)
        self.user: User | None = user if user is not None and user.is_authenticated else None

    @cached_property
    def clouds(self) -> list[Cloud]:
        return list(clouds_for(self.user)) if self.user else []

    @cached_property
    def cloud(self) -> Cloud | None:
        """The cloud of the page; away from a cloud's pages, the one seen last, else the first."""
        known: Cloud | None = getattr(self.request, "zw_cloud", None)
        if known is not None:
            return known
        match = self.request.resolver_match
        wanted = str((match.kwargs if match else {}).get("cloud") or self.request.COOKIES.get("zw_cloud", ""))
        return next((cloud for cloud in self.clouds if str(cloud.uuid) == wanted), None) or (
            self.clouds[0] if self.clouds else None
        )

    @cached_property
    def theme(self) -> str:
        chosen = self.user.theme if self.user else self.request.COOKIES.get("zw_theme", "")
        return chosen if chosen in THEMES else "auto"

    @cached_property
    def density(self) -> str:
        chosen = self.user.density if self.user else ""
        return chosen if chosen in DENSITIES else "compact"

    @cached_property
    def letter_keys(self) -> bool:
        return self.request.COOKIES.get("zw_keys") != "off"

    @cached_property
    def live_after(self) -> int:
        """The position that this page already shows: its socket catches up from here. Pages of a cloud took it before
        they read anything (clouds.lookup)."""
        known: int | None = getattr(self.request, "zw_live_after", None)
        return position() if known is None else known

    @cached_property
    def topics(self) -> str:
        names = [f"cloud.{self.cloud.uuid}"] if self.cloud and policies.can_see_infrastructure(self.user) else []
        return " ".join(names)

    @cached_property
    def search_url(self) -> str:
        return _url("inventory:search", self.cloud) if self.cloud else ""

    @cached_property
    def can_manage_clouds(self) -> bool:
        return bool(self.user) and policies.can_manage_clouds(self.user)

    @cached_property
    def nav(self) -> list[DrawnGroup]:
        if self.user is None:
            return []
        counts = badges(self.request, self.user, self.cloud)
        drawn = [DrawnGroup(group.label, list(self._items(group, counts))) for group in GROUPS]
        if self.user.role == User.Role.AUDITOR:  # their own work first, what they only read after it
            drawn.sort(key=lambda group: group.label != _("Govern"))
            drawn[1].label = _("Read only")
        return [group for group in drawn if group.items]

    @cached_property
    def phone(self) -> list[Item]:
        items = [item for group in self.nav for item in group.items]
        return ([item for item in items if item.on_phone] or items)[:4]

    def _items(self, group: Group, counts: dict[str, Badge]) -> Iterator[Item]:
        for entry in group.entries:
            if not policies.POLICIES[entry.policy](self.user) or (entry.needs_cloud and self.cloud is None):
                continue
            url = _url(entry.view, self.cloud if entry.needs_cloud else None, entry.slug)
            if url:
                name = entry.slug or entry.view
                item = Item(entry.label, entry.icon, url, entry.key, entry.on_phone, self._is_current(entry, url),
                            counts.get(name))  # fmt: skip
                if self.topics and name in LIVE_BADGES:
                    part, item.refresh_on = LIVE_BADGES[name]
                    item.refresh_url = f"{_url('inventory:overview', self.cloud)}?part={part}"
                    item.topic = self.topics
                yield item

    def _is_current(self, entry: Entry, url: str) -> bool:
        match = self.request.resolver_match
        if match is None:
            return False
        kind = str(match.kwargs.get("kind", ""))
        return (
            self.request.path == url
            or match.view_name in entry.also
            or bool(kind and (kind in entry.also or kind == entry.slug))
        )


def _url(view: str, cloud: Cloud | None, slug: str = "") -> str:
    """The page's address; "" while its area is not part of this installation."""
    arguments: list[Any] = [cloud.uuid] if cloud else []
    try:
        return reverse(view, args=[*arguments, slug] if slug else arguments)
    except NoReverseMatch:
        return ""


def shell(request: HttpRequest) -> dict[str, object]:
    """Context processor: `shell` for base.html."""
    return {"shell": Shell(request)}
