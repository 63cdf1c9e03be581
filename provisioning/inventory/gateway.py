"""The gateway to a registered cloud, with its stored keys and catalogue."""

from __future__ import annotations

from provisioning.cloudstack import Catalogue, Gateway
from provisioning.cloudstack.catalogue import command_from
from provisioning.cloudstack.client import DEFAULT_RETRY_BUDGET_S, DEFAULT_TIMEOUT_S
from provisioning.inventory.models import Cloud


def stored_catalogue(cloud: Cloud) -> Catalogue | None:
    """The commands that listApis gave last for this cloud's key, None before the first time."""
    commands = {
        row.name: command_from(row.name, row.is_async, row.since, row.params, row.http_method)
        for row in cloud.commands.all().iterator(chunk_size=500)
    }
    return commands or None


def gateway_of(
    cloud: Cloud,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    retry_budget_s: float = DEFAULT_RETRY_BUDGET_S,
    with_catalogue: bool = True,
) -> Gateway:
    """A gateway with the cloud's own key pair. Close it, or use it as a context manager.

    Raises Unreachable for an address or CA bundle that cannot be used, secrets.keyring.CannotDecrypt for a lost key.
    """
    return Gateway(
        cloud.api_url,
        cloud.api_key,
        cloud.secret_key,
        timeout_s=timeout_s,
        retry_budget_s=retry_budget_s,
        ca_bundle=cloud.ca_bundle,
        proxy_url=cloud.proxy_url,
        verify_tls=cloud.verify_tls,
        name=cloud.name,
        catalogue=stored_catalogue(cloud) if with_catalogue else None,
    )
