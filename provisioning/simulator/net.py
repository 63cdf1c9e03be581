"""Addresses and ranges as the infrastructure commands need them."""

from __future__ import annotations

import hashlib
import ipaddress
import random
from typing import TYPE_CHECKING
from uuid import UUID

from provisioning.simulator.errors import invalid

if TYPE_CHECKING:
    from provisioning.simulator.sim import Simulator

LIMITS = {"VLAN": 4095, "VXLAN": 16777214, "GRE": 4294967295}
VNET_TEXT = "Vnet range has to be between 0 and {limit}"


def ip(text: str) -> int:
    return int(ipaddress.IPv4Address(text))


def dotted(number: int) -> str:
    return str(ipaddress.IPv4Address(number))


def good_ip(text: str | None, what: str) -> int:
    """The address as a number; 431 for anything that is none."""
    try:
        return ip(text or "")
    except ValueError:
        raise invalid(f"Please specify a valid {what}.") from None


def good_netmask(text: str) -> str:
    """The netmask; 431 for anything that is none."""
    try:
        return str(ipaddress.IPv4Network(f"0.0.0.0/{text}").netmask)
    except ValueError:
        raise invalid("Please specify a valid netmask.") from None


def cidr(address: str, netmask: str) -> str:
    return str(ipaddress.IPv4Network(f"{address}/{netmask}", strict=False))


def in_subnet(address: str, gateway: str, netmask: str) -> bool:
    return ipaddress.IPv4Address(address) in ipaddress.IPv4Network(f"{gateway}/{netmask}", strict=False)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def name_uuid(text: str) -> str:
    """Java's ``UUID.nameUUIDFromBytes``: MD5, version 3, no name space."""
    return str(UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest(), version=3))


def chance(sim: Simulator, *what: object) -> random.Random:
    """Chance that depends on the seed and on what it is for."""
    return random.Random(f"{sim.config.seed}:{':'.join(map(str, what))}")  # noqa: S311 - nothing secret hangs on it


def vnet_ranges(text: str, methods: str) -> list[tuple[int, int]]:
    """``100-200,300-310`` as pairs; refused as the server refuses them, from its job."""
    limit = LIMITS.get((methods or "VLAN").upper(), LIMITS["VLAN"])
    found = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            raise invalid(
                "Please provide valid vnet range. vnet range should be a coma seperated list example "
                f"2000-2500,3000-3500.{VNET_TEXT.format(limit=limit)}"
            )
        pair = (int(low), int(high or low))
        if pair[0] > limit or pair[1] > limit:
            raise invalid(VNET_TEXT.format(limit=limit))
        if pair[0] > pair[1]:
            raise invalid(
                VNET_TEXT.format(limit=limit) + " and start range should be lesser than or equal to stop range"
            )
        found.append(pair)
    return found


def percent(share: float) -> str:
    """``1.56%``, ``12.5%``, ``0.00%``: two digits at most, none needless, as the server prints shares of a host."""
    if share == 0:
        return "0.00%"
    return f"{share:.2f}".rstrip("0").rstrip(".") + "%"
