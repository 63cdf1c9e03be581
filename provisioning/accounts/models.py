"""People, tenants, memberships and the tokens of their tools."""

from __future__ import annotations

import unicodedata
import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.secrets.fields import EncryptedTextField


def tidy_username(username: str) -> str:
    """User names are compared without case: Marta and marta are one person, and one row of the lockout."""
    return unicodedata.normalize("NFKC", username).strip().lower()


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        """A new person. Without a password nobody can sign in as them until a link has set one."""
        user = self.model(username=tidy_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=tidy_username(username or ""))


class User(AbstractBaseUser):
    """A person. `role` is what they are everywhere; what they are inside a tenant is a Membership."""

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("Administrator")
        OPERATOR = "operator", _("Operator")
        AUDITOR = "auditor", _("Auditor")
        MEMBER = "member", _("Member of tenants")

    class Theme(models.TextChoices):
        AUTO = "auto", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Density(models.TextChoices):
        COMPACT = "compact", _("Compact")
        COMFORTABLE = "comfortable", _("Comfortable")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(max_length=150, unique=True)
    full_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.AUTO)
    density = models.CharField(max_length=16, choices=Density.choices, default=Density.COMPACT)
    is_active = models.BooleanField(default=True)
    # Demo people exist only beside a demo cloud; `manage.py demo_users` makes and refreshes them.
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    password_changed_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.full_name or self.username

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        if raw_password is not None:
            self.password_changed_at = timezone.now()


class Tenant(models.Model):
    """A CloudStack account (in a domain) or project, with its own encrypted key pair.

    Names its cloud by UUID, not by foreign key: the inventory stands above this room.
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("Account")
        PROJECT = "project", _("Project")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cloud_uuid = models.UUIDField(db_index=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.ACCOUNT)
    domain_cloudstack_id = models.CharField(max_length=64)
    account_name = models.CharField(max_length=255, blank=True)
    project_cloudstack_id = models.CharField(max_length=64, blank=True)
    api_key = models.CharField(max_length=200, blank=True)
    secret_key = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["cloud_uuid", "name"], name="tenant_name_once"),
            models.UniqueConstraint(
                fields=["cloud_uuid", "domain_cloudstack_id", "account_name", "project_cloudstack_id"],
                name="tenant_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What a person is inside one tenant."""

    class Role(models.TextChoices):
        APPROVER = "approver", _("Approver")
        TENANT_USER = "tenant_user", _("Tenant user")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "tenant", "role"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.tenant}"


class ApiToken(models.Model):
    """A personal token for `/api/v1/`. Only a SHA-256 of it is stored; the token is shown once."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}… {self.name}"


class UserSession(models.Model):
    """One signed-in browser, listed for its owner and revocable."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="browser_sessions")
    session_key_digest = models.CharField(max_length=64, unique=True)
    client_ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_seen_at"]

    def __str__(self) -> str:
        return f"session {self.uuid}"
