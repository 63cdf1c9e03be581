"""Refusals in CloudStack's own codes (HTTP status, cserrorcode, text)."""

from __future__ import annotations

PARAM_ERROR = 431
UNSUPPORTED = 432
INTERNAL_ERROR = 530
ACCOUNT_ERROR = 531
CAPACITY_ERROR = 533
UNAVAILABLE = 534
ALLOCATION_ERROR = 535
IN_USE = 536
RULE_CONFLICT = 537


class ApiError(Exception):
    """A refusal.  ``status`` is the HTTP status and ``errorcode``; ``cs`` the cserrorcode or None to leave it out.

    ``envelope`` overrides the answer's key (``errorresponse`` for a command that the caller may not call).
    """

    def __init__(
        self,
        status: int,
        cs: int | None,
        text: str,
        *,
        envelope: str | None = None,
        uuids: list[dict[str, object]] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.cs = cs
        self.text = text
        self.envelope = envelope
        self.uuids = uuids or []


def invalid(text: str) -> ApiError:
    """InvalidParameterValueException: 431 / 4350."""
    return ApiError(PARAM_ERROR, 4350, text)


def server_error(text: str, status: int = INTERNAL_ERROR) -> ApiError:
    """ServerApiException: 530 / 9999 unless another status is given."""
    return ApiError(status, 9999, text)


def runtime_error(text: str) -> ApiError:
    """CloudRuntimeException: 530 / 4250."""
    return ApiError(INTERNAL_ERROR, 4250, text)


def denied(text: str) -> ApiError:
    """PermissionDeniedException: 531 / 4365."""
    return ApiError(ACCOUNT_ERROR, 4365, text)
