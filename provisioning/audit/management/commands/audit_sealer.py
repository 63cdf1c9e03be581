"""`manage.py audit_sealer`: the process that chains audit events. One works, any other stands by."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from provisioning.audit.sealer import Sealer


class Command(BaseCommand):
    help = "Chain audit events within a second and copy the chain's head outside the database every minute."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())

        def wait(seconds: float) -> None:
            stop.wait(seconds)

        Sealer(stopping=stop.is_set, wait=wait).run()
