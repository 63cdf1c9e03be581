"""Collects the facts of one cloud with a fixed number of queries, however many objects it has.

Big kinds (instances, volumes, routers, networks, templates) are asked only for what isn't well, and what hangs on
something is counted only for what isn't well: a healthy cloud of 100,000 instances costs a few grouped counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone, translation

from monitoring.health.facts import AlertFact, Blast, CapacityFact, CloudFact, Facts, JobFact, SegmentFact, Thing
from provisioning.inventory import models as m
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.sync.queue import due_at

# A kind with more troubled objects than this is cut; the rules fold such crowds into one line anyway.
MOST = 5000
ALERT_WINDOW = timedelta(hours=24)
FLAP_WINDOW = timedelta(hours=1)
FLAPS = 3
JOB_LIMIT = timedelta(hours=1)
_GOOD_NEWS = re.compile(
    r"\b(is|are|back) up\b|\bproxy up in\b|\bup in zone\b|\brecovered\b|\bis now\b.*\bUp\b", re.IGNORECASE
)

# kind → fields that its rules read (in the model's own names; ids lose their "_id")
_FIELDS: dict[str, tuple[str, ...]] = {
    "zones": ("zone_type",),
    "pods": ("zone_id",),
    "clusters": ("zone_id", "pod_id", "managed_state"),
    "hosts": ("zone_id", "pod_id", "cluster_id", "resource_state", "management_server_cloudstack_id"),
    "storage-pools": ("zone_id", "pod_id", "cluster_id"),
    "image-stores": ("zone_id", "is_readonly"),
    "system-vms": ("zone_id", "host_id", "vm_type", "agent_state"),
    "management-servers": ("cloudstack_id",),
    "physical-networks": ("zone_id",),
    "routers": (
        "zone_id", "network_id", "account_id", "project_id", "requires_upgrade", "is_redundant", "redundant_state",
        "has_failed_health_checks",
    ),
    "networks": ("zone_id", "account_id", "project_id", "is_restart_required"),
    "templates": ("template_type", "status_text", "zones"),
    "instances": ("zone_id", "account_id", "project_id"),
    "volumes": ("zone_id", "account_id", "project_id"),
}  # fmt: skip
_RENAMED = {
    "zone_id": "zone", "pod_id": "pod", "cluster_id": "cluster", "host_id": "host", "network_id": "network",
    "management_server_cloudstack_id": "management_server",
}  # fmt: skip

# What of the big kinds is worth a look. Good states stay in the database.
_TROUBLED: dict[str, Q] = {
    "routers": ~Q(state="Running")
    | Q(requires_upgrade=True)
    | Q(has_failed_health_checks=True)
    | Q(redundant_state="FAULT"),
    "networks": Q(state__in=["Implementing", "Shutdown"]) | Q(is_restart_required=True),
    "templates": Q(is_ready=False),
    "instances": ~Q(state__in=["Running", "Stopped", "Destroyed", "Shutdown"]),
    "volumes": ~Q(state__in=["Ready", "Allocated", "Uploaded", "Destroy", "Expunged"]),
}


@dataclass(frozen=True)
class SecondState:
    """A kind that has two states: the second one's field and normal value, the first one's good value, and the name
    that inventory.states knows the second one by."""

    field: str
    normal: str
    good: str
    words: str


SECOND_STATE = {
    "hosts": SecondState("resource_state", "Enabled", "Up", "resource-state"),
    "clusters": SecondState("managed_state", "Managed", "Enabled", "managed-state"),
}


def gather(cloud: m.Cloud, now: datetime | None = None) -> Facts:
    """The facts about `cloud` as its mirror has them. Reads only."""
    now = now or timezone.now()
    things = {kind: _things(cloud, kind) for kind in _FIELDS}
    sick_hosts = [h.pk for h in things["hosts"] if h.state != "Up" or h["resource_state"] != "Enabled"]
    unmanaged = {c.pk for c in things["clusters"] if c["managed_state"] not in {"Managed", "", None}}
    sick_hosts += [h.pk for h in things["hosts"] if h["cluster"] in unmanaged]
    sick_pools = [p.pk for p in things["storage-pools"] if p.state != "Up"]
    flaps, flapping_good = _flaps(cloud, now)
    sick_hosts += [thing.pk for thing in flapping_good if thing.kind == "hosts"]
    return Facts(
        now=now,
        cloud=_cloud(cloud),
        things=things,
        on_host=_on("host_id", cloud, sick_hosts),
        on_pool=_on_pool(cloud, sick_pools),
        on_network=_on_network(cloud, things),
        on_zone=_on_zone(cloud),
        totals=Blast(hosts=len(things["hosts"]), instances=_present(m.Instance, cloud).count()),
        capacity=_capacity(cloud, things, now),
        alerts=_alerts(cloud, now),
        segments=_segments(cloud),
        jobs=_jobs(cloud, now),
        crowds=_crowds(cloud, things),
        flaps=flaps,
        flapping_good=flapping_good,
    )


def state_counts(cloud: m.Cloud) -> dict[str, dict[str, int]]:
    """kind slug → {state: objects of that kind that are there}."""
    counts: dict[str, dict[str, int]] = {}
    for slug, kind in KINDS.items():
        second = SECOND_STATE.get(slug)
        rows = _present(kind.model, cloud).order_by().values("state", *([second.field] if second else []))
        found: dict[str, int] = defaultdict(int)
        for row in rows.annotate(n=Count("pk")):
            state = row["state"]
            # What somebody did on purpose shows where the first state is good: Up in Maintenance is not simply Up.
            if second and state == second.good and row[second.field] not in {second.normal, ""}:
                state = row[second.field]
            found[state] += row["n"]
        counts[slug] = dict(found)
    return counts


def _present(model: Any, cloud: m.Cloud) -> Any:
    return model.objects.filter(cloud=cloud, gone_at__isnull=True)


def _things(cloud: m.Cloud, kind: str) -> tuple[Thing, ...]:
    rows = _present(KINDS[kind].model, cloud)
    if kind in _TROUBLED:
        rows = rows.filter(_TROUBLED[kind]).order_by("pk")[:MOST]
    common = ("pk", "uuid", "name", "cloudstack_id", "state", "state_since_at", "changed_at")
    fields = tuple(field for field in _FIELDS[kind] if field != "cloudstack_id")
    made = tuple(_thing(kind, row, _FIELDS[kind]) for row in rows.values(*common, *fields))
    if kind == "routers":
        names = dict(m.GuestNetwork.objects.filter(pk__in={t["network"] for t in made}).values_list("pk", "name"))
        for thing in made:
            thing.fields["network_name"] = names.get(thing["network"], "")  # type: ignore[index]
    return made


def _crowds(cloud: m.Cloud, things: dict[str, tuple[Thing, ...]]) -> dict[tuple[str, int | None, str], int]:
    """True numbers where the list of troubled objects was cut."""
    found: dict[tuple[str, int | None, str], int] = {}
    for kind in ("instances", "volumes"):
        if len(things[kind]) >= MOST:
            rows = _present(KINDS[kind].model, cloud).filter(_TROUBLED[kind]).order_by()
            for row in rows.values("zone_id", "state").annotate(n=Count("pk")):
                found[kind, row["zone_id"], row["state"]] = row["n"]
    return found


def _thing(kind: str, row: dict[str, Any], names: tuple[str, ...]) -> Thing:
    fields = {_RENAMED.get(name, name): row[name] for name in names}
    if "account_id" in row:
        fields["owner"] = owner(row["account_id"], row["project_id"])
    if kind == "templates":
        fields["places"] = ", ".join(
            str(zone.get("zone_name", "")) for zone in row["zones"] or [] if not zone.get("is_ready")
        )
    return Thing(
        kind=kind,
        pk=row["pk"],
        uuid=row["uuid"],
        name=row["name"] or row["cloudstack_id"],
        state=row["state"],
        since_at=row["state_since_at"] or row["changed_at"],
        zone=row["pk"] if kind == "zones" else row.get("zone_id"),
        fields=fields,
    )


def owner(account: int | None, project: int | None) -> str:
    """What counts as one tenant: a project, else an account; "" for nobody's."""
    return f"p{project}" if project else f"a{account}" if account else ""


