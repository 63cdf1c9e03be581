"""Every state of every object that CloudStack knows, in one of six groups: icon and colour come from the group alone.

Sources: CloudStack's Status, ResourceState, Grouping, Managed, StoragePoolStatus, VirtualMachine.State, Volume.State,
Snapshot.State, VMSnapshot.State, template object states and download states, Network.State, IpAddress.State,
redundant router state, JobInfo.Status, ManagementServerHost.State, HAConfig.HAState, power states, Account.State,
Project.State, Domain.State, offering states. CloudStack's own word is kept and shown; a word never met is neutral.
"""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class StateGroup(StrEnum):
    GOOD = "good"
    WORKING = "working"
    ATTENTION = "attention"
    BAD = "bad"
    HELD = "held"
    NEUTRAL = "neutral"


G, W, A, B, H, N = (
    StateGroup.GOOD,
    StateGroup.WORKING,
    StateGroup.ATTENTION,
    StateGroup.BAD,
    StateGroup.HELD,
    StateGroup.NEUTRAL,
)

# Tabler icons by group; ICON_OF_STATE has the few words whose own picture says more.
ICON: dict[StateGroup, str] = {
    G: "circle-check",
    W: "loader-2",
    A: "alert-triangle",
    B: "circle-x",
    H: "tool",
    N: "help-circle",
}
ICON_OF_STATE: dict[str, str] = {
    "stopped": "player-stop",
    "shutdown": "player-stop",
    "allocated": "minus",
    "setup": "minus",
    "free": "minus",
    "not_downloaded": "minus",
    "not_uploaded": "minus",
    "notuploaded": "minus",
    "off": "player-stop",
    "queued": "clock",
    "disabled": "circle-minus",
    "inactive": "circle-minus",
    "unmanaged": "circle-minus",
    "locked": "circle-minus",
    "suspended": "circle-minus",
    "readonly": "shield-half",
    "read-only": "shield-half",
    "waiting": "hourglass",
}

words: dict[StateGroup, Promise] = {
    G: _("Good"),
    W: _("Working"),
    A: _("Needs attention"),
    B: _("Bad"),
    H: _("Held on purpose"),
    N: _("Neutral or unknown"),
}

# Agent's connection of a host.
HOST = {
    "Creating": W, "Connecting": W, "Up": G, "Down": B, "Disconnected": A, "Alert": A, "Removed": N, "Error": B,
    "Rebalancing": W, "Unknown": N,
}  # fmt: skip
# Administration of a host.
RESOURCE = {
    "Creating": W, "Enabled": G, "Disabled": H, "PrepareForMaintenance": W, "Maintenance": H,
    "ErrorInPrepareForMaintenance": A, "ErrorInMaintenance": B, "Error": B, "Degraded": A,
}  # fmt: skip
ALLOCATION = {"Enabled": G, "Disabled": H}
MANAGED = {"Managed": G, "PrepareUnmanaged": W, "Unmanaged": H, "PrepareUnmanagedError": B}
STORAGE_POOL = {
    "Initial": W, "Initialized": W, "Creating": W, "Attaching": W, "Up": G, "PrepareForMaintenance": W,
    "ErrorInMaintenance": B, "CancelMaintenance": W, "Maintenance": H, "Disabled": H, "Removed": N,
}  # fmt: skip
# An image store has no state in CloudStack; these are ours from `readonly`.
IMAGE_STORE = {"Ready": G, "ReadOnly": H}
VIRTUAL_MACHINE = {
    "Starting": W, "Running": G, "Stopping": W, "Stopped": N, "Destroyed": N, "Expunging": W, "Migrating": W,
    "Error": B, "Unknown": N, "Shutdown": N, "Restoring": W, "BackingUp": W, "BackupError": B, "RestoreError": B,
}  # fmt: skip
# A system VM or a router that is stopped serves nobody.
SYSTEM_VM = VIRTUAL_MACHINE | {"Stopped": B, "Shutdown": B, "Destroyed": N}
POWER = {"PowerOn": G, "PowerOff": N, "PowerReportMissing": A, "PowerUnknown": N}
VOLUME = {
    "Allocated": N, "Creating": W, "Ready": G, "Migrating": W, "Snapshotting": W, "RevertSnapshotting": W,
    "Resizing": W, "Expunging": W, "Expunged": N, "Destroy": N, "Destroying": W, "UploadOp": W, "Copying": W,
    "Uploaded": G, "NotUploaded": N, "UploadInProgress": W, "UploadError": B, "UploadAbandoned": B, "Attaching": W,
    "Restoring": W, "Consolidating": W, "RestoreError": B,
}  # fmt: skip
SNAPSHOT = {
    "Allocated": N, "Creating": W, "CreatedOnPrimary": W, "BackingUp": W, "BackedUp": G, "Copying": W,
    "Destroying": W, "Destroyed": N, "Hidden": N, "Error": B,
}  # fmt: skip
VM_SNAPSHOT = {
    "Allocated": N, "Creating": W, "Ready": G, "Reverting": W, "Expunging": W, "Removed": N, "Error": B, "Hidden": N,
}  # fmt: skip
TEMPLATE = {
    "Allocated": N, "Creating": W, "Creating2": W, "Created": W, "Ready": G, "Copying": W, "Migrating": W,
    "Migrated": G, "Destroying": W, "Destroyed": N, "Failed": B, "Hidden": N, "NotReady": A,
}  # fmt: skip
DOWNLOAD = {
    "UNKNOWN": N, "DOWNLOAD_ERROR": B, "NOT_DOWNLOADED": N, "DOWNLOAD_IN_PROGRESS": W, "DOWNLOADED": G,
    "ABANDONED": B, "LIMIT_REACHED": B, "UPLOADED": G, "NOT_UPLOADED": N, "UPLOAD_ERROR": B,
    "UPLOAD_IN_PROGRESS": W, "CREATING": W, "CREATED": G, "BYPASSED": G, "Download Complete": G,
}  # fmt: skip
NETWORK = {
    "Allocated": N, "Setup": G, "Implementing": W, "Implemented": G, "Shutdown": W, "Destroy": N,
}  # fmt: skip
ADDRESS = {"Free": N, "Allocating": W, "Allocated": G, "Releasing": W, "Reserved": H}
REDUNDANCY = {"UNKNOWN": N, "PRIMARY": G, "BACKUP": G, "FAULT": B, "MASTER": G}
AGENT = HOST
JOB = {"Running": W, "Succeeded": G, "Failed": B, "Cancelled": H, "Ended unseen": N}
MANAGEMENT_SERVER = {
    "Up": G, "Down": B, "PreparingForMaintenance": W, "Maintenance": H, "PreparingForShutDown": W,
    "ReadyToShutDown": H, "ShuttingDown": H,
}  # fmt: skip
HOST_HA = {
    "Disabled": N, "Available": G, "Suspect": A, "Checking": W, "Degraded": A, "Recovering": W, "Recovered": G,
    "Fencing": W, "Fenced": B, "Ineligible": N,
}  # fmt: skip
OUT_OF_BAND_POWER = {"On": G, "Off": N, "Unknown": N, "Disabled": N}
PROVIDER = {"Enabled": G, "Disabled": H, "Shutdown": H}
ACCOUNT = {"enabled": G, "disabled": H, "locked": H, "removed": N}
DOMAIN = {"Active": G, "Inactive": H}
PROJECT = {"Active": G, "Disabled": H, "Suspended": H}
OFFERING = {"Active": G, "Inactive": H, "Enabled": G, "Disabled": H}
PUBLIC_RANGE: dict[str, StateGroup] = {}
EVENT = {"Created": N, "Scheduled": N, "Started": W, "Completed": G}
LEVEL = {"INFO": N, "WARN": A, "ERROR": B}
SYNC = {"queued": N, "running": W, "done": G, "partial": A, "failed": B}
CLOUD = {"new": N, "ok": G, "unreachable": B, "refused": B, "broken": B}

