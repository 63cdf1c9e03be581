"""The simulated cloud's objects: tables of ``Obj`` with indexes, removal and change tracking.

An object has a ``kind`` ("zone"), a database id (``dbid``, counts from 1 in its table), a ``uuid`` (a function of
seed, kind
and dbid, so the same seed builds the same cloud) and fields.  A relation is the related object's uuid
(``vm["hostid"]``).
Fields that start with ``_`` are the simulator's own and never shown.  Values must be JSON values.

Reading: ``state.table("vm")`` → ``Table``; ``.get(uuid)``, ``.live()``, ``.where(hostid=...)`` (indexed fields are
quick, see ``INDEXES``).
Writing: ``state.add("vm", name=...)``, ``obj.set(state="Stopped")``, ``state.remove(obj)`` (kept with ``removed_at``,
as CloudStack
keeps its rows).  Whatever changed is written by ``flush()``, which runs after every request and every timer, before
an answer
leaves; a base that is generated from the seed is only written where it was changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

from provisioning.simulator.persistence import Store

# Fields that tables keep an index on; any other field is found by looking at every object.
INDEXES: dict[str, tuple[str, ...]] = {
    "vm": ("accountid", "hostid", "zoneid", "state"),
    "volume": ("virtualmachineid", "accountid", "storageid", "zoneid"),
    "nic": ("vmid", "networkid"),
    "limit": ("ownerid",),
    "project": ("accountid",),
    "vmsnapshot": ("virtualmachineid", "accountid"),
    "sshkeypair": ("accountid",),
    "affinitygroup": ("accountid",),
    "securitygroup": ("accountid",),
    "instancegroup": ("accountid",),
    "host": ("clusterid", "zoneid", "podid", "state"),
    "cluster": ("podid", "zoneid"),
    "pod": ("zoneid",),
    "pool": ("clusterid", "zoneid"),
    "network": ("accountid", "zoneid", "physicalnetworkid"),
    "ip": ("networkid", "accountid", "zoneid", "state", "vlanid", "associatednetworkid", "virtualmachineid"),
    "router": ("networkid", "hostid", "zoneid"),
    "physicalnetwork": ("zoneid",),
    "vlan": ("zoneid", "physicalnetworkid"),
    "setting": ("name",),
    "scopedsetting": ("scopeid",),
    "sysvm": ("zoneid", "hostid"),
    "snapshot": ("volumeid", "accountid"),
    "user": ("accountid",),
    "account": ("domainid",),
    "domain": ("parentid",),
    "tag": ("resourceid",),
    "job": ("status", "accountid"),
    "event": ("accountid",),
    "keypair": ("apikey", "userid"),
    "provider": ("physicalnetworkid",),
    "traffictype": ("physicalnetworkid",),
    "rule": ("ipaddressid", "networkid", "accountid", "virtualmachineid"),
}

# Kinds whose rows share one table in CloudStack, so their database ids (and names like ``r-5-VM``) count together.
SHARED_SEQUENCE: dict[str, tuple[str, ...]] = dict.fromkeys(("vm", "sysvm", "router"), ("vm", "sysvm", "router"))
SHARED_SEQUENCE |= dict.fromkeys(("template", "iso"), ("template", "iso"))

# A change of these fields shows in other objects' answers, so it drops every prepared answer.
SHOWN_ELSEWHERE = frozenset({"name", "path", "displaytext", "resourcestate", "allocationstate", "hypervisor"})
SELF_CONTAINED = frozenset({"vm", "volume", "nic", "snapshot", "job", "event", "alert", "tag", "rule", "ip", "setting"})


class Obj:
    """One object.  ``obj["name"]`` reads (KeyError when absent), ``obj.get`` reads, ``obj.set`` writes."""

    __slots__ = ("base", "dbid", "f", "prepared", "removed_at", "table", "uuid")

    def __init__(self, table: Table, dbid: int, uuid: str, fields: dict[str, Any], base: bool = False) -> None:
        self.table = table
        self.dbid = dbid
        self.uuid = uuid
        self.f = fields
        self.removed_at: float | None = None
        # Answers made earlier: view name → (epoch, JSON bytes).  None until the first one.
        self.prepared: dict[str, tuple[int, bytes]] | None = None
        self.base = base

    @property
    def kind(self) -> str:
        return self.table.kind

    def __getitem__(self, name: str) -> Any:
        return self.f[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self.f.get(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self.f

    def set(self, **fields: Any) -> None:
        """Change fields; indexes, prepared answers and the store follow."""
        self.table.change(self, fields)

    def unset(self, *names: str) -> None:
        self.table.drop_fields(self, names)

    def touch(self) -> None:
        """Say that a mutable value inside a field was changed in place."""
        self.table.change(self, {})

    def __repr__(self) -> str:
        return f"<{self.kind} {self.dbid} {self.uuid} {self.f.get('name', '')}>"


class Table:
    """All objects of a kind, removed ones included (CloudStack resolves their ids too)."""

    def __init__(self, state: State, kind: str) -> None:
        self.state = state
        self.kind = kind
        self.by_uuid: dict[str, Obj] = {}
        self.by_dbid: dict[int, Obj] = {}
        self._live: dict[str, Obj] = {}
        self._index: dict[str, dict[Any, dict[str, Obj]]] = {name: {} for name in INDEXES.get(kind, ())}
        self.last_dbid = 0
        # Grows with every change of the table, so that sums over it can be kept until then.
        self.version = 0

    def get(self, uuid: str | None) -> Obj | None:
        """By uuid, removed ones too."""
        return None if uuid is None else self.by_uuid.get(uuid)

    def need(self, uuid: str) -> Obj:
        return self.by_uuid[uuid]

    def find(self, **fields: Any) -> Obj | None:
        """The first live object whose fields equal these."""
        return next(iter(self.where(**fields)), None)

    def live(self) -> Iterable[Obj]:
        """Not removed, in order of creation.  Copy it before changing the table on the way."""
        return self._live.values()

    def __len__(self) -> int:
        return len(self._live)

    def where(self, **fields: Any) -> list[Obj]:
        """Live objects whose fields equal these."""
        rest = dict(fields)
        source: Iterable[Obj] | None = None
        for name in fields:
            if name in self._index:
                found = self._index[name].get(fields[name])
                if not found:
                    return []
                if source is None or len(found) < len(source):  # type: ignore[arg-type]
                    source = found.values()
                    rest = {key: value for key, value in fields.items() if key != name}
        if source is None:
            source = self._live.values()
        if not rest:
            return list(source)
        items = list(rest.items())
        return [obj for obj in source if all(obj.f.get(key) == value for key, value in items)]

    def count(self, **fields: Any) -> int:
        if len(fields) == 1:
            name, value = next(iter(fields.items()))
            if name in self._index:
                return len(self._index[name].get(value, ()))
        return len(self.where(**fields))

    # -- changing -------------------------------------------------------------------------------------------------
    def insert(self, dbid: int, uuid: str, fields: dict[str, Any], base: bool = False) -> Obj:
        self.version += 1
        obj = Obj(self, dbid, uuid, fields, base)
        self.by_uuid[uuid] = obj
        self.by_dbid[dbid] = obj
        self._live[uuid] = obj
        for name, index in self._index.items():
            value = fields.get(name)
            bucket = index.get(value)
            if bucket is None:
                bucket = index[value] = {}
            bucket[uuid] = obj
        if dbid > self.last_dbid:
            self.last_dbid = dbid
        return obj

    def change(self, obj: Obj, fields: dict[str, Any]) -> None:
        self.version += 1
        for name, index in self._index.items():
            if name in fields and obj.removed_at is None:
                old, new = obj.f.get(name), fields[name]
                if old != new:
                    index.get(old, {}).pop(obj.uuid, None)
                    index.setdefault(new, {})[obj.uuid] = obj
        if self.kind not in SELF_CONTAINED and not SHOWN_ELSEWHERE.isdisjoint(fields):
            self.state.epoch += 1
        obj.f.update(fields)
        obj.prepared = None
        self.state.mark(obj)

    def drop_fields(self, obj: Obj, names: Iterable[str]) -> None:
        for name in names:
            if name in self._index and obj.removed_at is None:
                self.change(obj, {name: None})
            obj.f.pop(name, None)
        obj.prepared = None
        self.state.mark(obj)

    def take_out(self, obj: Obj, at: float) -> None:
        self.version += 1
        self._live.pop(obj.uuid, None)
        for name, index in self._index.items():
            index.get(obj.f.get(name), {}).pop(obj.uuid, None)
        obj.removed_at = at
        obj.prepared = None
        if self.kind not in SELF_CONTAINED:
            self.state.epoch += 1

    def forget(self, obj: Obj) -> None:
        """Remove every trace (purged rows: expired jobs, old events)."""
        if obj.removed_at is None:
            self.take_out(obj, 0.0)
        self.by_uuid.pop(obj.uuid, None)
        self.by_dbid.pop(obj.dbid, None)


class State:
    """Every table, the changes since the last flush, and the way to the store."""

    def __init__(self, seed: int, store: Store | None = None, now: Callable[[], float] = lambda: 0.0) -> None:
        self.seed = seed
        self.store = store
        self.now = now
        self.tables: dict[str, Table] = {}
        self.epoch = 0
        self.building_base = False
        self._dirty: dict[tuple[str, int], Obj] = {}
        self._forgotten: list[tuple[str, int]] = []
        self._prefix = hashlib.blake2b(str(seed).encode(), digest_size=16).digest()

    def table(self, kind: str) -> Table:
        found = self.tables.get(kind)
        if found is None:
            found = self.tables[kind] = Table(self, kind)
        return found

    def next_dbid(self, kind: str) -> int:
        """The database id that ``add`` gives next; kinds that share a table count together."""
        last = max(self.table(each).last_dbid for each in SHARED_SEQUENCE.get(kind, (kind,)))
        return last + 1

    def new_uuid(self, kind: str, dbid: int) -> str:
        """A version 4 uuid that depends on nothing but seed, kind and database id."""
        raw = hashlib.blake2b(f"{kind}:{dbid}".encode(), digest_size=16, key=self._prefix).digest()
        return str(UUID(bytes=raw, version=4))

    def add(self, kind: str, *, uuid: str | None = None, **fields: Any) -> Obj:
        """A new object; its ``created`` is now unless given."""
        table = self.table(kind)
        dbid = self.next_dbid(kind)
        fields.setdefault("created", self.now())
        obj = table.insert(dbid, uuid or self.new_uuid(kind, dbid), fields, self.building_base)
        self.mark(obj)
        return obj

    def remove(self, obj: Obj) -> None:
        """Gone for every list, still there for whoever has its id."""
        if obj.removed_at is None:
            obj.table.take_out(obj, self.now())
            self.mark(obj)

    def forget(self, obj: Obj) -> None:
        obj.table.forget(obj)
        self._dirty.pop((obj.kind, obj.dbid), None)
        self._forgotten.append((obj.kind, obj.dbid))

    def get(self, kind: str, uuid: str | None) -> Obj | None:
        return self.table(kind).get(uuid)

    def name_of(self, kind: str, uuid: str | None) -> Any:
        """The related object's name, None without one."""
        obj = self.table(kind).get(uuid)
        return None if obj is None else obj.f.get("name")

    def all(self, kind: str) -> Iterable[Obj]:
        return self.table(kind).live()

    def mark(self, obj: Obj) -> None:
        if not self.building_base:
            self._dirty[(obj.kind, obj.dbid)] = obj

    # -- the store --------------------------------------------------------------------------------------------------
    def flush(self) -> int:
        """Write what changed, in one transaction; how many rows."""
        count = len(self._dirty) + len(self._forgotten)
        if self.store is not None and count:
            sequences = {kind: table.last_dbid for kind, table in self.tables.items()}
            self.store.write(
                ((o.kind, o.dbid, o.uuid, o.f, o.removed_at) for o in self._dirty.values()),
                self._forgotten,
                sequences,
                self.now(),
            )
        self._dirty.clear()
        self._forgotten.clear()
        return count

    def load(self) -> int:
        """Lay the stored changes over the generated base; how many rows were read."""
        if self.store is None:
            return 0
        count = 0
        for kind, dbid, uuid, fields, removed_at, gone in self.store.read():
            count += 1
            table = self.table(kind)
            old = table.by_dbid.get(dbid)
            if old is not None:
                table.forget(old)
            if gone:
                continue
            obj = table.insert(dbid, uuid, fields)
            if removed_at is not None:
                table.take_out(obj, removed_at)
        for kind, last in self.store.sequences().items():
            table = self.table(kind)
            table.last_dbid = max(table.last_dbid, last)
        self.restore_order()
        self._dirty.clear()
        return count

    def restore_order(self) -> None:
        """Lists are in order of database id; laying an overlay on moved the changed ones to the end."""
        for table in self.tables.values():
            live = table._live
            ordered = sorted(live.values(), key=lambda obj: obj.dbid)
            table._live = {obj.uuid: obj for obj in ordered}

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())
