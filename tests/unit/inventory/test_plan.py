"""The pure diff, and the digest under it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.inventory.mapping.common import Mapped, Raw
from provisioning.inventory.sync.digest import REDACTED, digest_of, packed, redacted, unpacked
from provisioning.inventory.sync.plan import Known, PagePlan, Rules, plan_page, vanished

SALT = b"things 1"
TENANT = uuid.uuid4()


def mapping(raw: Raw) -> Mapped:
    return Mapped({"name": raw.get("name", "")}, {"zone": raw.get("zoneid", "")}, {"load": raw.get("load")})


def rules(links: dict[str, int] | None = None, tenant: uuid.UUID | None = None, figures: bool = True) -> Rules:
    return Rules(
        SALT, frozenset({"load"}), lambda _raw: tenant, lambda _column, wanted: (links or {}).get(wanted),
        (lambda raw: {"load": raw.get("load")}) if figures else None,
    )  # fmt: skip


def plan(raws: list[dict[str, Any]], known: dict[str, Known], by: Rules | None = None) -> tuple[PagePlan, set[str]]:
    seen: set[str] = set()
    return plan_page(by or rules(), known, [(mapping, raw) for raw in raws], seen), seen


def stored(done: PagePlan, known: dict[str, Known] | None = None) -> dict[str, Known]:
    """What the database would hold after the plan was applied."""
    after = dict(known or {})
    for number, write in enumerate(done.writes):
        after[write.cloudstack_id] = Known(write.pk or number + 1, write.digest, write.metrics_digest, False)
    for figure in done.figures:
        after[figure.cloudstack_id] = after[figure.cloudstack_id]._replace(metrics_digest=figure.metrics_digest)
    return after


def test_new_then_same_then_changed() -> None:
    raws = [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]
    first, _ = plan(raws, {})
    assert (first.created, first.unchanged) == (2, 0)
    known = stored(first)
    assert plan(raws, known)[0].writes == []
    changed, _ = plan([{"id": "a", "name": "A2"}, raws[1]], known)
    assert [(write.cloudstack_id, write.pk) for write in changed.writes] == [("a", known["a"].pk)]


def test_figures_alone_are_no_write() -> None:
    known = stored(plan([{"id": "a", "load": 1}], {})[0])
    again, _ = plan([{"id": "a", "load": 2}], known)
    assert not again.writes and [figure.metrics for figure in again.figures] == [{"load": 2}]
    assert plan([{"id": "a", "load": 2}], known, rules(figures=False))[0].figures == []
    assert plan([{"id": "a", "load": 2}], stored(again, known))[0].figures == []


def test_a_tombstone_returns() -> None:
    known = stored(plan([{"id": "a"}], {})[0])
    gone = {"a": known["a"]._replace(is_gone=True)}
    back, _ = plan([{"id": "a"}], gone)
    assert back.returned == 1 and back.created == 0 and back.writes[0].pk == known["a"].pk


def test_a_missing_link_waits_without_being_written_again() -> None:
    raw = [{"id": "a", "zoneid": "z"}]
    known = stored(plan(raw, {})[0])
    assert plan(raw, known)[0].writes == []
    found, _ = plan(raw, known, rules({"z": 7}))
    assert [write.links for write in found.writes] == [{"zone": 7}]
    assert plan(raw, stored(found, known), rules({"z": 7}))[0].writes == []


def test_another_tenant_is_a_change() -> None:
    known = stored(plan([{"id": "a"}], {})[0])
    given_away, _ = plan([{"id": "a"}], known, rules(tenant=TENANT))
    assert [write.tenant for write in given_away.writes] == [TENANT]


def test_an_id_that_comes_twice_counts_once() -> None:
    twice, seen = plan([{"id": "a"}, {"id": "a"}], {})
    assert twice.created == 1 and seen == {"a"}


@given(st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
def test_vanished_is_what_was_there_and_did_not_come(before: set[str], now: set[str]) -> None:
    known = stored(plan([{"id": name} for name in sorted(before)], {})[0])
    again, seen = plan([{"id": name} for name in sorted(now)], known)
    assert set(vanished(known, seen)) == before - now
    assert {write.cloudstack_id for write in again.writes} == now - before


@given(st.dictionaries(st.text(max_size=5), st.integers(0, 9) | st.text(max_size=5), max_size=6))
def test_the_order_of_fields_does_not_matter(raw: dict[str, Any]) -> None:
    turned = dict(reversed(list(raw.items())))
    assert digest_of(SALT, raw, frozenset(), None) == digest_of(SALT, turned, frozenset(), None)
    assert digest_of(b"other", raw, frozenset(), None) != digest_of(SALT, raw, frozenset(), None)


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [("password", False), ("vncPassword", False), ("secretkey", False), ("apikey", False), ("privatekey", False),
     ("userdata", False), ("sessionkey", False), ("passwordenabled", True), ("apikeyaccess", True), ("zonetoken", True),
     ("userdataid", True), ("name", True)],
)  # fmt: skip
def test_secrets_are_not_kept(name: str, is_kept: bool) -> None:
    for raw in ({name: "value"}, {"user": [{"deep": {name: "value"}}]}):
        kept = repr(unpacked(packed(raw)))
        assert ("value" in kept) is is_kept and (REDACTED in kept) is not is_kept
        assert redacted(raw) == unpacked(packed(raw))
