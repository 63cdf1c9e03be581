"""Domains, accounts, projects: CloudStack's answers as rows."""

from __future__ import annotations

from provisioning.inventory.mapping.common import Mapped, Raw, common, dicts, joined, limits, link, text, whole


def domain(raw: Raw) -> Mapped:
    return Mapped(
        common(raw) | {"path": text(raw, "path"), "level": max(0, whole(raw, "level") or 0), "limits": limits(raw)},
        {"parent": link(raw, "parentdomainid")},
    )


def account(raw: Raw) -> Mapped:
    return Mapped(
        common(raw)
        | {
            "account_type": max(0, min(32767, whole(raw, "accounttype") or 0)),
            "role_name": text(raw, "rolename"),
            "role_type": text(raw, "roletype"),
            "limits": limits(raw),
        },
        {"domain": link(raw, "domainid")},
    )


def project(raw: Raw) -> Mapped:
    owners = dicts(raw, "owner")
    return Mapped(
        common(raw)
        | {
            "display_text": text(raw, "displaytext"),
            "owner_names": joined(text(item, "account", "user") for item in owners) or text(raw, "account"),
            "limits": limits(raw),
        },
        {"domain": link(raw, "domainid")},
    )
