"""What can go wrong when talking to CloudStack: one class per kind, one clear sentence, CloudStack's own words kept.

Nothing in here ever holds a secret, a signature or a signed address.
"""

from __future__ import annotations

from typing import ClassVar


class CloudStackError(Exception):
    """`sentence` is for people; `what_cloudstack_said` is CloudStack's own text in full; the rest is for programs.

    `http_status`, `errorcode` and `cserrorcode` are None when CloudStack did not get as far as giving them.
    `is_outcome_unknown`: the request may have reached CloudStack and may have had its effect; look before repeating it.
    """

    kind: ClassVar[str] = "other"

    def __init__(
        self,
        sentence: str,
        *,
        command: str = "",
        http_status: int | None = None,
        errorcode: int | None = None,
        cserrorcode: int | None = None,
        what_cloudstack_said: str = "",
        cause: str = "",
        is_outcome_unknown: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.command = command
        self.http_status = http_status
        self.errorcode = errorcode
        self.cserrorcode = cserrorcode
        self.what_cloudstack_said = what_cloudstack_said
        self.cause = cause
        self.is_outcome_unknown = is_outcome_unknown
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.sentence

    def as_record(self) -> dict[str, object]:
        """The same as JSON values, for a log line, an audit row or a failed sync."""
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "command": self.command,
            "http_status": self.http_status,
            "errorcode": self.errorcode,
            "cserrorcode": self.cserrorcode,
            "what_cloudstack_said": self.what_cloudstack_said,
        }


class AuthenticationFailed(CloudStackError):
    """401 (and 511): the key pair, the signature or the clock."""

    kind = "authentication"


class PermissionRefused(CloudStackError):
    """432 and 531: the role of the key may not do this."""

    kind = "permission"


class CommandMissing(PermissionRefused):
    """The catalogue has no such command: an older CloudStack, a plug-in that is off, or a role without it.

    CloudStack answers 401 to a command it does not know, so this is decided before asking.
    """

    kind = "command_missing"


class ParameterRefused(CloudStackError):
    """430 and 431: a parameter is missing, malformed or not allowed."""

    kind = "parameter"


class NotFound(CloudStackError):
    """An id or name that CloudStack does not know (it says 431)."""

    kind = "not_found"


class LimitReached(CloudStackError):
    """535 and 532: a resource limit of an account, domain or project."""

    kind = "limit"


class NoCapacity(CloudStackError):
    """533, and 530 by its text: nothing in the cloud can hold what was asked."""

    kind = "capacity"


class Conflict(CloudStackError):
    """536 and 537: the object is in use, or the rule collides with another."""

    kind = "conflict"


class ServerFault(CloudStackError):
    """530, 534 and other faults that CloudStack reports about itself."""

    kind = "fault"


class Busy(CloudStackError):
    """429 and 503: asked too often, or not taking work now."""

    kind = "busy"


class Unreachable(CloudStackError):
    """No answer: name, connection, TLS, proxy, time-out. `cause` is one of the words in `transport.CAUSES`."""

    kind = "unreachable"


class NotCloudStack(CloudStackError):
    """An answer, but not CloudStack's: HTML, other JSON, half a document, far too much of it, a redirect."""

    kind = "not_cloudstack"


class PartialList(CloudStackError):
    """A list that came incomplete: fewer rows than its own count, even when asked again."""

    kind = "partial"
