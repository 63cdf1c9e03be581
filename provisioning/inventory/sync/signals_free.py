"""What rooms above want to hear of: plain functions, registered by name, called after a sync has ended. No signals."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from provisioning.inventory.models import Cloud, Sync

log = structlog.get_logger(__name__)

Callback = Callable[[Cloud, Sync], None]
_on_synced: list[Callback] = []


def on_synced(callback: Callback) -> Callback:
    """Have `callback(cloud, sync)` called after every sync that looked at anything; usable as a decorator."""
    if callback not in _on_synced:
        _on_synced.append(callback)
    return callback


def tell_synced(cloud: Cloud, sync: Sync) -> None:
    """Call all of them; one that fails is logged and hinders neither the others nor the sync."""
    for callback in list(_on_synced):
        try:
            callback(cloud, sync)
        except Exception:
            log.exception("inventory.after_sync_failed", callback=getattr(callback, "__qualname__", "?"))
