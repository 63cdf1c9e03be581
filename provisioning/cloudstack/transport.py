"""One signed request over a kept-alive connection: time-outs, a size cap, TLS and proxy. The only user of `cs`.

`cs` prepares the parameters (key, expiry, lists and maps); signing, sending and reading are ours, because `cs` signs
`~` unlike CloudStack, prints signed requests when tracing, reads answers of any size and makes commands of typos.
"""

from __future__ import annotations

import contextlib
import email.utils
import errno
import logging
import re
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import certifi
import urllib3
from cs.client import CloudStack as CsClient
from cs.client import transform as cs_transform
from django.utils.translation import gettext as _
from urllib3 import exceptions as http

from provisioning.cloudstack import connections, errors, signing

# Words in `Unreachable.cause`.
CAUSES = ("dns", "refused", "connect_timeout", "read_timeout", "tls", "proxy", "dropped", "address", "network")
MAX_ANSWER_BYTES = 32 * 1024 * 1024
# Jetty takes about 8 KiB of address and headers; longer reads go as a form (facts: order of checks, 1).
MAX_QUERY_CHARS = 4000
_CHUNK_BYTES = 64 * 1024
_QUERY = re.compile(r"\?.*")


def _without_queries(record: logging.LogRecord) -> bool:
    """The HTTP library logs whole addresses when debugging; a signed one must not get into any log."""
    if isinstance(record.args, tuple):
        record.args = tuple(_QUERY.sub("?…", arg) if isinstance(arg, str) else arg for arg in record.args)
    return True


logging.getLogger("urllib3.connectionpool").addFilter(_without_queries)


@dataclass(frozen=True)
class Answer:
    """What came back. `clock_skew_s` is our clock minus the server's `Date`, None without one."""

    status: int
    content_type: str
    body: bytes
    clock_skew_s: float | None
    retry_after_s: float | None


class SignedParameters(CsClient):
    """`cs` as far as it fits: parameters with key, format and expiry, flattened as CloudStack wants them."""

    def __getattr__(self, name: str) -> NoReturn:
        # cs would make an API command of any unknown name.
        raise AttributeError(name)

    def build(self, command: str, params: dict[str, Any]) -> dict[str, str]:
        """Decoded, signed parameters for one request of `command`."""
        _kind, prepared = self._prepare_request(command, **_plain(params))  # type: ignore[no-untyped-call]
        cs_transform(prepared)
        prepared.pop("signature", None)
        texts = {str(name): str(value) for name, value in prepared.items()}
        texts["signature"] = signing.sign(texts, self.secret or "")
        return texts


def _plain(params: dict[str, Any]) -> dict[str, Any]:
    """Without None, and with booleans inside lists and maps in CloudStack's spelling."""

    def value(raw: Any) -> Any:
        if isinstance(raw, bool):
            return "true" if raw else "false"
        if isinstance(raw, dict):
            return {k: value(v) for k, v in raw.items() if v is not None}
        if isinstance(raw, list | tuple | set | frozenset):
            items = sorted(raw, key=str) if isinstance(raw, set | frozenset) else raw
            return [value(item) for item in items]
        return raw if isinstance(raw, str | int | float) else str(raw)

    return {name: value(raw) for name, raw in params.items() if raw is not None}


