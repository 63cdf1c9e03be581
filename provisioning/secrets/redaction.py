"""Secrets are taken out before anything is logged, stored as an event, shown in an error or put on the trail.

Two ways in: `redact` walks structures and hides the value of every key that names a secret; `redact_text` finds
secrets inside text: URLs with signatures or passwords, `Authorization` headers, `name=value` pairs, PEM keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"

# Compared after removing everything but letters and digits, in lower case. CloudStack spells them together
# (secretkey, apikey, sessionkey); an API key names its owner, but with a signature it opens the door: hidden too.
_SECRET_NAMES = frozenset({
    "password", "passwd", "pwd", "passphrase", "secret", "secretkey", "usersecretkey", "apikey", "userapikey",
    "privatekey", "signature", "sessionkey", "sessionid", "token", "accesstoken", "refreshtoken", "csrftoken",
    "csrfmiddlewaretoken", "authorization", "proxyauthorization", "cookie", "setcookie", "xapikey", "credentials",
    "encryptionkeys", "auditkeys", "bindpass", "bindpassword", "vncpassword", "userdata", "salt", "digest",
    "keypair", "sshprivatekey", "oobmpassword", "dbpassword",
})  # fmt: skip
_SECRET_ENDINGS = ("password", "passwd", "passphrase", "secret", "secretkey", "privatekey", "apikey", "token",
                   "signature", "sessionkey")  # fmt: skip
# Names that only look like one: they say something about a secret and hold none.
_HARMLESS = frozenset({
    "passwordenabled", "ispasswordenabled", "passwordchangedat", "haspassword", "tokens", "tokenid", "tokenname",
    "tokenuuid", "tokenprefix", "secretset", "apikeyaccess",
})  # fmt: skip
_NOT_A_LETTER = re.compile(r"[^a-z0-9]")

# Everything here reads text that strangers write (a request's path is logged), so every pattern must take time in
# proportion to the text: a word is tried from its first character alone, what could be split in two ways is possessive
# (`*+`), and what is scanned again for each start has an upper bound.
_FRONT = r"(?<![\w.\-])"
_WORD = (
    r"(?:[\w.\-]*(?:password|passwd|passphrase|secret[_-]?key|secret|api[_-]?key|private[_-]?key|signature"
    r"|session[_-]?key|token)|(?:[\w.\-]*[.\-])?(?:sessionid|csrfmiddlewaretoken|pwd|userdata))"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.S), HIDDEN),
    (re.compile(r"(?i)\b((?:proxy-)?authorization\s*+[:=]\s*+[\"']?+(?:(?:bearer|basic|token|digest)\b\s*+)?+)"
                r"[^\s\"',;]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b((?:set-)?cookie\s*:\s*)[^\r\n]+"), rf"\1{HIDDEN}"),
    # user:password@host in any URL, also with a slash in the password that should have been escaped; host:port is none
    (re.compile(r"(?i)\b([a-z][a-z0-9+.\-]{0,30}://[^\s/:@\"']{0,256}):(?!\d+(?:[/?#]|$))[^\s@\"']{1,512}@"),
     rf"\1:{HIDDEN}@"),
    # "name": "value" with escapes, as JSON and Python print it
    (re.compile(rf"(?i)([\"']{_WORD}[\"']\s*:\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"), rf'\1"{HIDDEN}"'),
    (re.compile(rf"(?i){_FRONT}({_WORD}=)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s&;,\"'<>)\]}}]+)"),
     rf"\1{HIDDEN}"),
    (re.compile(rf"(?i){_FRONT}({_WORD}:\s+)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s&;,\"'<>)\]}}]+)"),
     rf"\1{HIDDEN}"),
    (re.compile(r"\bzw_[A-Za-z0-9_\-]{20,}"), HIDDEN),
)  # fmt: skip


def is_secret_name(name: object) -> bool:
    """Does a value under this key hold a secret?"""
    plain = _NOT_A_LETTER.sub("", str(name).lower())
    if plain in _HARMLESS:
        return False
    return plain in _SECRET_NAMES or plain.endswith(_SECRET_ENDINGS)


def redact(value: Any, *, _depth: int = 0) -> Any:
    """A copy of a structure without secrets; text inside is cleaned as by `redact_text`. The original is untouched.

    An empty value under a secret name stays visible: "no secret set" is a fact worth seeing.
    """
    if _depth > 40:
        return "[too deep]"
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if is_secret_name(key) and item not in (None, "", [], {}) and not isinstance(item, bool)
            else redact(item, _depth=_depth + 1)
            for key, item in value.items()
        }  # fmt: skip
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, _depth=_depth + 1) for item in value]
    if isinstance(value, bytes):
        return redact_text(value.decode("utf-8", "replace"))
    if isinstance(value, str):
        return redact_text(value)
    return value


def redact_text(text: str) -> str:
    """Text without the secrets that a URL, a header, a log line or an exception can carry."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def structlog_processor(_logger: Any, _method: str, event_dict: Any) -> Any:
    """For structlog's chain, after exceptions were made text and before the renderer."""
    cleaned: dict[str, Any] = redact(event_dict)
    return cleaned