def _failed(counts: dict[str, Any]) -> tuple[str, ...]:
    """What a sync could not read, in words: message ids, like everything else that a sentence is filled with."""
    with translation.override(None):
        slugs = [slug for slug, one in counts.items() if isinstance(one, dict) and one.get("error")]
        return tuple(str(KINDS[slug].plural) if slug in KINDS else slug for slug in slugs)


def _cloud(cloud: m.Cloud) -> CloudFact:
    last = (
        m.Sync.objects.filter(
            cloud=cloud,
            scope=m.Sync.Scope.FULL,
            state__in=[m.Sync.State.DONE, m.Sync.State.PARTIAL, m.Sync.State.FAILED],
        )
        .order_by("-created_at")
        .first()
    )
    # A cloud that takes long is asked less often: late is what misses two turns of its own pace.
    pace = due_at(cloud) - last.started_at if last and last.started_at else timedelta(0)
    return CloudFact(
        name=cloud.name,
        state=cloud.state,
        last_error=cloud.last_error,
        last_error_at=cloud.last_error_at,
        last_answer_at=cloud.last_answer_at,
        last_complete_sync_at=cloud.last_complete_sync_at,
        created_at=cloud.created_at,
        last_sync_state=last.state if last else "",
        last_sync_error=last.error if last else "",
        last_sync_at=last.finished_at if last else None,
        failed_kinds=_failed(last.counts) if last else (),
        stale_after=max(timedelta(minutes=15), 2.5 * pace),
    )


