# ruff: noqa: S608  (table and column names are constants of this file)
"""The database's own refusal to change the trail, for SQLite and PostgreSQL.

SQLite: INSERT OR REPLACE deletes the old row without firing its DELETE trigger unless the *writer's* connection has
`recursive_triggers` on, so a BEFORE INSERT trigger refuses a row whose unique values exist already.
PostgreSQL: TRUNCATE fires no row trigger and needs one of its own; ENABLE ALWAYS keeps the triggers firing under
`session_replication_role = replica`.
"""

from __future__ import annotations

from typing import Any

_IMMUTABLE = {
    # table: unique columns beside the primary key
    "audit_auditevent": ("uuid",),
    "audit_auditseal": ("position", "event_id", "event_uuid"),
}
_PERSONAL = "audit_auditpersonaldata"
_PENDING = "audit_auditpending"
_MESSAGE = "the audit trail is append-only"
_ERASED = "personal data on the audit trail can only be erased"


def _sqlite() -> dict[str, str]:
    made: dict[str, str] = {}
    for table, unique in _IMMUTABLE.items():
        for verb in ("UPDATE", "DELETE"):
            name = f"{table}_no_{verb.lower()}"
            made[name] = f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        same = " OR ".join(f"{column} = NEW.{column}" for column in ("id", *unique))
        made[f"{table}_no_replace"] = (
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
    made[f"{_PERSONAL}_no_delete"] = (
        f"CREATE TRIGGER {_PERSONAL}_no_delete BEFORE DELETE ON {_PERSONAL} BEGIN SELECT RAISE(ABORT, '{_ERASED}'); END"
    )
    made[f"{_PERSONAL}_no_replace"] = (
        f"CREATE TRIGGER {_PERSONAL}_no_replace BEFORE INSERT ON {_PERSONAL} WHEN EXISTS (SELECT 1 FROM {_PERSONAL} "
        f"WHERE id = NEW.id OR (event_uuid = NEW.event_uuid AND part = NEW.part)) "
        f"BEGIN SELECT RAISE(ABORT, '{_ERASED}'); END"
    )
    made[f"{_PERSONAL}_only_erase"] = (
        f"CREATE TRIGGER {_PERSONAL}_only_erase BEFORE UPDATE ON {_PERSONAL} WHEN NOT ("
        "OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.id = OLD.id AND NEW.event_uuid = OLD.event_uuid "
        "AND NEW.part = OLD.part AND NEW.person_id = OLD.person_id AND NEW.salt = '' AND NEW.name = '' "
        "AND NEW.client_ip = '' AND NEW.user_agent = '' AND NEW.details = '{}') "
        f"BEGIN SELECT RAISE(ABORT, '{_ERASED}'); END"
    )
    made["audit_auditevent_waits"] = (
        "CREATE TRIGGER audit_auditevent_waits AFTER INSERT ON audit_auditevent "
        f"BEGIN INSERT INTO {_PENDING} (event_id) VALUES (NEW.id); END"
    )
    return made


def _postgresql() -> dict[str, tuple[str, str, str]]:
    """trigger name → (table, function body, CREATE TRIGGER clause)"""
    refuse = f"BEGIN RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = 'insufficient_privilege'; END"
    refuse_personal = f"BEGIN RAISE EXCEPTION '{_ERASED}' USING ERRCODE = 'insufficient_privilege'; END"
    made: dict[str, tuple[str, str, str]] = {}
    for table in _IMMUTABLE:
        made[f"{table}_no_change"] = (table, refuse, "BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW")
        made[f"{table}_no_truncate"] = (table, refuse, "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT")
    made[f"{_PERSONAL}_no_delete"] = (_PERSONAL, refuse_personal, "BEFORE DELETE ON {table} FOR EACH ROW")
    made[f"{_PERSONAL}_no_truncate"] = (_PERSONAL, refuse_personal, "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT")
    made[f"{_PERSONAL}_only_erase"] = (
        _PERSONAL,
        "BEGIN IF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.id = OLD.id "
        "AND NEW.event_uuid = OLD.event_uuid AND NEW.part = OLD.part AND NEW.person_id = OLD.person_id "
        "AND NEW.salt = '' AND NEW.name = '' AND NEW.client_ip = '' AND NEW.user_agent = '' "
        "AND NEW.details = '{}'::jsonb THEN RETURN NEW; END IF; "
        f"RAISE EXCEPTION '{_ERASED}' USING ERRCODE = 'insufficient_privilege'; END",
        "BEFORE UPDATE ON {table} FOR EACH ROW",
    )
    made["audit_auditevent_waits"] = (
        "audit_auditevent",
        f"BEGIN INSERT INTO {_PENDING} (event_id) VALUES (NEW.id); RETURN NULL; END",
        "AFTER INSERT ON {table} FOR EACH ROW",
    )
    return made


def install(connection: Any) -> None:
    """Create every trigger. Raises NotImplementedError on another database: an unguarded trail is no trail."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for sql in _sqlite().values():
                cursor.execute(sql)
        elif connection.vendor == "postgresql":
            for name, (table, body, clause) in _postgresql().items():
                cursor.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body${body}$body$")
                cursor.execute(f"CREATE TRIGGER {name} {clause.format(table=table)} EXECUTE FUNCTION {name}()")
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
        else:
            raise NotImplementedError(f"The audit trail cannot be guarded on {connection.vendor}.")


def remove(connection: Any) -> None:
    """Take every trigger away: for undoing the migration, and for tests that empty the tables between themselves."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _sqlite():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        elif connection.vendor == "postgresql":
            for name, (table, _body, _clause) in _postgresql().items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
                cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")


def missing(connection: Any) -> list[str]:
    """Names of triggers that are gone, changed or disabled, in a stable order."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            found = dict(cursor.fetchall())
            return sorted(name for name, sql in _sqlite().items() if found.get(name) != sql)
        cursor.execute(
            "SELECT t.tgname, t.tgenabled, p.prosrc FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = current_schema() AND NOT t.tgisinternal"
        )
        present = {name: (enabled, body) for name, enabled, body in cursor.fetchall()}
        return sorted(
            name
            for name, (_table, body, _clause) in _postgresql().items()
            if name not in present or present[name][0] not in ("A", b"A") or present[name][1].strip() != body.strip()
        )


def names(vendor: str) -> list[str]:
    """Names of all guards on a database."""
    return sorted(_sqlite() if vendor == "sqlite" else _postgresql())