# By kind of the mirror first, then by what else has states.
STATES: dict[str, dict[str, StateGroup]] = {
    "zones": ALLOCATION,
    "pods": ALLOCATION,
    "clusters": ALLOCATION,
    "hosts": HOST,
    "storage-pools": STORAGE_POOL,
    "image-stores": IMAGE_STORE,
    "system-vms": SYSTEM_VM,
    "routers": SYSTEM_VM,
    "physical-networks": PROVIDER,
    "networks": NETWORK,
    "public-ranges": PUBLIC_RANGE,
    "management-servers": MANAGEMENT_SERVER,
    "offerings": OFFERING,
    "templates": TEMPLATE,
    "domains": DOMAIN,
    "accounts": ACCOUNT,
    "projects": PROJECT,
    "instances": VIRTUAL_MACHINE,
    "volumes": VOLUME,
    "resource-state": RESOURCE,
    "managed-state": MANAGED,
    "agent-state": AGENT,
    "power": POWER,
    "snapshot": SNAPSHOT,
    "vm-snapshot": VM_SNAPSHOT,
    "download": DOWNLOAD,
    "address": ADDRESS,
    "redundant-state": REDUNDANCY,
    "job": JOB,
    "host-ha": HOST_HA,
    "out-of-band-power": OUT_OF_BAND_POWER,
    "provider": PROVIDER,
    "event": EVENT,
    "level": LEVEL,
    "sync": SYNC,
    "cloud": CLOUD,
}
_BY_KIND = {kind: {state.lower(): group for state, group in states.items()} for kind, states in STATES.items()}


def _anywhere() -> dict[str, StateGroup]:
    """For a caller that does not know the kind: a word that means the same everywhere; else the worst it can mean."""
    severity = [N, G, W, H, A, B]
    found: dict[str, StateGroup] = {}
    for states in _BY_KIND.values():
        for state, group in states.items():
            found[state] = max(found.get(state, group), group, key=severity.index)
    # Words whose everyday meaning is not their worst one.
    found |= {"running": G, "stopped": N, "shutdown": N, "allocated": N, "disabled": H, "unknown": N}
    return found


_ANYWHERE = _anywhere()


def group_of(value: str | None, kind: str = "") -> StateGroup:
    """The group of CloudStack's word `value` for an object of `kind` (a key of STATES); neutral when never met."""
    word = (value or "").strip().lower()
    if kind in _BY_KIND:
        return _BY_KIND[kind].get(word, N)
    return _ANYWHERE.get(word, N)


def icon_of(value: str | None, kind: str = "") -> str:
    """The Tabler icon for `value`: the group's, unless the word has a picture of its own in that group."""
    group = group_of(value, kind)
    own = ICON_OF_STATE.get((value or "").strip().lower())
    return own if own and group in (N, H) else ICON[group]


def states_in(kind: str, *groups: StateGroup) -> list[str]:
    """CloudStack's words for `kind` that are in one of `groups`: for filters in the database."""
    return [state for state, group in STATES.get(kind, {}).items() if group in groups]