def _on(link: str, cloud: m.Cloud, pks: list[int]) -> dict[int, Blast]:
    """Instances and their owners by what they hang on."""
    if not pks:
        return {}
    counts: dict[int, int] = defaultdict(int)
    owners: dict[int, set[str]] = defaultdict(set)
    rows = _present(m.Instance, cloud).filter(**{f"{link}__in": pks}).order_by()
    for row in rows.values(link, "account_id", "project_id").annotate(n=Count("pk")):
        counts[row[link]] += row["n"]
        owners[row[link]].add(owner(row["account_id"], row["project_id"]))
    return {pk: Blast(instances=n, owners=frozenset(owners[pk] - {""})) for pk, n in counts.items()}


def _on_pool(cloud: m.Cloud, pks: list[int]) -> dict[int, Blast]:
    if not pks:
        return {}
    counts: dict[int, int] = defaultdict(int)
    owners: dict[int, set[str]] = defaultdict(set)
    rows = _present(m.Volume, cloud).filter(storage_pool_id__in=pks, instance_id__isnull=False).order_by()
    for row in rows.values("storage_pool_id", "account_id", "project_id").annotate(
        n=Count("instance_id", distinct=True)
    ):
        counts[row["storage_pool_id"]] += row["n"]
        owners[row["storage_pool_id"]].add(owner(row["account_id"], row["project_id"]))
    return {pk: Blast(instances=n, owners=frozenset(owners[pk] - {""})) for pk, n in counts.items()}


def _on_network(cloud: m.Cloud, things: dict[str, tuple[Thing, ...]]) -> dict[int, Blast]:
    """Instances of troubled networks. An instance names its networks; names are unique within their owner's eyes only,
    so owner and name together decide."""
    wanted = {router["network"] for router in things["routers"] if router["network"]}
    wanted |= {network.pk for network in things["networks"]}
    if not wanted or len(wanted) > MOST:
        return {}
    networks = {
        (owner(row["account_id"], row["project_id"]), row["name"]): row["pk"]
        for row in m.GuestNetwork.objects.filter(pk__in=wanted).values("pk", "name", "account_id", "project_id")
    }
    accounts = {int(who[1:]) for who, _ in networks if who.startswith("a")}
    projects = {int(who[1:]) for who, _ in networks if who.startswith("p")}
    counts: dict[int, int] = defaultdict(int)
    rows = _present(m.Instance, cloud).filter(Q(account_id__in=accounts) | Q(project_id__in=projects)).order_by()
    for row in rows.values("account_id", "project_id", "network_names").annotate(n=Count("pk")):
        for name in row["network_names"].split(","):
            pk = networks.get((owner(row["account_id"], row["project_id"]), name.strip()))
            if pk is not None:
                counts[pk] += row["n"]
    return {
        pk: Blast(networks=1, instances=counts.get(pk, 0), owners=frozenset({who} - {""}))
        for (who, _), pk in networks.items()
    }


def _on_zone(cloud: m.Cloud) -> dict[int, Blast]:
    hosts = dict(
        _present(m.Host, cloud).order_by().values("zone_id").annotate(n=Count("pk")).values_list("zone_id", "n")
    )
    vms = dict(
        _present(m.Instance, cloud).order_by().values("zone_id").annotate(n=Count("pk")).values_list("zone_id", "n")
    )
    return {pk: Blast(hosts=hosts.get(pk, 0), instances=vms.get(pk, 0)) for pk in {*hosts, *vms} if pk is not None}


