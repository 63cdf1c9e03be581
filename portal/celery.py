"""The Celery application. Messages carry ids only; the database is the truth.

Worker and beat each leave a mark in Valkey every few seconds (`portal.stack.heartbeat`); /readyz reads them.
"""

from __future__ import annotations

import time
from typing import Any

from celery import Celery, bootsteps
from celery.beat import PersistentScheduler
from celery.signals import setup_logging, worker_process_init
from django_structlog.celery.steps import DjangoStructLogInitStep

from portal.stack import heartbeat
from portal.stack.processes import die_with_parent

# No default for DJANGO_SETTINGS_MODULE here: this module is imported with `portal`, before whoever should decide.
app = Celery("zonewright")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery configures logging only when nobody listens here: Django's settings have done it."""


@worker_process_init.connect
def _pool_child(**_: Any) -> None:
    # A pool process outlives a killed worker and would go on working unseen.
    die_with_parent()


class Heartbeat(bootsteps.StartStopStep):
    """Marks the worker alive from its own event loop: a hung worker falls silent."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self.timer: Any = None

    def start(self, worker: Any) -> None:
        heartbeat.beat("worker")
        self.timer = worker.timer.call_repeatedly(heartbeat.EVERY_S, heartbeat.beat, ("worker",))

    def stop(self, worker: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
        heartbeat.forget("worker")


class HeartbeatScheduler(PersistentScheduler):
    """The scheduler of `celery beat`, marking itself alive on every turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._beaten = 0.0
        super().__init__(*args, **kwargs)
        self.max_interval = heartbeat.EVERY_S

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() - self._beaten >= heartbeat.EVERY_S - 0.5:
            heartbeat.beat("beat")
            self._beaten = time.monotonic()
        wait: float = super().tick(*args, **kwargs)
        return min(wait, heartbeat.EVERY_S)


app.steps["worker"].add(Heartbeat)
app.steps["worker"].add(DjangoStructLogInitStep)