def split_address(url: str) -> SplitResult:
    """The parts of an address. One that cannot be read (`http://[`, a port beyond 65535) has no host, and raises
    nothing: what people typed gets a sentence."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


class Transport:
    """A connection pool to one API address. Safe to share between threads.

    `timeout_s` bounds connecting (at most 10 s of it) and every silence; one whole request may take twice as long.
    Raises errors.Unreachable (cause "address") for an address or CA bundle that cannot be used.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        secret_key: str,
        *,
        place: str,
        timeout_s: float,
        ca_bundle: str = "",
        proxy_url: str = "",
        verify_tls: bool = True,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        parts = split_address(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise errors.Unreachable(
                _("%(url)s is no address of an API: it begins with http:// or https:// and names a host.")
                % {"url": _bare(url)},
                cause="address",
            )
        self.place = place
        self.url = url.split("?")[0].split("#")[0]
        self.timeout_s = timeout_s
        self.max_answer_bytes = max_answer_bytes
        self._proxy_url = proxy_url
        self._params = SignedParameters(self.url, key=api_key, secret=secret_key, expiration=timedelta(minutes=10))
        context = tls_context(ca_bundle, verify_tls) if parts.scheme == "https" else None
        options: dict[str, Any] = {"ssl_context": context} if context else {}
        options["maxsize"] = 4
        if proxy_url:
            with _proxy_errors(proxy_url):
                self._pool: urllib3.PoolManager = _proxy_pool(proxy_url, options)
        else:
            self._pool = urllib3.PoolManager(**options)
        self._pool.pool_classes_by_scheme = dict(connections.POOLS)

    def __repr__(self) -> str:
        return f"<Transport {_bare(self.url)}>"

    def close(self) -> None:
        self._pool.clear()

    def send(self, command: str, params: dict[str, Any], *, use_post: bool, timeout_s: float | None = None) -> Answer:
        """One request, no repetition. Raises errors.Unreachable or errors.NotCloudStack (redirects, too long)."""
        silence_s = timeout_s or self.timeout_s
        deadline = time.monotonic() + 2 * silence_s
        wire = signing.wire_query(self._params.build(command, params))
        headers = {"accept": "application/json", "user-agent": "zonewright", "accept-encoding": "gzip"}
        address, body = self.url, None
        if use_post or len(wire) > MAX_QUERY_CHARS:
            body = wire
            headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
        else:
            address = f"{self.url}?{wire}"
        response = None
        try:
            response = self._pool.urlopen(
                "POST" if body is not None else "GET",
                address,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=min(10.0, silence_s), read=silence_s),
            )
            return self._read(command, response, deadline)
        except http.HTTPError as error:
            # `from None`: the library's text holds the signed address.
            raise self._unreachable(command, error, silence_s, was_sent=response is not None) from None
        except (OSError, ValueError) as error:
            raise self._unreachable(command, error, silence_s, was_sent=True) from None
        finally:
            if response is not None:
                response.release_conn()

    def _read(self, command: str, response: urllib3.BaseHTTPResponse, deadline: float) -> Answer:
        if response.status in (301, 302, 303, 307, 308):
            target = _bare(str(response.headers.get("location", "")))
            response.close()
            raise errors.NotCloudStack(
                _("%(place)s sends us on to %(target)s. Register that address if it is the API's.")
                % {"place": self.place, "target": target or _("nowhere")},
                command=command,
                http_status=response.status,
                cause="redirect",
            )
        chunks: list[bytes] = []
        size = 0
        for chunk in response.stream(_CHUNK_BYTES, decode_content=True):
            size += len(chunk)
            if size > self.max_answer_bytes:
                response.close()
                raise errors.NotCloudStack(
                    _("%(place)s sent more than %(limit)d MiB in answer to %(command)s; it was not read further.")
                    % {"place": self.place, "limit": self.max_answer_bytes // 2**20, "command": command},
                    command=command,
                    http_status=response.status,
                    cause="too_large",
                )
            if time.monotonic() > deadline:
                response.close()
                raise http.ReadTimeoutError(None, None, "slow")  # type: ignore[arg-type]
            chunks.append(chunk)
        return Answer(
            status=response.status,
            content_type=str(response.headers.get("content-type", "")),
            body=b"".join(chunks),
            clock_skew_s=_skew_s(response.headers.get("date")),
            retry_after_s=_seconds(response.headers.get("retry-after")),
        )

    def _unreachable(
        self, command: str, error: Exception, silence_s: float, *, was_sent: bool
    ) -> errors.CloudStackError:
        cause, sentence, may_have_arrived = _explain(error)
        return errors.Unreachable(
            sentence
            % {
                "place": self.place,
                "host": urlsplit(self.url).hostname,
                "port": urlsplit(self.url).port or (443 if self.url.startswith("https") else 80),
                "proxy": _bare(self._proxy_url),
                "seconds": f"{min(10.0, silence_s) if cause == 'connect_timeout' else silence_s:g}",
                "detail": _tls_detail(error),
            },
            command=command,
            cause=cause,
            is_outcome_unknown=may_have_arrived or was_sent,
        )


def _explain(error: Exception) -> tuple[str, str, bool]:
    """(cause, sentence, whether the request may have arrived) of an exception of urllib3 or the socket."""
    if isinstance(error, connections.NotAnApi):
        return "address", _("%(host)s leads to a link-local address; no cloud is managed there."), False
    if isinstance(error, http.ProxyError):
        return "proxy", _("The proxy %(proxy)s did not take us to %(place)s."), False
    if isinstance(error, http.SSLError | ssl.SSLError):
        return (
            "tls",
            _("The TLS certificate of %(place)s is not to be trusted: %(detail)s. If it is yours, add its CA."),
            False,
        )
    if isinstance(error, http.NameResolutionError):
        return "dns", _("No address is known for the name %(host)s. Check the spelling and this machine's DNS."), False
    if isinstance(error, http.NewConnectionError):
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH):
            return "network", _("No route leads from here to %(host)s."), False
        return "refused", _("%(host)s takes no connections on port %(port)s. Is the management server running?"), False
    if isinstance(error, http.ConnectTimeoutError):
        return "connect_timeout", _("%(place)s did not take a connection on port %(port)s in %(seconds)s s."), False
    if isinstance(error, http.ReadTimeoutError | TimeoutError):
        return "read_timeout", _("%(place)s did not answer in %(seconds)s s."), True
    if isinstance(error, http.LocationParseError | http.LocationValueError | UnicodeError):
        return "address", _("%(host)s is no name of a host."), False
    if isinstance(error, http.ProtocolError | http.IncompleteRead | ConnectionError | http.DecodeError):
        return "dropped", _("%(place)s dropped the connection before its answer was complete."), True
    return "network", _("%(place)s cannot be reached over the network."), True