def _capacity(cloud: m.Cloud, things: dict[str, tuple[Thing, ...]], now: datetime) -> tuple[CapacityFact, ...]:
    from monitoring.capacity.reading import current

    places = {thing.uuid: thing for kind in ("zones", "pods", "clusters", "storage-pools") for thing in things[kind]}
    return tuple(
        CapacityFact(
            level=row.level,
            place=places.get(row.place_uuid) if row.place_uuid else None,
            place_name=row.place_name,
            type_name=row.type_name,
            label=str(row.label),
            impact=row.impact,
            fraction=row.fraction,
            notify=row.notify,
            disable=row.disable,
            since_at=row.sampled_at,
            committed=row.committed,
        )
        for row in current(cloud)
        if row.fraction is not None and row.judged and row.is_fresh(now)
    )


def _alerts(cloud: m.Cloud, now: datetime) -> tuple[AlertFact, ...]:
    rows = m.CloudAlert.objects.filter(cloud=cloud, gone_at__isnull=True, sent_at__gte=now - ALERT_WINDOW)
    bad: dict[str, list[m.CloudAlert]] = {}
    answered: set[str] = set()
    for alert in rows.order_by("-sent_at", "-id")[:MOST]:
        name = alert.name or f"alert {alert.alert_type}"
        if _GOOD_NEWS.search(alert.description):
            answered.add(name)
        elif name not in answered:
            bad.setdefault(name, []).append(alert)
    return tuple(AlertFact(name, found[0].description, found[0].sent_at, len(found)) for name, found in bad.items())


def _segments(cloud: m.Cloud) -> tuple[SegmentFact, ...]:
    rows = _present(m.GuestNetwork, cloud).filter(segment_id__isnull=False, traffic_type="Guest").order_by()
    twice = (
        rows.values("zone_id", "physical_network_id", "segment_type", "segment_id")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
    )
    found = []
    for row in twice[:500]:
        place = {key: row[key] for key in ("zone_id", "physical_network_id", "segment_type", "segment_id")}
        members = rows.filter(**place).order_by("pk").values(
            "pk", "uuid", "name", "cloudstack_id", "state", "state_since_at", "changed_at", *_FIELDS["networks"]
        )  # fmt: skip
        networks = tuple(_thing("networks", member, _FIELDS["networks"]) for member in members)
        found.append(
            SegmentFact(
                zone=row["zone_id"],
                segment=f"{str(row['segment_type']).upper()} {row['segment_id']}",
                networks=networks,
                owners=frozenset(str(network["owner"]) for network in networks if network["owner"]),
            )
        )
    return tuple(found)


def _jobs(cloud: m.Cloud, now: datetime) -> tuple[JobFact, ...]:
    rows = m.AsyncJob.objects.filter(
        cloud=cloud, status=m.AsyncJob.Status.RUNNING, created_at__lt=now - JOB_LIMIT
    ).order_by("created_at")[:MOST]
    by_command: dict[str, list[m.AsyncJob]] = {}
    for job in rows:
        by_command.setdefault(job.command.rsplit(".", 1)[-1] or "?", []).append(job)
    return tuple(
        JobFact(command, len(jobs), jobs[0].created_at or now, jobs[0].cloudstack_id)
        for command, jobs in by_command.items()
    )


def _flaps(cloud: m.Cloud, now: datetime) -> tuple[dict[Any, int], tuple[Thing, ...]]:
    """Objects whose state changed `FLAPS` times in the last hour, and which of them are well right now."""
    # By number, newest first, back to the first that is too old: `at` has no index, and there may be millions.
    before = m.ChangeEvent.objects.filter(cloud=cloud, at__lt=now - FLAP_WINDOW).order_by("-pk")
    rows = (
        m.ChangeEvent.objects.filter(
            cloud=cloud,
            pk__gt=before.values_list("pk", flat=True).first() or 0,
            change=m.ChangeEvent.Change.CHANGED,
            kind__in=["hosts", "routers", "system-vms", "management-servers", "storage-pools", "instances"],
            after__has_key="state",
        )
        .order_by()
        .values("kind", "object_uuid")
        .annotate(n=Count("pk"))
        .filter(n__gte=FLAPS)
        .order_by("-n")[:500]
    )
    flaps = {row["object_uuid"]: row["n"] for row in rows}
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row["object_uuid"])
    good: list[Thing] = []
    for kind, uuids in by_kind.items():
        # An instance that its owner stops and starts is no flapping one.
        if kind == "instances":
            continue
        well = _present(KINDS[kind].model, cloud).filter(uuid__in=uuids, state__in=["Up", "Running"])
        common = ("pk", "uuid", "name", "cloudstack_id", "state", "state_since_at", "changed_at")
        zone = ("zone_id",) if kind != "management-servers" else ()
        good += [_thing(kind, row, zone) for row in well.values(*common, *zone)]
    return flaps, tuple(good)
