"""`manage.py stack`: the whole of Zonewright on one machine, supervised. `make run` calls this."""

from __future__ import annotations

import os
import signal
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.stack import home as homes
from portal.stack import prepare, seed
from portal.stack.processes import die_with_parent
from portal.stack.programs import Programs
from portal.stack.supervisor import Stopped, Supervisor
from provisioning.inventory.models import Cloud


class Command(BaseCommand):
    help = "Run web server, worker, scheduler, Valkey and (unless CLOUD_URL names a cloud) a demo cloud, supervised."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
        parser.add_argument("--port", type=int, default=8000, help="port of the console; 0 takes any free one")
        parser.add_argument("--no-demo", action="store_true", help="start without the demo cloud")
        parser.add_argument("--demo-hosts", type=int, default=0, help="size of a new demo cloud (default: small)")
        parser.add_argument("--demo-vms", type=int, default=0)

    def handle(self, *args: Any, **options: Any) -> None:
        # The database holds sessions and password digests: what any child writes is the owner's alone, also in a home
        # that somebody made beforehand for everybody to read.
        os.umask(0o077)
        home = Path(settings.HOME)
        supervisor = Supervisor(home, self._say)
        supervisor.take_signals()
        if os.environ.get("ZONEWRIGHT_END_WITH_PARENT"):
            die_with_parent(signal.SIGTERM)
        try:
            wanted = seed.wanted_cloud(os.environ)
            lock = homes.lock(home)
            listener = homes.listen(options["host"], options["port"])
        except homes.CannotStart as error:
            raise CommandError(str(error)) from None
        except Stopped:
            return
        listener.set_inheritable(True)
        failed = ""
        try:
            self._start(supervisor, home, listener, wanted, options)
            supervisor.run()
        except Stopped:
            pass
        except (homes.CannotStart, PermissionError) as error:
            failed = str(error)
        finally:
            listener.close()
            self._say("Stopping.")
            supervisor.end()
            os.close(lock)
        if failed:
            raise CommandError(failed)
        self._say("Stopped; nothing is left running.")

    def _start(
        self,
        supervisor: Supervisor,
        home: Path,
        listener: Any,
        wanted: seed.WantedCloud | None,
        options: dict[str, Any],
    ) -> None:
        begun = time.monotonic()
        prepare.own_log(home)
        programs = Programs(home)
        left = homes.sweep(home)
        if left:
            self._say(f"Ended {left} processes that a former stack had left behind.")
        if prepare.is_embedded_valkey(home):
            supervisor.add(programs.valkey())
        demo = None
        if wanted is None and not options["no_demo"]:
            demo = prepare.demo_facts(home, hosts=options["demo_hosts"], vms=options["demo_vms"])
            for size in ("hosts", "vms"):
                if options[f"demo_{size}"] not in (0, demo[size]):
                    self._say(f"--demo-{size} is for a new ZONEWRIGHT_HOME: this one keeps the demo cloud that it has.")
            supervisor.add(programs.simulator(**demo))
        self._say("Front-end parts …")
        prepare.front_end()
        supervisor.tick()
        if prepare.tables():
            self._say("Tables made or brought up to date.")
        supervisor.wait_for(prepare.valkey_answers, 20, "Valkey did not answer")
        supervisor.add(programs.web(listener.fileno()))
        supervisor.add(programs.worker())
        supervisor.add(programs.beat())
        for name, arguments in seed.EXTRA_COMMANDS.items():
            supervisor.add(programs.command(name, *arguments))

        people: list[seed.Login] = []
        cloud = None
        if demo is not None:
            supervisor.wait_for(
                lambda: prepare.answers_http(prepare.demo_url(demo)), 60, "The demo cloud did not come up"
            )
            cloud, people = seed.demo(prepare.demo_url(demo), demo["api_key"], demo["secret_key"])
        elif wanted is not None:
            cloud = seed.real_cloud(wanted)
            people = seed.first_administrator()
        else:
            people = seed.first_administrator()
        host, port = listener.getsockname()[:2]
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 (compared, not bound)
        url = f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
        supervisor.wait_for(lambda: _answers(f"{url}/healthz"), 60, "/healthz did not answer 200")
        if demo is not None and cloud is not None:
            self._say("First look at the demo cloud …")
            missing = supervisor.wait_for(lambda: _seen(cloud), 120, "The first sync was not done")[0]
            if missing:
                self._say(missing)
        supervisor.wait_for(lambda: _answers(f"{url}/readyz"), 60, "/readyz did not answer 200")
        supervisor.tell(
            ready=True, url=url, port=port, people=[person.__dict__ for person in people],
            ready_after_s=round(time.monotonic() - begun, 1),
        )  # fmt: skip
        self._say(f"\nZonewright is ready at {url}  ({supervisor.facts['ready_after_s']} s)")
        if people:
            self._say("\n  Sign in as")
            for person in people:
                self._say(f"    {person.role:<14} {person.username:<12} {person.password}")
        self._say(f"\n  Everything is kept in {home}; Ctrl-C ends it all.\n")

    def _say(self, text: str) -> None:
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except OSError:
            # Whoever read our output is gone (`make run | head`): that is no reason to fall over.
            pass


def _seen(cloud: Cloud) -> tuple[str] | None:
    missing = seed.first_look(cloud)
    return None if missing is None else (missing,)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=3).status_code == 200
    except requests.RequestException:
        return False
