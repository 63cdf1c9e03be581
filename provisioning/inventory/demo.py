"""The demo: the simulator registered as a cloud, with tenants that have key pairs of their own."""

from __future__ import annotations

import time

import structlog
from django.db import transaction

from provisioning.accounts.models import Tenant
from provisioning.audit.record import record
from provisioning.cloudstack import CloudStackError, Gateway, JobStatus, PermissionRefused
from provisioning.inventory.gateway import gateway_of
from provisioning.inventory.mapping.common import text
from provisioning.inventory.models import Cloud, Sync
from provisioning.inventory.operations import clouds
from provisioning.inventory.sync import queue

log = structlog.get_logger(__name__)

DEMO_NAME = "Demo"
TENANTS = 3
KEYS_WITHIN_S = 30.0


def ensure_demo(url: str, api_key: str, secret_key: str) -> Cloud:
    """The demo cloud at `url`, with tenants for some of its accounts, and a sync asked for. Idempotent.

    A demo that moved to another port or got other keys is brought up to date. Raises CloudStackError.
    """
    cloud = Cloud.objects.filter(is_demo=True).first() or Cloud.objects.filter(api_url=url).first()
    if cloud is None:
        cloud = clouds.add_cloud(name=DEMO_NAME, api_url=url, api_key=api_key, secret_key=secret_key, is_demo=True)
    else:
        cloud = clouds.edit_cloud(cloud, api_url=url, api_key=api_key, secret_key=secret_key)
    with gateway_of(cloud) as gateway:
        ensure_tenants(cloud, gateway)
    # The mirror must know whose things are whose from its first complete look on.
    if not Sync.objects.filter(cloud=cloud, state__in=queue.OPEN).exists():
        queue.ask(cloud, requested_by="demo")
    return cloud


def ensure_tenants(cloud: Cloud, gateway: Gateway) -> list[Tenant]:
    """Tenants for up to TENANTS user accounts of the cloud, each with a key pair of one of its users."""
    accounts = [
        row
        for page in gateway.pages("listAccounts", "account", optional={"listall": True})
        for row in page
        if str(row.get("accounttype")) == "0"
        and text(row, "state").lower() == "enabled"
        and not text(row, "name").endswith("system-account")
    ]
    accounts.sort(
        key=lambda row: (text(row, "name") not in ("acme-dev", "globex"), text(row, "domainpath"), text(row, "name"))
    )
    tenants = []
    for row in accounts[:TENANTS]:
        known = Tenant.objects.filter(
            cloud_uuid=cloud.uuid, domain_cloudstack_id=text(row, "domainid"), account_name=text(row, "name"),
            project_cloudstack_id="",
        ).first()  # fmt: skip
        keys = ("", "")
        if known is None or not known.api_key or not known.secret_key:
            keys = _key_pair(gateway, row)
        if known is None:
            with transaction.atomic():
                known = Tenant.objects.create(
                    cloud_uuid=cloud.uuid, name=_free_name(cloud, text(row, "name"), text(row, "domain")),
                    kind=Tenant.Kind.ACCOUNT, domain_cloudstack_id=text(row, "domainid"),
                    account_name=text(row, "name"), api_key=keys[0], secret_key=keys[1],
                )  # fmt: skip
                record("tenant.add", obj_type="tenant", obj_id=known.uuid, obj_name=known.name, cloud_uuid=cloud.uuid,
                       tenant_uuid=known.uuid, after={"account_name": known.account_name, "is_demo": True})  # fmt: skip
        elif all(keys):
            known.api_key, known.secret_key = keys
            known.save(update_fields=["api_key", "secret_key"])
        tenants.append(known)
    return tenants


def _free_name(cloud: Cloud, name: str, domain: str) -> str:
    taken = Tenant.objects.filter(cloud_uuid=cloud.uuid, name=name).exists()
    return f"{name} ({domain})" if taken else name


def _key_pair(gateway: Gateway, account: dict[str, object]) -> tuple[str, str]:
    """(API key, secret key) of a user of the account, made when there is none; ("", "") when it may not be had."""
    try:
        users = gateway.rows(
            "listUsers", "user", optional={"listall": True, "domainid": account.get("domainid"),
                                           "account": account.get("name")},
        )  # fmt: skip
        users = [user for user in users if text(user, "account") == account.get("name")]
        if not users:
            return "", ""
        user_id = text(users[0], "id")
        return _existing(gateway, user_id) or _registered(gateway, user_id)
    except PermissionRefused:
        return "", ""


def _existing(gateway: Gateway, user_id: str) -> tuple[str, str] | None:
    try:
        keys = gateway.call("getUserKeys", id=user_id).get("userkeys")
    except PermissionRefused:
        raise
    except CloudStackError:
        return None  # a user who never had keys is an error in some versions
    if isinstance(keys, dict) and text(keys, "apikey") and text(keys, "secretkey"):
        return text(keys, "apikey"), text(keys, "secretkey")
    return None


def _registered(gateway: Gateway, user_id: str) -> tuple[str, str]:
    """registerUserKeys answers at once before CloudStack 4.23 and is a job since."""
    submitted = gateway.submit("registerUserKeys", id=user_id)
    found = submitted.answer
    if submitted.is_async:
        deadline = time.monotonic() + KEYS_WITHIN_S
        while True:
            job = gateway.poll(submitted.job_id)
            if job.is_done:
                break
            if time.monotonic() > deadline:
                return "", ""
            time.sleep(0.2)
        if job.status is not JobStatus.SUCCEEDED:
            return "", ""
        found = job.result
    keys = next((value for value in found.values() if isinstance(value, dict)), found)
    pair = text(keys, "apikey"), text(keys, "secretkey")
    return pair if all(pair) else (_existing(gateway, user_id) or ("", ""))
