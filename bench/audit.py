"""What the audit trail costs, and how far behind the sealer is."""

from __future__ import annotations

import json
from typing import Any

from bench.harness import Measured, Run, figure

EVENTS = 600
_WORK = """
import json, time
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.db import transaction
from django.utils import timezone
from provisioning.audit import sealer
from provisioning.audit.models import AuditEvent, AuditSeal
from provisioning.audit.record import record
from provisioning.audit.verify import verify
from provisioning.notify.models import OutboxMessage

def plain(number):
    began = time.perf_counter()
    with transaction.atomic():
        OutboxMessage.objects.create(channel="mail", recipient="somebody@example.org", subject=f"{{number}}",
                                     body="a body as long as an audit row's before and after are, more or less")
    return time.perf_counter() - began

def audited(number):
    began = time.perf_counter()
    with transaction.atomic():
        OutboxMessage.objects.create(channel="mail", recipient="somebody@example.org", subject=f"{{number}}",
                                     body="a body as long as an audit row's before and after are, more or less")
        record("audit.verify", obj_type="cloud", obj_id=str(number), obj_name="Bench",
               before={{"name": "before"}}, after={{"name": "after"}})
    return time.perf_counter() - began

for number in range(20):
    plain(number), audited(number)
pairs = [(plain(number), audited(number)) for number in range({events})]
began = time.perf_counter()
sealed = sealer.seal_all()
seal_s = time.perf_counter() - began
print(json.dumps({{"plain": [p for p, _ in pairs], "audited": [a for _, a in pairs], "sealed": sealed,
                  "seal_s": seal_s, "intact": verify().intact}}))
"""


def _measured(run: Run) -> dict[str, Any]:
    with run.folder() as home:
        found: dict[str, Any] = json.loads(run.program(_WORK.format(events=EVENTS), home))
    return found


@figure("audit_cost", unit="× the bare write", at_most=4)
def audit_cost(run: Run) -> Measured:
    """A small write with its audit row in one transaction, over the same write without; medians, one writer."""
    found = _measured(run)
    plain, audited = sorted(found["plain"]), sorted(found["audited"])
    value = audited[len(audited) // 2] / plain[len(plain) // 2]
    rate = len(audited) / sum(audited)
    return Measured(value, found["audited"], 0 if found["intact"] else 1, {"audited_writes_per_s": round(rate)})


@figure("audit_seal_rate", unit="× the rate of audited writes", at_least=1)
def audit_seal_rate(run: Run) -> Measured:
    """How fast the sealer chains a backlog, over how fast one writer makes it: below one it would fall behind."""
    found = _measured(run)
    made_per_s = len(found["audited"]) / sum(found["audited"])
    sealed_per_s = found["sealed"] / found["seal_s"]
    failed = 0 if found["intact"] and found["sealed"] >= EVENTS else 1
    return Measured(sealed_per_s / made_per_s, [found["seal_s"]], failed, {"sealed_per_s": round(sealed_per_s)})
