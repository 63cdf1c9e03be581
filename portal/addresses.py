"""Who is at the other end: believed from a proxy only when that proxy is one of TRUSTED_PROXIES."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# A server on a unix socket has no peer address; its reverse proxy is named by this word.
UNIX = "unix"
_MAX_HOPS = 32


@lru_cache(maxsize=32)
def networks(entries: tuple[str, ...]) -> tuple[Network, ...]:
    """`entries` (addresses or CIDR networks; `unix` is skipped) as networks. Raises ValueError for anything else."""
    return tuple(ipaddress.ip_network(entry.strip(), strict=False) for entry in entries if entry.strip() != UNIX)


def parse(text: str) -> Address | None:
    """An address as proxies write it (`10.0.0.1`, `10.0.0.1:443`, `[::1]:443`, `::ffff:10.0.0.1`), or None."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def counted_as(text: str) -> str:
    """The address that tries are counted by: an IPv6 client has a whole /64 to choose from, so its network stands for
    it. What is no address comes back as it is."""
    address = parse(text) if text else None
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return text


def is_trusted(peer: str, trusted: Iterable[str]) -> bool:
    """Whether `peer` (an address; empty for a unix socket) is one of the `trusted` addresses, networks or `unix`."""
    entries = tuple(trusted)
    if not peer:
        return UNIX in entries
    address = parse(peer)
    return address is not None and any(address in network for network in networks(entries))


def client_address(peer: str, forwarded_for: str, trusted: Iterable[str]) -> str:
    """The client's address: the rightmost hop of X-Forwarded-For that is not one of ours.

    Everything left of that hop was written by the client and proves nothing. A hop that is no address ends the
    search at the last one known.
    """
    entries = tuple(trusted)
    known = parse(peer) if peer else None
    if is_trusted(peer, entries):
        for hop in reversed(forwarded_for.split(",")[-_MAX_HOPS:]):
            address = parse(hop)
            if address is None:
                break
            known = address
            if not any(address in network for network in networks(entries)):
                break
    return str(known) if known is not None else ""
