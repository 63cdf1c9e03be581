"""From CloudStack ids to primary keys, for the kinds that others point at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioning.inventory.mapping.common import account_key
from provisioning.inventory.models import Account, Cloud
from provisioning.inventory.sync.specs import SPECS


class Links:
    """{CloudStack id: pk} per kind, read when first needed. Tombstones count: what is gone may still be pointed at."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._by_kind: dict[str, dict[str, int]] = {}

    def of(self, kind: str) -> dict[str, int]:
        if kind not in self._by_kind:
            self._by_kind[kind] = self._accounts() if kind == "accounts" else self._ids(kind)
        return self._by_kind[kind]

    def forget(self, kind: str) -> None:
        self._by_kind.pop(kind, None)

    def learn(self, kind: str, identities: Iterable[str]) -> Mapping[str, int]:
        """Primary keys of rows just written, kept for those that will point at them."""
        wanted = list(identities)
        rows = SPECS[kind].model.objects.filter(cloud=self._cloud, cloudstack_id__in=wanted)
        found = dict(rows.values_list("cloudstack_id", "pk"))
        if kind == "accounts":
            self.forget(kind)
        elif kind in self._by_kind:
            self._by_kind[kind].update(found)
        return found

    def _ids(self, kind: str) -> dict[str, int]:
        rows = SPECS[kind].model.objects.filter(cloud=self._cloud).order_by()
        return dict(rows.values_list("cloudstack_id", "pk").iterator(chunk_size=5000))

    def _accounts(self) -> dict[str, int]:
        # A removed account's name may be used again: the present one wins.
        rows = Account.objects.filter(cloud=self._cloud).order_by("-gone_at", "pk")
        found: dict[str, int] = {}
        present: dict[str, int] = {}
        for pk, name, domain, gone_at in rows.values_list("pk", "name", "domain__cloudstack_id", "gone_at"):
            key = account_key(domain or "", name)
            if key:
                (found if gone_at else present)[key] = pk
        return found | present