def _tls_detail(error: Exception) -> str:
    """OpenSSL's own reason ("self-signed certificate"), which names no address."""
    for found in (error, *error.args, error.__cause__, error.__context__):
        if isinstance(found, ssl.SSLCertVerificationError):
            return found.verify_message
        if isinstance(found, ssl.SSLError) and found.reason:
            return found.reason.replace("_", " ").lower()
    return _("the handshake failed")


def tls_context(ca_bundle: str, verify_tls: bool) -> ssl.SSLContext:
    """A client context: `ca_bundle` (PEM text) instead of the system's authorities; no check without `verify_tls`."""
    if not verify_tls:
        # Somebody chose this; a warning a request would drown the log.
        urllib3.disable_warnings(http.InsecureRequestWarning)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if not ca_bundle.strip():
        context = ssl.create_default_context()
        with contextlib.suppress(OSError):  # a bare Python may have no system authorities
            context.load_verify_locations(cafile=certifi.where())
        return context
    try:
        return ssl.create_default_context(cadata=ca_bundle)
    except (ssl.SSLError, ValueError):
        raise errors.Unreachable(
            _("The CA bundle holds no PEM certificates; they begin with -----BEGIN CERTIFICATE-----."),
            cause="tls",
        ) from None


def _proxy_pool(proxy_url: str, options: dict[str, Any]) -> urllib3.ProxyManager:
    parts = urlsplit(proxy_url)
    headers = {}
    if parts.username:
        headers = urllib3.make_headers(proxy_basic_auth=f"{parts.username}:{parts.password or ''}")
    host = parts.hostname or ""
    bare = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}" + (f":{parts.port}" if parts.port else "")
    return urllib3.ProxyManager(bare, proxy_headers=headers, **options)


@contextlib.contextmanager
def _proxy_errors(proxy_url: str) -> Any:
    try:
        parts = urlsplit(proxy_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError
        yield
    except (ValueError, http.HTTPError):
        raise errors.Unreachable(
            _("%(proxy)s is no address of a proxy: it looks like http://proxy.example.org:3128.")
            % {"proxy": _bare(proxy_url)},
            cause="proxy",
        ) from None


def _bare(url: str) -> str:
    """An address without user, password, query and fragment."""
    parts = split_address(url)
    if not parts.netloc:
        return url.split("?")[0].rpartition("@")[2][:200]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:200]


def _skew_s(date_header: str | None) -> float | None:
    if not date_header:
        return None
    try:
        return time.time() - email.utils.parsedate_to_datetime(date_header).timestamp()
    except (TypeError, ValueError):
        return None


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None
