"""Keeping version, role and command catalogue of a cloud up to date."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.cloudstack import CloudStackError, Command, Gateway, ParameterRefused, PermissionRefused
from provisioning.inventory.mapping.common import text
from provisioning.inventory.models import Cloud, CloudCommand

CATALOGUE_LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class Probe:
    """What a key pair opens: CloudStack's version, the role behind the key, and how many commands it may call.

    `role_name` and `role_type` are "" when the role may not even look at its own user.
    """

    version: str
    role_name: str
    role_type: str
    command_count: int
    capabilities: dict[str, Any] = field(default_factory=dict, repr=False)
    account_name: str = ""
    domain_path: str = ""


def look(gateway: Gateway, api_key: str) -> tuple[Probe, dict[str, Command]]:
    """Ask for capabilities, commands and the key's own user. Raises CloudStackError."""
    capability = gateway.call("listCapabilities").get("capability")
    capabilities = capability if isinstance(capability, dict) else {}
    commands = gateway.catalogue(refresh=True)
    user = _own_user(gateway, api_key)
    return Probe(
        version=text(capabilities, "cloudstackversion"),
        role_name=text(user, "rolename"),
        role_type=text(user, "roletype"),
        command_count=len(commands),
        capabilities=capabilities,
        account_name=text(user, "account"),
        domain_path=text(user, "domainpath", "domain"),
    ), commands


def _own_user(gateway: Gateway, api_key: str) -> dict[str, Any]:
    """The user that the key belongs to. CloudStack gives no direct way that every role may use."""
    if gateway.offers("getUser"):
        try:
            user = gateway.call("getUser", userapikey=api_key).get("user")
            if isinstance(user, dict):
                return user
        except (PermissionRefused, ParameterRefused):
            pass
        except CloudStackError as error:
            if error.kind not in ("fault", "not_found"):
                raise
    if gateway.offers("listUsers"):
        for page in gateway.pages("listUsers", "user", optional={"listall": True}):
            for user in page:
                if user.get("apikey") == api_key:
                    return user
    return {}


def is_stale(cloud: Cloud) -> bool:
    return cloud.catalogue_at is None or timezone.now() - cloud.catalogue_at > CATALOGUE_LASTS


def refresh(cloud: Cloud, gateway: Gateway) -> Probe:
    """Look, and store what was seen. Raises CloudStackError."""
    probe, commands = look(gateway, cloud.api_key)
    with transaction.atomic():
        store(cloud, probe, commands)
    return probe


def store(cloud: Cloud, probe: Probe, commands: dict[str, Command]) -> None:
    """Write version, role and catalogue; inside the caller's transaction. Only commands that differ are written."""
    known = {row.name: row for row in cloud.commands.all()}
    new, changed = [], []
    for name, command in commands.items():
        wanted = {
            "is_async": command.is_async,
            "since": command.since[:32],
            "http_method": command.http_method[:8],
            "params": command.as_record(),
        }
        row = known.get(name)
        if row is None:
            new.append(CloudCommand(cloud=cloud, name=name, **wanted))
        elif any(getattr(row, field_name) != value for field_name, value in wanted.items()):
            for field_name, value in wanted.items():
                setattr(row, field_name, value)
            changed.append(row)
    CloudCommand.objects.bulk_create(new, batch_size=200)
    CloudCommand.objects.bulk_update(changed, ["is_async", "since", "http_method", "params"], batch_size=100)
    gone = [row.pk for name, row in known.items() if name not in commands]
    if gone:
        CloudCommand.objects.filter(pk__in=gone).delete()
    cloud.version = probe.version[:64]
    cloud.role_name, cloud.role_type = probe.role_name[:200], probe.role_type[:32]
    cloud.command_count = probe.command_count
    cloud.capabilities = probe.capabilities
    cloud.catalogue_at = timezone.now()
    cloud.save(update_fields=["version", "role_name", "role_type", "command_count", "capabilities", "catalogue_at"])
