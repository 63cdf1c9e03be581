"""`manage.py audit` as an auditor or a cron job uses it."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from provisioning.audit import anchors
from provisioning.audit.models import AuditEvent
from provisioning.audit.verify import verify
from tests.integration.audit.trails import sql, unguarded, write


class TestCommandLine:
    def run(self, *args: str) -> str:
        out = io.StringIO()
        call_command("audit", *args, stdout=out)
        return out.getvalue()

    def test_verify_says_intact(self, trail: str) -> None:
        write(2)
        self.run("seal")
        said = self.run("verify")
        assert "Intact: 2 of 2 events" in said and "copied outside" in said

    def test_verify_names_the_first_broken_row_and_exits_1(self, trail: str) -> None:
        write(3)
        self.run("seal")
        with unguarded():
            sql("UPDATE audit_auditevent SET reason = 'other' WHERE object_id = '1'")
        uuid = AuditEvent.objects.get(object_id="1").uuid
        out = io.StringIO()
        with pytest.raises(SystemExit) as stopped:
            call_command("audit", "verify", stdout=out)
        assert stopped.value.code == 1
        assert f"BROKEN at position 2, event {uuid}" in out.getvalue()

    def test_verify_cannot_tell_without_keys(self, trail: str, settings: Any) -> None:
        settings.AUDIT_KEYS = []
        with pytest.raises(CommandError, match="ZONEWRIGHT_AUDIT_KEYS is empty") as stopped:
            self.run("verify")
        assert stopped.value.returncode == 2

    def test_an_export_can_be_verified_without_the_database(self, trail: str) -> None:
        from provisioning.audit.canonical import GENESIS, commitment, jcs, link
        from provisioning.audit.keys import ring

        write(3)
        self.run("seal")
        lines = [json.loads(line) for line in self.run("export").splitlines()]
        previous = GENESIS
        linked = [line for line in lines if line["link"]]
        assert len(linked) == 3
        for line in linked:
            body = jcs(line["event"]).encode()
            assert link(ring().newest, previous, line["link"]["position"], body) == line["link"]["hash"]
            previous = line["link"]["hash"]
            person = dict(line["personal"]["actor"])
            salt = person.pop("salt")
            assert commitment(salt, person) == line["event"]["actor_commitment"]

    def test_after_a_restore_a_new_series_of_heads_begins(self, trail: str) -> None:
        write(3)
        self.run("seal")
        self.run("restart-heads", "--reason", "restored Monday's backup")
        kept = [path.name for path in anchors.path().parent.iterdir() if path != anchors.path()]
        assert len(kept) == 1
        assert AuditEvent.objects.get(action="audit.restart_heads").reason == "restored Monday's backup"
        assert verify().intact
