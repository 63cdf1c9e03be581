"""How one value of a list is drawn in a cell, and how it is written to an export."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.web import figures
from portal.web.table_spec import Column, Viewer, follow
from portal.web.templatetags import zw
from provisioning.inventory.kinds import KINDS
from provisioning.inventory.models import AsyncJob

NOTHING = mark_safe('<span class="zw-muted">–</span>')
DIFF_SHOWN = 4


def draw(column: Column, row: Any, viewer: Viewer, slug: str) -> SafeString:
    """The cell's HTML. Everything that comes from a cloud is escaped."""
    value = column.value(row)
    drawer = DRAWERS.get(column.cell)
    if drawer is not None:
        return drawer(column, row, value, viewer, slug)
    if value in (None, ""):
        return NOTHING
    return format_html("{}", value)


def _name(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    url = detail_url(row, slug, viewer)
    # A tenant has no use for the hypervisor's name of an instance, and CloudStack does not give it to one.
    second = follow(row, column.second) if column.second and viewer.sees_infrastructure else ""
    extra = format_html(' <span class="zw-mono zw-muted">{}</span>', second) if second and second != value else ""
    gone = format_html(' <span class="zw-tag">{}</span>', _("gone")) if getattr(row, "gone_at", None) else ""
    return format_html('<a href="{}">{}</a>{}{}', url, value or row.cloudstack_id, extra, gone)


def detail_url(row: Any, slug: str, viewer: Viewer) -> str:
    cloud = viewer.cloud.uuid if viewer.cloud is not None else row.cloud.uuid
    return reverse("inventory:detail", args=[cloud, slug, row.uuid])


def _link(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    if value is None:
        return NOTHING
    shown = value.name or value.cloudstack_id
    if column.members == "text" and not viewer.sees_infrastructure:
        return format_html("{}", shown)
    return format_html('<a href="{}">{}</a>', detail_url(value, column.target, viewer), shown)


# Which of the state vocabularies (provisioning.inventory.states.STATES) a column speaks; else its kind's own.
VOCABULARIES = {"resource_state": "resource-state", "managed_state": "managed-state", "agent_state": "agent-state",
                "redundant_state": "redundant-state"}  # fmt: skip


def vocabulary(key: str, slug: str) -> str:
    return VOCABULARIES.get(key, slug)


def _state(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return zw.state(value, vocabulary(column.path or column.key, slug)) if value else NOTHING


def _mono(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return format_html('<span class="zw-mono">{}</span>', value) if value not in (None, "") else NOTHING


def _number(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return NOTHING if value is None else format_html("{}", plain_number(value))


def plain_number(value: float) -> str:
    """1,000 or 2.5; identifiers (a VLAN) are small enough to stay readable."""
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"


def quantity(value: float | None, unit: str) -> str:
    """A size in the unit that fits: bytes, mib, gib, mhz or percent (of 100)."""
    if value is None:
        return "–"
    if unit in {"bytes", "mib", "gib"}:
        return figures.size(value * {"bytes": 1, "mib": 2**20, "gib": 2**30}[unit])
    if unit == "mhz":
        return f"{value / 1000:,.1f} GHz" if value >= 1000 else f"{value:,.0f} MHz"
    if unit == "percent":
        return figures.percent(value / 100)
    return plain_number(value)


def _quantity(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return NOTHING if value is None else format_html("{}", quantity(value, column.cell))


def _fill(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    total = follow(row, column.second)
    if value is None or not total:
        return NOTHING if value is None else format_html("{}", quantity(value, str(column.unit)))
    share = value / total
    words = _("%(used)s of %(total)s") % {
        "used": quantity(value, str(column.unit)),
        "total": quantity(total, str(column.unit)),
    }
    return format_html(
        '<span class="zw-fillcell" title="{}">{}<span>{}</span></span>',
        words, zw.meter(share, label=str(column.label)), figures.percent(share),
    )  # fmt: skip


def _ago(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return zw.ago(value) if value else NOTHING


def _time(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return zw.at(value, "full") if value else NOTHING


def _span(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    end = follow(row, column.second)
    if value is None or end is None:
        return NOTHING
    seconds = (end - value).total_seconds()
    return format_html("{}", f"{seconds:.1f} s" if 0 <= seconds < 10 else figures.span(end - value))


def _tags(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    if not isinstance(value, dict) or not value:
        return NOTHING
    return format_html_join(
        " ", '<span class="zw-tag">{}</span>', ((f"{k}={v}" if v not in (None, "") else k,) for k, v in value.items())
    )


def _flag(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    if value is None:
        return format_html('<span class="zw-muted">{}</span>', _("unknown"))
    return format_html("{}", _("yes")) if value else format_html('<span class="zw-muted">{}</span>', _("no"))


def _tenant(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    name = viewer.tenant_names.get(value) if value else None
    return format_html("{}", name) if name else NOTHING


JOB_WORDS = {
    AsyncJob.Status.RUNNING: ("working", "Running"),
    AsyncJob.Status.SUCCEEDED: ("good", "Succeeded"),
    AsyncJob.Status.FAILED: ("bad", "Failed"),
    AsyncJob.Status.CANCELLED: ("held", "Cancelled"),
}


def job_status(value: int | None) -> SafeString:
    """A job's status; one that vanished before we saw its end is neither good nor bad."""
    if value is None:
        return zw.badge("neutral", _("Ended unseen"), pill=False)
    known = AsyncJob.Status(value) if value in AsyncJob.Status.values else None
    group, word = JOB_WORDS[known] if known is not None else ("neutral", "")
    return zw.badge(group, _(word) if word else str(value), pill=False)


def _jobstatus(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return job_status(value)


def _job(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    assert viewer.cloud is not None
    url = reverse("inventory:job", args=[viewer.cloud.uuid, row.uuid])
    return format_html(
        '<a href="{}">{}</a> <span class="zw-mono zw-muted">{}</span>', url, short_command(value), row.log_id
    )


def _event(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    assert viewer.cloud is not None
    url = reverse("inventory:event", args=[viewer.cloud.uuid, row.uuid])
    return format_html('<a class="zw-mono" href="{}">{}</a>', url, value or _("unknown event"))


def short_command(command: str) -> str:
    """CloudStack's class name as the command it serves: …vm.DeployVMCmdByAdmin → DeployVMCmdByAdmin."""
    return command.rsplit(".", 1)[-1] if command else _("unknown command")


def _linked(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    if value is None:
        return NOTHING
    return format_html(
        '<a href="{}">{}</a>', detail_url(value, value.kind_slug, viewer), value.name or value.cloudstack_id
    )


LEVELS = {"INFO": "neutral", "WARN": "attention", "ERROR": "bad"}
LEVEL_ICONS = {"neutral": "info-circle", "attention": "alert-triangle", "bad": "circle-x"}


def _level(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    group = LEVELS.get(str(value).upper(), "neutral")
    return zw.badge(group, value or _("unknown"), LEVEL_ICONS[group], pill=False)


def _alert(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return zw.badge("attention", value or _("Alert"), pill=False)


CHANGES = {"created": ("good", "plus"), "changed": ("working", "pencil"), "gone": ("attention", "ghost"),
           "returned": ("good", "arrow-back-up")}  # fmt: skip


def _change(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    group, icon = CHANGES.get(value, ("neutral", "point"))
    words = {"created": _("Created"), "changed": _("Changed"), "gone": _("Gone"), "returned": _("Returned")}
    return zw.badge(group, words.get(value, value), icon, pill=False)


def _kind(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return format_html("{}", KINDS[value].label if value in KINDS else value)


def _changed(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    shown = value or str(row.object_uuid)
    if row.kind not in KINDS or viewer.cloud is None:
        return format_html("{}", shown)
    url = reverse("inventory:detail", args=[viewer.cloud.uuid, row.kind, row.object_uuid])
    return format_html('<a href="{}">{}</a>', url, shown)


def _diff(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return draw_diff(row.before, row.after, row.change, row.kind)


def draw_diff(before: Any, after: Any, change: str = "changed", slug: str = "") -> SafeString:
    """`field: before → after`, the first few fields, states in their colours; created or gone needs none."""
    if change != "changed":
        return NOTHING
    before = before if isinstance(before, dict) else {}
    after = after if isinstance(after, dict) else {}
    keys = sorted({*before, *after}, key=lambda key: (key not in {"state", *VOCABULARIES}, key))
    parts = format_html_join(
        mark_safe(" · "),
        '<span class="zw-muted">{}</span> {} → {}',
        (
            (key.replace("_", " "), _side(key, before.get(key), slug), _side(key, after.get(key), slug))
            for key in keys[:DIFF_SHOWN]
        ),
    )
    more = len(keys) - DIFF_SHOWN
    rest = format_html(" {}", _("and %(n)s more") % {"n": more}) if more > 0 else ""
    return format_html("{}{}", parts, rest) if keys else NOTHING


def _side(key: str, value: Any, slug: str) -> SafeString:
    if value and isinstance(value, str) and (key == "state" or key in VOCABULARIES):
        return zw.state(value, vocabulary(key, slug))
    return format_html("<span>{}</span>", _short(value))


def _short(value: Any) -> str:
    if value in (None, ""):
        return _("none")
    if isinstance(value, dict):
        value = value.get("name") or value.get("cloudstack_id") or value
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


VERDICTS = {"twice": ("bad", "circle-x"), "public": ("bad", "circle-x"), "outside": ("attention", "alert-triangle"),
            "by_hand": ("held", "hand-stop"), "ok": ("good", "circle-check")}  # fmt: skip


def _verdict(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    from portal.web.inventory.tables.segments import VERDICTS as WORDS

    group, icon = VERDICTS.get(value, ("neutral", "help-circle"))
    return zw.badge(group, dict(WORDS).get(value, value), icon, pill=False)


def _identifier(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return NOTHING if value is None else format_html('<span class="zw-num">{}</span>', value)


def _networkname(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return format_html('<a href="{}">{}</a>', detail_url(row, "networks", viewer), value or row.cloudstack_id)


def _netstate(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return zw.state(value, "networks") if value else NOTHING


def _list(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    return format_html("{}", ", ".join(value)) if value else NOTHING


def _result(column: Column, row: Any, value: Any, viewer: Viewer, slug: str) -> SafeString:
    from portal.web.inventory.jobs import result_sentence

    text = result_sentence(row, viewer)
    return format_html('<span class="zw-clip" title="{}">{}</span>', text, text) if text else NOTHING


DRAWERS = {
    "name": _name, "link": _link, "state": _state, "mono": _mono, "number": _number, "bytes": _quantity,
    "mib": _quantity, "gib": _quantity, "mhz": _quantity, "percent": _quantity, "fill": _fill, "ago": _ago,
    "time": _time, "span": _span, "tags": _tags, "flag": _flag, "tenant": _tenant, "jobstatus": _jobstatus,
    "job": _job, "event": _event, "linked": _linked, "level": _level, "alert": _alert, "change": _change, "kind": _kind,
    "changed": _changed, "diff": _diff, "result": _result, "verdict": _verdict,
    "identifier": _identifier, "networkname": _networkname, "netstate": _netstate, "list": _list,
}  # fmt: skip


def plain(column: Column, row: Any, viewer: Viewer) -> Any:
    """The value as JSON: numbers stay numbers in their base unit, times are ISO 8601 UTC, relations are objects."""
    value = column.value(row)
    if column.cell == "tenant":
        return {"uuid": str(value), "name": viewer.tenant_names.get(value, "")} if value else None
    if column.cell in {"link", "linked"}:
        if value is None:
            return None
        if column.members == "text" and not viewer.sees_infrastructure:
            return {"name": value.name}
        return {"uuid": str(value.uuid), "name": value.name, "cloudstack_id": value.cloudstack_id}
    if column.cell == "jobstatus":
        return None if value is None else AsyncJob.Status(value).name.lower()
    if column.cell == "fill":
        return {"used": value, "total": follow(row, column.second)}
    if column.cell == "span":
        end = follow(row, column.second)
        return None if value is None or end is None else (end - value).total_seconds()
    if column.cell == "diff":
        return {"before": row.before, "after": row.after}
    if column.cell == "changed":
        return {"name": value, "uuid": str(row.object_uuid), "kind": row.kind}
    if column.cell == "result":
        from portal.web.inventory.jobs import result_sentence

        return result_sentence(row, viewer)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, uuid.UUID) else value
