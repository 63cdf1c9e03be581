"""From an HTTP answer to CloudStack's inner answer, or to the error that it is. Pure: bytes in, dict or error out."""

from __future__ import annotations

import re
from typing import Any, cast

import orjson
from django.utils.translation import gettext as _

from provisioning.cloudstack import errors

# Texts that make an error of a general code a missing object (recorded, code 431).
_NOT_FOUND = re.compile(
    r"entity does not exist|unable to find|could not find|cannot find|can't find|does not exist|doesn't exist|"
    r"doesn't exists|not found",
    re.IGNORECASE,
)
_BAD_ID_VALUE = re.compile(r"Invalid parameter (\S+) value=(.*?) due to incorrect long value format")
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_MISSING = re.compile(r"due to missing parameter (\S+)")
# Refusals of placement that come under 530 or 533 (facts: planner, host and pool allocators).
_NO_CAPACITY = re.compile(
    r"No suitable host found|No destination found|Insufficient\s?(virtual network|\w*)\s?capacity|"
    r"InsufficientServerCapacity|Unable to create a deployment for VM|Unable to find available public IP|"
    r"Unable to acquire .{0,40}IP|Unable to allocate vnet|does not have enough capacity|has not enough capacity|"
    r"not enough (free )?(capacity|space)",
    re.IGNORECASE,
)


def read_answer(
    command: str, status: int, content_type: str, body: bytes, *, place: str, skew_s: float | None = None
) -> dict[str, Any]:
    """The value of the single top-level key of a JSON answer with status 200.

    `place` names the cloud in sentences; `skew_s` is our clock minus CloudStack's. Raises a CloudStackError otherwise.
    """
    document = _document(command, status, content_type, body, place)
    wrapper, inner = next(iter(document.items()))
    if status == 200 and "errorcode" not in inner:
        return inner
    errorcode = _int(inner.get("errorcode")) or status
    text = str(inner.get("errortext") or "")
    raise error_for(
        command, status, errorcode, _int(inner.get("cserrorcode")), text, place=place, wrapper=wrapper, skew_s=skew_s
    )


def _document(command: str, status: int, content_type: str, body: bytes, place: str) -> dict[str, dict[str, Any]]:
    if not content_type.lower().startswith(("application/json", "text/javascript")):
        raise _foreign(command, status, content_type, body, place)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        shown = _shown(body)
        if status in (429, 502, 503, 504):
            raise busy(command, status, shown, place) from None
        if status != 200:  # CloudStack itself sends plain text under a JSON type, e.g. login by GET
            raise error_for(command, status, status, None, shown, place=place) from None
        raise errors.NotCloudStack(
            _("%(place)s broke off in the middle of its answer to %(command)s (%(size)d bytes came).")
            % {"place": place, "command": command, "size": len(body)},
            command=command,
            http_status=status,
            what_cloudstack_said=shown,
            cause="truncated",
        ) from None
    is_ours = (
        isinstance(document, dict)
        and len(document) == 1
        and isinstance(next(iter(document.values())), dict)
        and next(iter(document)).endswith(("response", "null"))
    )
    if not is_ours:
        if status in (429, 502, 503, 504):
            raise busy(command, status, _shown(body), place)
        raise errors.NotCloudStack(
            _("%(place)s answers with JSON, but not with CloudStack's. Check the address; it ends in /client/api.")
            % {"place": place},
            command=command,
            http_status=status,
            what_cloudstack_said=_shown(body),
            cause="other_json",
        )
    return cast(dict[str, dict[str, Any]], document)


def _foreign(command: str, status: int, content_type: str, body: bytes, place: str) -> errors.CloudStackError:
    if status in (429, 502, 503, 504):
        return busy(command, status, _shown(body), place)
    what = content_type.split(";")[0].strip() or _("nothing that says what it is")
    return errors.NotCloudStack(
        _(
            "%(place)s answers with %(what)s (HTTP %(status)d) instead of CloudStack's JSON. "
            "Check the address; it ends in /client/api."
        )
        % {"place": place, "what": what, "status": status},
        command=command,
        http_status=status,
        what_cloudstack_said=_shown(body),
        cause="not_json",
    )


