"""The first cloud and the first people of a home: the demo's, or a real cloud's and one administrator."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction

from portal.stack.home import CannotStart
from provisioning.accounts.demo import demo_users
from provisioning.accounts.models import User
from provisioning.audit.record import record
from provisioning.cloudstack.errors import CloudStackError
from provisioning.inventory.demo import ensure_demo
from provisioning.inventory.errors import Refused
from provisioning.inventory.models import Cloud, Sync
from provisioning.inventory.operations import clouds

# Long-running commands that are neither web, worker nor scheduler.
EXTRA_COMMANDS: dict[str, tuple[str, ...]] = {"sealer": ("audit_sealer",)}

_NAMES = ("CLOUD_URL", "CLOUD_API_KEY", "CLOUD_SECRET_KEY")


@dataclass(frozen=True)
class Login:
    """What somebody types to sign in."""

    role: str
    username: str
    password: str


@dataclass(frozen=True)
class WantedCloud:
    """The real cloud that the environment names."""

    url: str
    api_key: str
    secret_key: str
    name: str


def wanted_cloud(env: Mapping[str, str]) -> WantedCloud | None:
    """The cloud of CLOUD_URL, CLOUD_API_KEY and CLOUD_SECRET_KEY; None when none of them is set.

    Raises CannotStart when only some are, or the address is not one.
    """
    values = {name: env.get(name, "").strip() for name in _NAMES}
    if not any(values.values()):
        return None
    missing = [name for name, value in values.items() if not value]
    if missing:
        raise CannotStart(f"{' and '.join(missing)} must be set too: a cloud is shown by URL, API key and secret key.")
    parts = urlsplit(values["CLOUD_URL"])
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotStart(f"CLOUD_URL={values['CLOUD_URL']} is no address such as https://cloud.example/client/api.")
    name = env.get("CLOUD_NAME", "").strip() or parts.hostname
    return WantedCloud(values["CLOUD_URL"], values["CLOUD_API_KEY"], values["CLOUD_SECRET_KEY"], name)


def demo(url: str, api_key: str, secret_key: str) -> tuple[Cloud, list[Login]]:
    """Register the demo cloud at `url` (or its new port) with a person of every role, and ask for a sync of it.

    Raises CannotStart with one sentence when it cannot be read.
    """
    try:
        cloud = ensure_demo(url, api_key, secret_key)
    except CloudStackError as error:
        raise CannotStart(f"The demo cloud cannot be read: {error}") from error
    return cloud, [Login(**entry) for entry in demo_users(cloud)]


def real_cloud(wanted: WantedCloud) -> Cloud:
    """Register the cloud that the environment names, or give a registered one its new keys.

    Raises CannotStart with one sentence when a new cloud cannot be read with these keys. A cloud that is known
    already is not asked: the console must come up while its cloud is down.
    """
    known = Cloud.objects.filter(api_url=wanted.url).first()
    try:
        if known is None:
            return clouds.add_cloud(
                name=wanted.name, api_url=wanted.url, api_key=wanted.api_key, secret_key=wanted.secret_key
            )
        if (known.api_key, known.secret_key) != (wanted.api_key, wanted.secret_key):
            clouds.edit_cloud(known, api_key=wanted.api_key, secret_key=wanted.secret_key)
    except (CloudStackError, Refused) as error:
        raise CannotStart(f"CLOUD_URL={wanted.url}: {error.sentence}") from error
    return known


def first_look(cloud: Cloud) -> str | None:
    """None while the first sync is under way; then an empty text, or one sentence about what it could not see."""
    if Cloud.objects.filter(pk=cloud.pk, last_complete_sync_at__isnull=False).exists():
        return ""
    if Sync.objects.filter(cloud=cloud, state__in=[Sync.State.QUEUED, Sync.State.RUNNING]).exists():
        return None
    last = Sync.objects.filter(cloud=cloud).order_by("-id").first()
    return f"{cloud.name} could not be read whole: {last.error}" if last is not None else None


def first_administrator() -> list[Login]:
    """Make one administrator when there is nobody yet, with a password that is shown this once and kept nowhere."""
    if User.objects.exists():
        return []
    password = secrets.token_urlsafe(15)
    with transaction.atomic():
        person = User.objects.create_user("admin", password, full_name="Administrator", role=User.Role.ADMINISTRATOR)
        record("person.create", obj_type="user", obj_id=person.uuid, obj_name="admin", reason="first start",
               after={"username": "admin", "role": "administrator"})  # fmt: skip
    return [Login("administrator", "admin", password)]
