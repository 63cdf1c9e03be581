"""Template tags of the console's components. docs/design-system.md shows each of them in use."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.web import figures
from portal.web import words as catalogue
from provisioning.accounts import policies

register = template.Library()
register.filter("count", figures.count)
register.filter("percent", figures.percent)
register.filter("bytes", figures.size)
register.filter("short_name", figures.short_name)


@lru_cache(maxsize=1)
def _sprite() -> str:
    return static("vendor/icons.svg")


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """A Tabler outline icon. Hidden from screen readers unless it has a `label`."""
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="zw-icon{}" {} focusable="false"><use href="{}#{}"/></svg>',
        f" {css}" if css else "", said, _sprite(), name,
    )  # fmt: skip


@register.simple_tag
def state(value: str, kind: str = "", pill: bool = False, word: str = "", icon_name: str = "") -> SafeString:
    """A state as icon, word and colour. `value` is CloudStack's own word and is shown verbatim unless `word` is
    given; `kind` is the slug of the kind it belongs to."""
    group = figures.state_group(value, kind)
    shown = word or value or _("Unknown")
    name = icon_name or figures.state_icon(value, kind)
    return badge(group, shown, name, pill)


@register.simple_tag
def badge(group: str, word: str, icon_name: str = "", pill: bool = True) -> SafeString:
    """A verdict of our own in the look of a state: group (good, working, attention, bad, held, neutral) and word."""
    name = icon_name or figures.GROUP_ICONS[group]
    spin = "zw-icon--sm zw-spin" if name == "loader-2" else "zw-icon--sm"
    return format_html(
        '<span class="zw-state zw-state--{}{}">{}{}</span>', group, " zw-pill" if pill else "", icon(name, spin), word
    )


@register.simple_tag
def meter(
    fraction: float | None,
    notify: float | None = None,
    disable: float | None = None,
    label: str = "",
    reserved: float | None = None,
) -> SafeString:
    """Fill against thresholds, all as fractions (0.82). None is unknown and hatched. The percentage belongs beside it
    as text: the meter says it only to screen readers."""
    if fraction is None:
        text = _("unknown")
        bar = format_html(
            '<svg class="zw-meter" viewBox="0 0 120 14" preserveAspectRatio="none" aria-hidden="true">'
            '<rect class="zw-meter-track" y="3" width="120" height="8"/><path class="zw-hatch" d="{}"/></svg>',
            "".join(f"M{x} 11l6 -8" for x in range(-3, 120, 6)),
        )
        return format_html('<span role="img" aria-label="{}">{}</span>', f"{label}: {text}" if label else text, bar)
    level = figures.level(fraction, notify, disable)
    ticks = format_html_join(
        "",
        '<line class="zw-meter-{}" x1="{}%" x2="{}%" y1="0" y2="14"/>',
        (
            (name, _at(value), _at(value))
            for name, value in (("notify", notify), ("disable", disable))
            if value is not None and 0 < value <= 1
        ),
    )
    kept = ""
    if reserved:
        kept = format_html(
            '<rect class="zw-meter-reserved" x="{}%" y="3" width="{}%" height="8"/>', _at(fraction), _at(reserved)
        )
    text = figures.meter_text(fraction, notify, disable)
    return format_html(
        '<svg class="zw-meter zw-meter--{}" role="meter" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{}" '
        'aria-valuetext="{}" aria-label="{}"><rect class="zw-meter-track" y="3" width="100%" height="8" rx="1"/>'
        '{}<rect class="zw-meter-fill" y="3" width="{}%" height="8" rx="1"/>{}</svg>',
        level, round(fraction * 100), text, label or _("Fill"), kept, _at(min(max(fraction, 0), 1)), ticks,
    )  # fmt: skip


def _at(fraction: float) -> str:
    return f"{min(max(fraction, 0.0), 1.0) * 100:.1f}"


@register.simple_tag
def strip(parts: Any, label: str = "") -> SafeString:
    """Parts of a whole as one bar: pairs of group and number, drawn in the order given. A part that is not nothing is
    at least 0.6 % wide, so that 1 of 1,000 is seen."""
    known = [(group, number) for group, number in parts if number]
    total = sum(number for _group, number in known)
    if not total:
        return format_html('<svg class="zw-strip" role="img" aria-label="{}"><rect class="zw-meter-track" width="100%" '
                           'height="12"/></svg>', label)  # fmt: skip
    wide = [(group, max(number / total * 100, 0.6)) for group, number in known]
    scale = (100 - 0.3 * (len(wide) - 1)) / sum(width for _group, width in wide)
    x, bars = 0.0, []
    for group, width in wide:
        bars.append((group, f"{x:.2f}", f"{width * scale:.2f}"))
        x += width * scale + 0.3
    return format_html(
        '<svg class="zw-strip" role="img" aria-label="{}">{}</svg>', label,
        format_html_join("", '<rect class="zw-fill--{}" x="{}%" width="{}%" height="12"/>', bars),
    )  # fmt: skip


@register.simple_tag
def ago(at: datetime | None, never: str = "") -> SafeString:
    """How long ago, kept current by the page; UTC on hover."""
    if at is None:
        return format_html('<span class="zw-muted">{}</span>', never or _("never"))
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>', _iso(at), _utc(at), figures.ago(timezone.now() - at)
    )


@register.simple_tag
def since(at: datetime | None) -> SafeString:
    """For how long, without "ago": 21 min, 13 h."""
    if at is None:
        return format_html('<span class="zw-muted">{}</span>', _("unknown"))
    span = figures.span(timezone.now() - at)
    return format_html('<time datetime="{}" title="{}" data-ago="span">{}</time>', _iso(at), _utc(at), span)


@register.simple_tag
def at(moment: datetime | None, style: str = "auto") -> SafeString:
    """A moment in the person's zone: "time" 14:02, "seconds" 14:02:11, "date" 23 Nov 2026, "full" both with the
    zone, "auto" the time today, else day and month."""
    if moment is None:
        return format_html('<span class="zw-muted">{}</span>', _("never"))
    local = timezone.localtime(moment)
    if style == "auto":
        today = timezone.localtime()
        shape = "H:i" if local.date() == today.date() else ("j M" if local.year == today.year else "j M Y")
    else:
        shape = {"time": "H:i", "seconds": "H:i:s", "date": "j M Y", "full": "j M Y H:i:s T"}[style]
    words = date_format(local, shape)
    return format_html('<time datetime="{}" title="{}">{}</time>', _iso(moment), _utc(moment), words)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@register.simple_tag
def obj_url(obj: Any, cloud: Any = None) -> str:
    """The page of a mirrored object, or "" when it has none. Pass the cloud to spare a query per object."""
    from provisioning.inventory.kinds import kind_of

    try:
        cloud_uuid = (cloud or obj.cloud).uuid
        return reverse("inventory:detail", args=[cloud_uuid, kind_of(obj).slug, obj.uuid])
    except (KeyError, NoReverseMatch, AttributeError):
        return ""


@register.simple_tag
def obj_link(obj: Any, cloud: Any = None, icon_name: str = "", text: str = "") -> SafeString:
    """A link to a mirrored object; its name alone when there is no page, a dash when there is no object."""
    if obj is None:
        return format_html('<span class="zw-muted">{}</span>', _("none"))
    shown = text or str(obj)
    before = icon(icon_name, "zw-icon--sm") + " " if icon_name else ""
    url = obj_url(obj, cloud)
    if not url:
        return format_html("{}{}", before, shown)
    return format_html('<a href="{}">{}{}</a>', url, before, shown)


@register.simple_tag
def counted(number: int, singular: str, plural: str) -> str:
    """ "1 host", "1,000 hosts". Both words must already be translatable strings."""
    return f"{figures.count(number)} {ngettext(singular, plural, number)}"


@register.simple_tag(takes_context=True)
def nav_current(context: template.Context, *names: str) -> SafeString:
    """`aria-current="page"` when the page's view is one of `names`."""
    match = getattr(context.get("request"), "resolver_match", None)
    return mark_safe('aria-current="page"') if match and match.view_name in names else mark_safe("")


