"""Registering, changing and removing clouds, and asking for a sync.

Every function takes `by`, the person who acts; None is the product itself (the command line, the schedule). The network
is asked before the transaction, never in it; a try that fails is on the audit trail and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from provisioning.accounts import policies
from provisioning.accounts.models import Tenant
from provisioning.audit.record import record, record_refusal
from provisioning.cloudstack import CloudStackError, Command, Gateway
from provisioning.cloudstack.transport import split_address
from provisioning.inventory.errors import NotAllowed, Refused
from provisioning.inventory.models import Cloud, Sync, SyncLease
from provisioning.inventory.operations import removal
from provisioning.inventory.sync import catalogue, queue
from provisioning.inventory.sync.catalogue import Probe
from provisioning.inventory.sync.lease import holder

if TYPE_CHECKING:
    from provisioning.accounts.models import User

PROBE_TIMEOUT_S = 10.0
PROBE_RETRY_BUDGET_S = 3.0
# What a change may touch, and what of it opens the connection anew.
CONNECTION = ("api_url", "api_key", "secret_key", "ca_bundle", "proxy_url", "verify_tls")
EDITABLE = ("name", *CONNECTION, "is_enabled")
_AUDITED = ("name", "api_url", "api_key", "ca_bundle", "proxy_url", "verify_tls", "is_enabled")

__all__ = ["Probe", "add_cloud", "edit_cloud", "probe", "remove_cloud", "request_sync"]


def probe(
    url: str,
    api_key: str,
    secret_key: str,
    ca_bundle: str = "",
    proxy_url: str = "",
    verify_tls: bool = True,
    *,
    by: User | None = None,
) -> Probe:
    """Try a key pair: version, role and number of commands. Writes nothing but the trail of a try that failed.

    Raises NotAllowed, or the CloudStackError that tells what is wrong.
    """
    _check(by, "cloud.probe", url)
    return _look(url, api_key, secret_key, ca_bundle, proxy_url, verify_tls, name="")[0]


def add_cloud(
    *,
    name: str,
    api_url: str,
    api_key: str,
    secret_key: str,
    ca_bundle: str = "",
    proxy_url: str = "",
    verify_tls: bool = True,
    is_demo: bool = False,
    by: User | None = None,
    reason: str = "",
) -> Cloud:
    """Register a cloud whose keys work, and ask for its first sync.

    Raises NotAllowed, Refused (name taken, this key at this address registered already) or CloudStackError.
    """
    values = _cleaned(
        {
            "name": name, "api_url": api_url, "api_key": api_key, "secret_key": secret_key, "ca_bundle": ca_bundle,
            "proxy_url": proxy_url, "verify_tls": verify_tls,
        }
    )  # fmt: skip
    _check(by, "cloud.add", values["name"])
    try:
        _refuse_doubles(values)
        seen, commands = _look(name=values["name"], **_connection(values))
    except (CloudStackError, Refused) as error:
        record_refusal("cloud.add", obj_type="cloud", obj_name=values["name"], after=_shown(values), reason=reason,
                       result="failed", error=error.sentence)  # fmt: skip
        raise
    try:
        with transaction.atomic():
            cloud = Cloud.objects.create(**values, is_demo=is_demo)
            catalogue.store(cloud, seen, commands)
            record(
                "cloud.add", obj_type="cloud", obj_id=cloud.uuid, obj_name=cloud.name, cloud_uuid=cloud.uuid,
                after={**_shown(values), "version": seen.version, "role_name": seen.role_name,
                       "command_count": seen.command_count},
                reason=reason,
            )  # fmt: skip
            queue.ask(cloud, requested_by=_name_of(by))
    except IntegrityError:
        # Somebody else was quicker by a moment.
        _refuse_doubles(values)
        raise
    return cloud


def edit_cloud(cloud: Cloud, *, by: User | None = None, reason: str = "", **changes: Any) -> Cloud:
    """Change a cloud's name, connection or whether it is asked at all. An empty `secret_key` keeps the stored one.

    A new connection is tried first. Raises NotAllowed, Refused or CloudStackError; TypeError for what is not editable.
    """
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise TypeError(f"{', '.join(sorted(unknown))}: not to be edited")
    if not changes.get("secret_key"):
        changes.pop("secret_key", None)
    _check(by, "cloud.change", cloud.name, cloud)
    before = {name: getattr(cloud, name) for name in EDITABLE}
    wanted = _cleaned({**before, **changes})
    changed = [name for name in EDITABLE if wanted[name] != before[name]]
    if not changed:
        return cloud
    seen: tuple[Probe, dict[str, Command]] | None = None
    try:
        _refuse_doubles(wanted, cloud)
        if wanted["is_enabled"] and (set(changed) & set(CONNECTION) or "is_enabled" in changed):
            seen = _look(name=wanted["name"], **_connection(wanted))
    except (CloudStackError, Refused) as error:
        record_refusal("cloud.change", obj_type="cloud", obj_id=cloud.uuid, obj_name=cloud.name, cloud_uuid=cloud.uuid,
                       after=_changes(wanted, changed), reason=reason, result="failed",
                       error=error.sentence)  # fmt: skip
        raise
    with transaction.atomic():
        locked = Cloud.objects.select_for_update().filter(pk=cloud.pk).first()
        if locked is None:
            raise Refused(_("The cloud was removed meanwhile."))
        for name in changed:
            setattr(locked, name, wanted[name])
        fields = list(changed)
        if seen is not None:
            locked.state, locked.last_error, locked.last_error_kind = Cloud.State.NEW, "", ""
            fields += ["state", "last_error", "last_error_kind"]
        locked.save(update_fields=fields)
        if seen is not None:
            catalogue.store(locked, *seen)
        record(
            "cloud.change", obj_type="cloud", obj_id=locked.uuid, obj_name=locked.name, cloud_uuid=locked.uuid,
            before=_changes(before, changed), after=_changes(wanted, changed), reason=reason,
        )  # fmt: skip
        if seen is not None:
            queue.ask(locked, requested_by=_name_of(by))
    return locked


def remove_cloud(cloud: Cloud, *, by: User | None = None, reason: str = "") -> None:
    """Forget a cloud and its mirror; the cloud itself is not touched, and the audit trail stays.

    Raises NotAllowed, or Refused while tenants still belong to it or a sync is writing.
    """
    _check(by, "cloud.remove", cloud.name, cloud)
    tenants = Tenant.objects.filter(cloud_uuid=cloud.uuid).count()
    refusal = ""
    if tenants:
        refusal = _("%(tenants)d tenants still belong to %(cloud)s. Remove them first.") % {
            "tenants": tenants, "cloud": cloud.name,
        }  # fmt: skip
    elif holder(cloud, SyncLease.Purpose.INVENTORY):
        refusal = _("A sync of %(cloud)s is running. Try again when it has ended.") % {"cloud": cloud.name}
    if refusal:
        record_refusal("cloud.remove", obj_type="cloud", obj_id=cloud.uuid, obj_name=cloud.name, cloud_uuid=cloud.uuid,
                       reason=reason, result="failed", error=refusal)  # fmt: skip
        raise Refused(refusal)
    # No more syncs from here on; the big tables go in small steps, so that nobody waits for them.
    Cloud.objects.filter(pk=cloud.pk).update(is_enabled=False)
    removal.empty(cloud)
    with transaction.atomic():
        locked = Cloud.objects.select_for_update().filter(pk=cloud.pk).first()
        if locked is None:
            return
        record("cloud.remove", obj_type="cloud", obj_id=locked.uuid, obj_name=locked.name, cloud_uuid=locked.uuid,
               before=_shown({name: getattr(locked, name) for name in EDITABLE}), reason=reason)  # fmt: skip
        locked.delete()


def request_sync(cloud: Cloud, kinds: Iterable[str] = (), requested_by: str = "", *, by: User | None = None) -> Sync:
    """Ask for a sync of `kinds` (all when empty) now; gives the waiting one when there is one.

    Raises NotAllowed, or Refused for a cloud that is not asked at all.
    """
    _check(by, "cloud.sync", cloud.name, cloud, policies.can_request_sync)
    wanted = list(kinds)
    if not cloud.is_enabled:
        raise Refused(_("%(cloud)s is switched off; switch it on to look at it again.") % {"cloud": cloud.name})
    with transaction.atomic():
        sync = queue.ask(cloud, wanted, requested_by=requested_by or _name_of(by))
        if by is not None:
            record("cloud.sync", obj_type="cloud", obj_id=cloud.uuid, obj_name=cloud.name, cloud_uuid=cloud.uuid,
                   after={"kinds": wanted, "sync": str(sync.uuid)})  # fmt: skip
    return sync


# -- parts ---------------------------------------------------------------------------------------------------------


def _check(by: User | None, action: str, name: str, cloud: Cloud | None = None, policy: Any = None) -> None:
    allowed = policy or policies.can_manage_clouds
    if by is None or allowed(by, cloud):
        return
    sentence = _("Your role may not do this.")
    record_refusal(action, obj_type="cloud", obj_id=cloud.uuid if cloud else "", obj_name=name,
                   cloud_uuid=cloud.uuid if cloud else None, result="denied", error=sentence)  # fmt: skip
    raise NotAllowed(sentence)


def _look(
    url: str = "", api_key: str = "", secret_key: str = "", ca_bundle: str = "", proxy_url: str = "",
    verify_tls: bool = True, *, name: str,
) -> tuple[Probe, dict[str, Command]]:  # fmt: skip
    with Gateway(
        url.strip(), api_key.strip(), secret_key.strip(), timeout_s=PROBE_TIMEOUT_S,
        retry_budget_s=PROBE_RETRY_BUDGET_S, ca_bundle=ca_bundle, proxy_url=proxy_url.strip(), verify_tls=verify_tls,
        name=name,
    ) as gateway:  # fmt: skip
        return catalogue.look(gateway, api_key.strip())


def _connection(values: dict[str, Any]) -> dict[str, Any]:
    return {("url" if name == "api_url" else name): values[name] for name in CONNECTION}


def _cleaned(values: dict[str, Any]) -> dict[str, Any]:
    cleaned = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    for field, words in (
        ("name", _("Give the cloud a name.")),
        ("api_url", _("The address of the API is missing; it ends in /client/api.")),
        ("api_key", _("The API key is missing.")),
        ("secret_key", _("The secret key is missing.")),
    ):
        if not cleaned.get(field):
            raise Refused(words, field)
    parts = split_address(cleaned["api_url"])
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise Refused(
            _("%(url)s is no address of an API; it looks like https://cloud.example.org/client/api.")
            % {"url": cleaned["api_url"].split("?")[0].rpartition("@")[2][:200]},
            "api_url",
        )
    if len(cleaned["name"]) > 200:
        raise Refused(_("A cloud's name has at most 200 characters."), "name")
    if len(cleaned["api_key"]) > 200 or len(cleaned["api_url"]) > 500 or len(cleaned["proxy_url"]) > 500:
        raise Refused(_("The address or key is longer than any of CloudStack's."), "api_url")
    return cleaned


def _refuse_doubles(values: dict[str, Any], cloud: Cloud | None = None) -> None:
    others = Cloud.objects.exclude(pk=cloud.pk) if cloud else Cloud.objects.all()
    if others.filter(name=values["name"]).exists():
        raise Refused(_("A cloud is called %(name)s already.") % {"name": values["name"]}, "name")
    double = others.filter(api_url=values["api_url"]).first()
    if double is not None:
        raise Refused(_("This address is registered already, as %(name)s.") % {"name": double.name}, "api_url")


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in _AUDITED if name in values}


def _changes(values: dict[str, Any], changed: list[str]) -> dict[str, Any]:
    shown = {name: values[name] for name in changed if name != "secret_key"}
    if "secret_key" in changed:
        shown["secret_key"] = "(not shown)"  # noqa: S105
    return shown


def _name_of(by: User | None) -> str:
    return str(by) if by is not None else "system"