def busy(command: str, status: int, text: str, place: str) -> errors.Busy:
    sentence = (
        _("%(place)s is asked too often and refuses %(command)s for now.")
        if status == 429
        else _("%(place)s takes no work at the moment (HTTP %(status)d for %(command)s).")
    )
    return errors.Busy(
        sentence % {"place": place, "command": command, "status": status},
        command=command,
        http_status=status,
        errorcode=status,
        what_cloudstack_said=text,
    )


def error_for(
    command: str,
    status: int | None,
    errorcode: int,
    cserrorcode: int | None,
    text: str,
    *,
    place: str,
    wrapper: str = "",
    skew_s: float | None = None,
) -> errors.CloudStackError:
    """The error behind CloudStack's code and text; also for failed jobs (`status` None, `errorcode` = jobresultcode).

    Codes: ApiErrorCode as recorded. 530 is told apart by its text.
    """
    cls, sentence = _classify(command, errorcode, text, place, wrapper, skew_s)
    return cls(
        sentence,
        command=command,
        http_status=status,
        errorcode=errorcode,
        cserrorcode=cserrorcode,
        what_cloudstack_said=text,
    )


def _classify(
    command: str, code: int, text: str, place: str, wrapper: str, skew_s: float | None
) -> tuple[type[errors.CloudStackError], str]:
    names = {"place": place, "command": command, "code": code, "text": text.rstrip(".")}
    if code == 401:
        if wrapper == "errorresponse":
            return errors.CommandMissing, _(
                "%(place)s does not know %(command)s, or it refused this key pair; it says the same to both."
            ) % names
        if skew_s is not None and abs(skew_s) > 300:
            return errors.AuthenticationFailed, _(
                "%(place)s refused this key pair. The clocks differ by %(minutes)d minutes, and a signed request "
                "expires after 10: set the clock first."
            ) % (names | {"minutes": round(abs(skew_s) / 60)})
        return errors.AuthenticationFailed, _(
            "%(place)s refused this key pair. Check that the secret belongs to the key, and that its user is enabled."
        ) % names
    if code == 511:
        return errors.AuthenticationFailed, _("%(place)s asks for a second factor; use an API key pair.") % names
    if code == 432:
        return errors.PermissionRefused, _("The role of this key may not call %(command)s on %(place)s.") % names
    if code == 531:
        return errors.PermissionRefused, _("This account may not do that: %(text)s.") % names
    if code in (430, 431):
        return _parameter_error(text, names)
    if code in (532, 535) and not _NO_CAPACITY.search(text):
        return errors.LimitReached, _("A resource limit is in the way: %(text)s.") % names
    if code == 533 or _NO_CAPACITY.search(text):
        return errors.NoCapacity, _("%(place)s has no room for this: %(text)s.") % names
    if code in (536, 537):
        return errors.Conflict, _("Something else is in the way: %(text)s.") % names
    if code in (429, 503):
        found = busy(command, code, text, place)
        return type(found), found.sentence
    if text:
        return errors.ServerFault, _("%(command)s failed on %(place)s: %(text)s.") % names
    return errors.ServerFault, _("%(command)s failed on %(place)s with code %(code)d and no explanation.") % names


def _parameter_error(text: str, names: dict[str, Any]) -> tuple[type[errors.CloudStackError], str]:
    if bad := _BAD_ID_VALUE.search(text):
        found = names | {"parameter": bad[1], "value": bad[2][:80]}
        if _UUID.match(bad[2]):
            return errors.NotFound, _("%(place)s knows no object %(value)s (%(parameter)s of %(command)s).") % found
        return errors.ParameterRefused, _("%(value)s is not an id that %(command)s takes as %(parameter)s.") % found
    if missing := _MISSING.search(text):
        return errors.ParameterRefused, _("%(command)s needs %(parameter)s.") % (names | {"parameter": missing[1]})
    if _NOT_FOUND.search(text):
        return errors.NotFound, _("%(place)s did not find it: %(text)s.") % names
    if not text:
        return errors.ParameterRefused, _("%(place)s refused a parameter of %(command)s without saying which.") % names
    return errors.ParameterRefused, _("%(place)s refused a parameter of %(command)s: %(text)s.") % names


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _shown(body: bytes) -> str:
    """The beginning of a body that is not CloudStack's, for "What CloudStack said"."""
    return body[:500].decode("utf-8", "replace").strip()
