"""From mapped values to database values, and the statements that write them. Slim: no model instances on the way."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, models

from provisioning.inventory.models import RawAnswer

Convert = Callable[[Any], Any]
# Set once, when a row is first written.
_ONCE = frozenset({"uuid", "first_seen_at", "cloud_id", "cloudstack_id"})
# From here on COPY to a staging table is quicker than single inserts on PostgreSQL.
_COPY_FROM_ROWS = 50
_INTEGER_ENDS = {
    "PositiveIntegerField": (0, 2**31 - 1),
    "PositiveSmallIntegerField": (0, 2**15 - 1),
    "IntegerField": (-(2**31), 2**31 - 1),
    "BigIntegerField": (-(2**63), 2**63 - 1),
}


class Columns:
    """The columns of one model, in one order."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.table = model._meta.db_table
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        self.names = [str(field.column) for field in fields]
        self.by_attname = {field.attname: converter(field) for field in fields}
        self.attnames = [field.attname for field in fields]
        self.defaults = {
            field.attname: self.by_attname[field.attname](field.get_default())
            for field in fields
            if field.attname not in ("uuid", "cloud_id") and field.has_default() and not field.is_relation
        }

    def values(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """Database values of `row`, {attname: value}; what is not there takes the model's default."""
        convert, defaults = self.by_attname, self.defaults
        return tuple(convert[name](row[name]) if name in row else defaults.get(name) for name in self.attnames)

    @functools.cached_property
    def upsert_tail(self) -> str:
        quote = connection.ops.quote_name
        table = quote(self.table)
        sets = []
        for name in self.names:
            if name in _ONCE:
                continue
            column = quote(name)
            if name == "state_since_at":
                sets.append(
                    f"{column} = CASE WHEN excluded.{quote('state')} <> {table}.{quote('state')} "
                    f"THEN excluded.{quote('changed_at')} ELSE {table}.{column} END"
                )
            else:
                sets.append(f"{column} = excluded.{column}")
        return f" ON CONFLICT ({quote('cloud_id')}, {quote('cloudstack_id')}) DO UPDATE SET {', '.join(sets)}"


def upsert(columns: Columns, rows: Sequence[tuple[Any, ...]], tail: str | None = None) -> None:
    """Insert `rows` or bring the present ones up to date. Inside the caller's transaction."""
    if not rows:
        return
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name in columns.names)
    ending = columns.upsert_tail if tail is None else tail
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql" and len(rows) >= _COPY_FROM_ROWS:
            stage = quote(f"stage_{columns.table}")
            cursor.execute(f"DROP TABLE IF EXISTS {stage}")
            cursor.execute(
                f"CREATE TEMP TABLE {stage} ON COMMIT DROP AS "  # noqa: S608 - names are our own models'
                f"SELECT {names} FROM {quote(columns.table)} WITH NO DATA"
            )
            with cursor.copy(f"COPY {stage} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(
                f"INSERT INTO {quote(columns.table)} ({names}) SELECT {names} FROM {stage}{ending}"  # noqa: S608
            )
            return
        marks = ", ".join(["%s"] * len(columns.names))
        cursor.executemany(
            f"INSERT INTO {quote(columns.table)} ({names}) VALUES ({marks}){ending}",  # noqa: S608
            rows,
        )


def update_figures(columns: Columns, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Set the columns `names` of rows given as (values…, pk)."""
    if not rows:
        return
    quote = connection.ops.quote_name
    sets = ", ".join(f"{quote(name)} = %s" for name in names)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {quote(columns.table)} SET {sets} WHERE id = %s", rows)  # noqa: S608


@functools.cache
def columns_of(model: type[models.Model]) -> Columns:
    return Columns(model)


def raw_tail() -> str:
    quote = connection.ops.quote_name
    keys = ", ".join(quote(name) for name in ("cloud_id", "kind", "cloudstack_id"))
    return f" ON CONFLICT ({keys}) DO UPDATE SET body = excluded.body, fetched_at = excluded.fetched_at"


def raw_columns() -> Columns:
    return columns_of(RawAnswer)


def converter(field: models.Field[Any, Any]) -> Convert:
    """How a value of `field` is given to the database: cut to what fits, without NUL, None where it may be."""
    kind = field.get_internal_type()
    if isinstance(field, models.CharField | models.TextField):
        length = field.max_length

        def to_text(value: Any) -> str:
            if type(value) is str and "\x00" not in value and not (length and len(value) > length):
                return value
            found = "" if value is None else str(value)
            if "\x00" in found:
                found = found.replace("\x00", "\ufffd")
            return found[:length] if length and len(found) > length else found

        return to_text
    if kind in _INTEGER_ENDS and not field.is_relation:
        low, high = _INTEGER_ENDS[kind]
        empty = None if field.null else field.get_default()
        return lambda value: value if value is not None and low <= value <= high else empty
    if isinstance(field, models.DateTimeField):
        # The same few moments come again and again within a batch.
        return functools.lru_cache(maxsize=256)(
            lambda value: None if value is None else field.get_db_prep_value(value, connection)
        )
    if isinstance(field, models.UUIDField | models.JSONField):
        return lambda value: None if value is None else field.get_db_prep_value(value, connection)
    if isinstance(field, models.BinaryField):
        return lambda value: bytes(value) if value is not None else b""
    return lambda value: value


def new_uuid() -> uuid.UUID:
    return uuid.uuid4()
