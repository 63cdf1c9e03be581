"""The gateway: typed calls to one CloudStack, with errors mapped, reads repeated within a budget, and lists paged."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import structlog
from django.utils.translation import gettext as _

from provisioning.cloudstack import answers, errors, paging
from provisioning.cloudstack.catalogue import Catalogue, Command, is_read_name, read_catalogue
from provisioning.cloudstack.jobs import JobResult, Submitted, read_job
from provisioning.cloudstack.transport import MAX_ANSWER_BYTES, Transport, split_address

log = structlog.get_logger(__name__)

DEFAULT_TIMEOUT_S = 20.0
DEFAULT_RETRY_BUDGET_S = 15.0
_FIRST_DELAY_S = 0.25
_LONGEST_DELAY_S = 5.0
_RETRIED_CAUSES = frozenset({"connect_timeout", "read_timeout", "dropped", "refused", "network"})
_PAGE_SIZE_REFUSED = re.compile(r"max allowed page size value:\s*(\d+)")


class Gateway:
    """Talks to the CloudStack at `url` with one key pair.

    `catalogue` is what `listApis` gave for this key, when the caller has it stored; else `catalogue()` asks once.
    With a catalogue, a command that is not in it raises CommandMissing without asking, and optional parameters that
    this version does not offer are left out. `retry_budget_s` bounds the time spent on repeating one read, first try
    not counted; writes are sent once. Every method raises a CloudStackError subclass and nothing else for what
    CloudStack or the network does.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        secret_key: str,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        ca_bundle: str = "",
        proxy_url: str = "",
        verify_tls: bool = True,
        name: str = "",
        catalogue: Catalogue | None = None,
        retry_budget_s: float = DEFAULT_RETRY_BUDGET_S,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.place = name or split_address(url).netloc.rpartition("@")[2] or url[:60]
        self._catalogue = dict(catalogue) if catalogue is not None else None
        self._retry_budget_s = retry_budget_s
        self._sleep = sleep
        self._page_size = paging.LARGEST_PAGE
        self._transport = Transport(
            url,
            api_key,
            secret_key,
            place=self.place,
            timeout_s=timeout_s,
            ca_bundle=ca_bundle,
            proxy_url=proxy_url,
            verify_tls=verify_tls,
            max_answer_bytes=max_answer_bytes,
        )

    def __repr__(self) -> str:
        return f"<Gateway to {self.place}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    # -- calls ---------------------------------------------------------------------------------------------------

    def call(
        self,
        command: str,
        /,
        *,
        optional: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """The inner answer of `command`: {} for an empty list.

        `params` must be understood by this version (else ParameterRefused); `optional` ones are left out when the
        catalogue does not offer them. Booleans, numbers, lists and maps are written as CloudStack wants them; None is
        left out. `timeout_s` replaces the gateway's for slow writes such as addHost.
        """
        known = self._known(command)
        sent = {**self._offered(known, optional or {}), **params}
        self._check_offered(known, command, params)
        is_read = known.is_read if known else is_read_name(command)
        use_post = known.http_method == "POST" if known and known.http_method else not is_read
        return self._with_retries(command, sent, is_read=is_read, use_post=use_post, timeout_s=timeout_s)

    def pages(
        self,
        command: str,
        key: str,
        /,
        *,
        optional: Mapping[str, Any] | None = None,
        row_key: Callable[[dict[str, Any]], str] = paging.row_id,
        **params: Any,
    ) -> Iterator[list[dict[str, Any]]]:
        """The rows under `key`, page by page, each row (by `row_key`) once.

        Stops when as many rows came as the list says it has. Rows that shift between pages are looked for again; raises
        PartialList when the list stays shorter than its own count.
        """
        known = self._known(command)
        can_page = known is None or (known.takes("page") and known.takes("pagesize"))

        def ask(page: int) -> tuple[list[dict[str, Any]], int | None]:
            while True:
                size = {"page": page, "pagesize": self._page_size} if can_page else {}
                try:
                    answer = self.call(command, optional=optional, **params, **size)
                except errors.ParameterRefused as refused:
                    smaller = _PAGE_SIZE_REFUSED.search(refused.what_cloudstack_said)
                    if page == 1 and smaller and 0 < int(smaller[1]) < self._page_size:
                        self._page_size = int(smaller[1])
                        continue
                    raise
                return paging.rows_of(command, key, answer, self.place)

        return paging.walk(ask, row_key, lambda: self._page_size if can_page else 0, command=command, place=self.place)

    def rows(self, command: str, key: str, /, **params: Any) -> list[dict[str, Any]]:
        """All pages of a short list in one."""
        return [row for page in self.pages(command, key, **params) for row in page]

    # -- jobs ----------------------------------------------------------------------------------------------------

    def submit(
        self,
        command: str,
        /,
        *,
        optional: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
        **params: Any,
    ) -> Submitted:
        """Send a command that changes something, once; never waits for its job. Store `job_id` before polling."""
        answer = self.call(command, optional=optional, timeout_s=timeout_s, **params)
        object_id = answer.get("id")
        if not object_id:
            inner = [value for value in answer.values() if isinstance(value, dict) and value.get("id")]
            object_id = inner[0]["id"] if len(inner) == 1 else ""
        return Submitted(job_id=str(answer.get("jobid") or ""), object_id=str(object_id or ""), answer=answer)

    def poll(self, job_id: str) -> JobResult:
        """One look at a job. Raises NotFound when CloudStack forgot it (`job.expire.minutes`)."""
        answer = self.call("queryAsyncJobResult", jobid=job_id)
        try:
            return read_job(job_id, answer)
        except ValueError:
            raise errors.NotCloudStack(
                _("%(place)s answers about job %(job)s without saying how it stands.")
                % {"place": self.place, "job": job_id},
                command="queryAsyncJobResult",
                cause="other_json",
            ) from None

    def job_error(self, result: JobResult) -> errors.CloudStackError | None:
        """The error that a failed job is, or None for one that runs or succeeded."""
        if not result.is_done or result.status == 1:
            return None
        return answers.error_for(
            result.command or "job", None, result.result_code, None, result.error_text, place=self.place
        )

    # -- catalogue -----------------------------------------------------------------------------------------------

    def catalogue(self, *, refresh: bool = False) -> dict[str, Command]:
        """The commands that this key may call, by name; asked once per gateway unless `refresh`."""
        if self._catalogue is None or refresh:
            answer = self._with_retries("listApis", {}, is_read=True, use_post=False, timeout_s=None)
            try:
                self._catalogue = read_catalogue(answer)
            except ValueError:
                raise errors.NotCloudStack(
                    _("%(place)s gives no list of commands; without it nothing can be asked safely.")
                    % {"place": self.place},
                    command="listApis",
                    cause="other_json",
                ) from None
        return self._catalogue

    def offers(self, command: str) -> bool:
        """Whether this key may call `command`. Asks for the catalogue when it is not known yet."""
        return command in self.catalogue()

    def _known(self, command: str) -> Command | None:
        if self._catalogue is None:
            return None
        if command not in self._catalogue:
            raise errors.CommandMissing(
                _(
                    "%(place)s has no %(command)s: this version lacks it, its plug-in is off, or the key's role "
                    "may not call it."
                )
                % {"place": self.place, "command": command},
                command=command,
            )
        return self._catalogue[command]

    @staticmethod
    def _offered(known: Command | None, optional: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in optional.items() if known is None or known.takes(name)}

    def _check_offered(self, known: Command | None, command: str, params: Mapping[str, Any]) -> None:
        missing = [name for name, value in params.items() if value is not None and known and not known.takes(name)]
        if missing:
            raise errors.ParameterRefused(
                _("%(command)s of %(place)s has no parameter %(names)s; this version cannot do that.")
                % {"command": command, "place": self.place, "names": ", ".join(missing)},
                command=command,
            )

    # -- one request, repeated when it only reads ----------------------------------------------------------------

    def _with_retries(
        self, command: str, params: Mapping[str, Any], *, is_read: bool, use_post: bool, timeout_s: float | None
    ) -> dict[str, Any]:
        spent_s, delay_s = 0.0, _FIRST_DELAY_S
        while True:
            started = time.monotonic()
            try:
                return self._once(command, params, use_post=use_post, timeout_s=timeout_s)
            except errors.CloudStackError as error:
                if not is_read:
                    raise
                error.is_outcome_unknown = False
                if not _is_passing(error):
                    raise
                took_s = time.monotonic() - started
                # Full jitter: many workers must not come back together.
                wait_s = max(random.uniform(delay_s / 2, delay_s), error.retry_after_s or 0.0)  # noqa: S311
                if spent_s + wait_s > self._retry_budget_s:
                    raise
                log.info("cloudstack.read_again", command=command, cloud=self.place, kind=error.kind)
                self._sleep(wait_s)
                spent_s += wait_s + (took_s if spent_s else 0.0)
                delay_s = min(delay_s * 2, _LONGEST_DELAY_S)

    def _once(
        self, command: str, params: Mapping[str, Any], *, use_post: bool, timeout_s: float | None
    ) -> dict[str, Any]:
        answer = self._transport.send(command, dict(params), use_post=use_post, timeout_s=timeout_s)
        try:
            return answers.read_answer(
                command, answer.status, answer.content_type, answer.body, place=self.place, skew_s=answer.clock_skew_s
            )
        except errors.CloudStackError as error:
            error.retry_after_s = answer.retry_after_s
            if isinstance(error, errors.NotCloudStack):
                error.is_outcome_unknown = True
            raise


def _is_passing(error: errors.CloudStackError) -> bool:
    """Whether asking again may help."""
    return isinstance(error, errors.Busy) or (isinstance(error, errors.Unreachable) and error.cause in _RETRIED_CAUSES)
