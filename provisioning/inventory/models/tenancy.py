"""Domains, accounts, projects: who owns what in CloudStack."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from provisioning.inventory.models.base import InventoryObject, foreign_key


class Domain(InventoryObject):
    parent = foreign_key("inventory.Domain", "children")
    path = models.CharField(max_length=1000, blank=True)
    level = models.PositiveIntegerField(default=0)
    limits = models.JSONField(default=dict, blank=True)


class Account(InventoryObject):
    scope: ClassVar[str] = "tenant"

    domain = foreign_key("inventory.Domain", "accounts")
    account_type = models.PositiveSmallIntegerField(default=0)
    role_name = models.CharField(max_length=200, blank=True)
    role_type = models.CharField(max_length=32, blank=True)
    # resource → {"limit": int | None (unlimited), "used": int, "available": int | None}
    limits = models.JSONField(default=dict, blank=True)


class Project(InventoryObject):
    scope: ClassVar[str] = "tenant"

    domain = foreign_key("inventory.Domain", "projects")
    display_text = models.CharField(max_length=500, blank=True)
    owner_names = models.CharField(max_length=1000, blank=True)
    limits = models.JSONField(default=dict, blank=True)
