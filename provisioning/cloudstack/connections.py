"""Where a connection may lead: to any address but those at which a machine finds its own credentials.

Clouds are managed at private addresses, so those are open. No API listens at a link-local address, but a machine in a
cloud is told its own keys at 169.254.169.254 (fd00:ec2::254 over IPv6), and what an address answers is shown to
whoever registers it as a cloud.
"""

from __future__ import annotations

import ipaddress
import socket

import urllib3
from urllib3 import connection, exceptions

_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254")})


class NotAnApi(exceptions.HTTPError):
    """The name leads to an address where no API can be."""


def is_closed(peer: str) -> bool:
    """Whether `peer`, an address as the socket tells it, may not be asked."""
    address = ipaddress.ip_address(peer.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_link_local
    return address.is_link_local or address in _METADATA


class _Checked:
    """Asks when connected: a name may resolve anew for each connection."""

    def _new_conn(self) -> socket.socket:
        opened: socket.socket = super()._new_conn()  # type: ignore[misc]
        peer = str(opened.getpeername()[0])
        if is_closed(peer):
            opened.close()
            raise NotAnApi(peer)
        return opened


class _Http(_Checked, connection.HTTPConnection):
    pass


class _Https(_Checked, connection.HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


POOLS: dict[str, type[urllib3.HTTPConnectionPool]] = {"http": _HttpPool, "https": _HttpsPool}