@register.filter
def initials(user: Any) -> str:
    """Up to two letters for a person's mark."""
    words = str(user).replace(".", " ").split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()[:2]


@register.simple_tag(takes_context=True)
def cloud_home(context: dict[str, Any], cloud: Any) -> str:
    """The first page of a cloud: the overview, or the instances for a member of tenants, who may not see it."""
    user = getattr(context.get("request"), "user", None)
    try:
        if user is not None and not policies.can_see_infrastructure(user):
            return reverse("inventory:list", args=[cloud.uuid, "instances"])
        return reverse("inventory:overview", args=[cloud.uuid])
    except NoReverseMatch:
        return ""


@register.filter
def total(rows: Any, name: str) -> int:
    """The sum of one attribute over `rows`."""
    return sum(getattr(row, name) or 0 for row in rows)


@register.filter
def done_fraction(sync: Any) -> float | None:
    """How much of a sync is done; None while nobody knows how much there is."""
    return sync.kinds_done / sync.kinds_total if sync.kinds_total else None


@register.filter
def embolden(sentence: str, name: str) -> SafeString:
    """The sentence with the object's name in bold; both stay text."""
    before, found, after = sentence.partition(name) if name else (sentence, "", "")
    return format_html("{}<b>{}</b>{}", before, found, after) if found else format_html("{}", sentence)


@register.simple_tag
def zone_width(hosts: int, zones: Any) -> str:
    """A zone with more than a third of the hosts gets a wider card."""
    everywhere = sum(zone.hosts for zone in zones)
    return "zw-zone--wide" if everywhere and hosts / everywhere > 0.34 and len(zones) > 1 else ""


@register.simple_tag
def words() -> str:
    """The address of the scripts' words in the current language."""
    return catalogue.address()


@register.simple_tag
def sprite() -> str:
    """The address of the icon sprite, for icons inside drawings."""
    return _sprite()


@register.filter
def unlocalized(number: float) -> str:
    """A length for an SVG attribute: a dot, no thousands, at most one decimal."""
    return f"{number:.1f}".removesuffix(".0")


@register.filter
def plus(number: float, more: float) -> str:
    """A length moved by `more`, for an SVG attribute."""
    return unlocalized(number + more)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or None."""
    try:
        return mapping[key]
    except (KeyError, IndexError, TypeError):
        return None
