"""What rooms above want to hear of: plain functions, registered by name, called after a sync has ended. No signals."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from provisioning.inventory.models import Cloud, Sync

log = structlog.get_logger(__name__)

Callback = Callable[[Cloud, Sync], None]
_on_synced: list[Callback] = []
_on_trouble: list[Callable[[Cloud], None]] = []


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


def on_trouble(callback: Callable[[Cloud], None]) -> None:
    """Have `callback(cloud)` called when a cloud was found not to answer: no sync will tell of it."""
    if callback not in _on_trouble:
        _on_trouble.append(callback)


def tell_trouble(cloud: Cloud) -> None:
    """Call all of them; one that fails is logged and hinders nobody."""
    for callback in list(_on_trouble):
        try:
            callback(cloud)
        except Exception:
            log.exception("inventory.after_trouble_failed", callback=getattr(callback, "__qualname__", "?"))
