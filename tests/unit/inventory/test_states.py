"""Every state of every object that CloudStack knows is in a group; what is not known is neutral and kept."""

from __future__ import annotations

import pytest

from provisioning.inventory.kinds import KINDS
from provisioning.inventory.states import ICON, STATES, StateGroup, group_of, icon_of, states_in, words

# CloudStack's own enums, word for word.
KNOWN = {
    "hosts": "Creating Connecting Up Down Disconnected Alert Removed Error Rebalancing Unknown",
    "resource-state": "Creating Enabled Disabled PrepareForMaintenance Maintenance ErrorInPrepareForMaintenance "
    "ErrorInMaintenance Error Degraded",
    "zones": "Enabled Disabled",
    "pods": "Enabled Disabled",
    "clusters": "Enabled Disabled",
    "managed-state": "Managed PrepareUnmanaged Unmanaged PrepareUnmanagedError",
    "storage-pools": "Initial Initialized Creating Attaching Up PrepareForMaintenance ErrorInMaintenance "
    "CancelMaintenance Maintenance Disabled Removed",
    "instances": "Starting Running Stopping Stopped Destroyed Expunging Migrating Error Unknown Shutdown Restoring "
    "BackingUp BackupError RestoreError",
    "system-vms": "Starting Running Stopping Stopped Destroyed Expunging Migrating Error Unknown Shutdown",
    "routers": "Starting Running Stopping Stopped Destroyed Expunging Migrating Error Unknown Shutdown",
    "power": "PowerOn PowerOff PowerReportMissing PowerUnknown",
    "volumes": "Allocated Creating Ready Migrating Snapshotting RevertSnapshotting Resizing Expunging Expunged Destroy "
    "Destroying UploadOp Copying Uploaded NotUploaded UploadInProgress UploadError UploadAbandoned Attaching Restoring "
    "Consolidating RestoreError",
    "snapshot": "Allocated Creating CreatedOnPrimary BackingUp BackedUp Copying Destroying Destroyed Hidden Error",
    "vm-snapshot": "Allocated Creating Ready Reverting Expunging Removed Error Hidden",
    "templates": "Allocated Creating Creating2 Created Ready Copying Migrating Migrated Destroying Destroyed Failed "
    "Hidden",
    "download": "UNKNOWN DOWNLOAD_ERROR NOT_DOWNLOADED DOWNLOAD_IN_PROGRESS DOWNLOADED ABANDONED LIMIT_REACHED "
    "UPLOADED NOT_UPLOADED UPLOAD_ERROR UPLOAD_IN_PROGRESS CREATING CREATED BYPASSED",
    "networks": "Allocated Setup Implementing Implemented Shutdown Destroy",
    "address": "Free Allocating Allocated Releasing Reserved",
    "redundant-state": "UNKNOWN PRIMARY BACKUP FAULT",
    "management-servers": "Up Down PreparingForMaintenance Maintenance PreparingForShutDown ReadyToShutDown "
    "ShuttingDown",
    "host-ha": "Disabled Available Suspect Checking Degraded Recovering Recovered Fencing Fenced Ineligible",
    "out-of-band-power": "On Off Unknown Disabled",
    "physical-networks": "Enabled Disabled",
    "provider": "Disabled Enabled Shutdown",
    "domains": "Active Inactive",
    "accounts": "enabled disabled locked removed",
    "projects": "Active Disabled Suspended",
}


@pytest.mark.parametrize(("kind", "states"), KNOWN.items(), ids=KNOWN)
def test_every_state_is_mapped(kind: str, states: str) -> None:
    assert set(states.split()) <= set(STATES[kind])


def test_every_kind_has_its_states() -> None:
    assert set(KINDS) <= set(STATES)


def test_every_group_has_an_icon_and_a_word() -> None:
    assert set(ICON) == set(words) == set(StateGroup)
    assert {group for states in STATES.values() for group in states.values()} == set(StateGroup)


@pytest.mark.parametrize(
    ("value", "kind", "group"),
    [
        ("Up", "hosts", "good"),
        ("up", "hosts", "good"),
        ("Down", "hosts", "bad"),
        ("Alert", "hosts", "attention"),
        ("Connecting", "hosts", "working"),
        ("Maintenance", "resource-state", "held"),
        ("ErrorInMaintenance", "resource-state", "bad"),
        ("Stopped", "instances", "neutral"),
        ("Stopped", "system-vms", "bad"),
        ("Shutdown", "networks", "working"),
        ("Unknown", "hosts", "neutral"),
        ("NeverHeardOf", "hosts", "neutral"),
        ("Running", "zones", "neutral"),
        ("", "hosts", "neutral"),
        (None, "", "neutral"),
        ("Running", "", "good"),
        ("Stopped", "", "neutral"),
        ("Disabled", "", "held"),
        ("FAULT", "redundant-state", "bad"),
    ],
)
def test_groups(value: str | None, kind: str, group: str) -> None:
    assert group_of(value, kind) == group


def test_icons() -> None:
    assert icon_of("Up", "hosts") == "circle-check"
    assert icon_of("Stopped", "instances") == "player-stop"
    assert icon_of("Stopped", "system-vms") == "circle-x"
    assert icon_of("Disabled", "zones") == "circle-minus"
    assert icon_of("Maintenance", "resource-state") == "tool"
    assert icon_of("whatever", "hosts") == "help-circle"


def test_states_for_a_filter() -> None:
    assert set(states_in("hosts", StateGroup.BAD, StateGroup.ATTENTION)) == {"Down", "Error", "Alert", "Disconnected"}
    assert states_in("no-such-kind", StateGroup.BAD) == []
