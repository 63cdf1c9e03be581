"""One sync from claim to conclusion. It may be begun again at any point: whatever was written stays true."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning.cloudstack import AuthenticationFailed, Busy, CloudStackError, Gateway, NotCloudStack, Unreachable
from provisioning.inventory.gateway import gateway_of
from provisioning.inventory.models import Cloud, Project, Sync, SyncLease
from provisioning.inventory.sync import catalogue
from provisioning.inventory.sync.apply import Applier, Counts, load_known
from provisioning.inventory.sync.changes import Story
from provisioning.inventory.sync.fetch import Fetch
from provisioning.inventory.sync.lease import Lease, LeaseLost
from provisioning.inventory.sync.links import Links
from provisioning.inventory.sync.owners import Owners
from provisioning.inventory.sync.plan import Rules, plan_page, vanished
from provisioning.inventory.sync.signals_free import tell_synced, tell_trouble
from provisioning.inventory.sync.specs import MAPPING_VERSION, SPECS, Spec
from provisioning.inventory.sync.tuning import for_bulk_writing
from provisioning.live import CLOUD, SYNC, publish_many, topic_of
from provisioning.secrets.keyring import CannotDecrypt

log = structlog.get_logger(__name__)

TIMEOUT_S = 30.0
RETRY_BUDGET_S = 30.0
MOST_ATTEMPTS = 3
# A cloud that fails this many kinds in a row for want of an answer is not asked for the rest.
MOST_UNANSWERED = 2
PROGRESS_EVERY_S = 1.0
# Figures of kinds with more objects than this are written at most this often.
MANY_OBJECTS = 5000
FIGURES_OF_MANY_EVERY = timedelta(minutes=10)

ENDED = (Sync.State.DONE, Sync.State.PARTIAL, Sync.State.FAILED)


def run(sync: Sync, owner: str = "") -> bool:
    """Run `sync` unless it has ended or another worker writes to its cloud. Returns whether it came to its end here."""
    if sync.state in ENDED:
        return False
    lease = Lease.take(sync.cloud, SyncLease.Purpose.INVENTORY, owner)
    if lease is None:
        return False
    try:
        sync.refresh_from_db()
        if sync.state in ENDED:
            return False
        runner = Runner(sync, lease)
        if not runner.begin():
            return True
        with for_bulk_writing():
            runner.run()
    except LeaseLost:
        log.warning("inventory.sync_overtaken", sync=str(sync.uuid))
        return False
    finally:
        lease.release()
    if runner.answered:
        tell_synced(runner.cloud, runner.sync)
    else:
        tell_trouble(runner.cloud)
    return True


@dataclass
class Runner:
    """The work of one sync under one lease."""

    sync: Sync
    lease: Lease
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: list[CloudStackError] = field(default_factory=list)
    answered: int = 0
    # Left off because one kind after the other went without an answer.
    is_silent: bool = False
    _told_at: float = 0.0

    def __post_init__(self) -> None:
        self.cloud = Cloud.objects.get(pk=self.sync.cloud_id)
        self.owners = Owners.of(self.cloud)
        self.links = Links(self.cloud)
        self.story = Story(self.cloud, self.sync)

    def begin(self) -> bool:
        """Mark it running. False when its workers died too often: then it has failed."""
        sync, now = self.sync, timezone.now()
        sync.attempts += 1
        sync.state = Sync.State.RUNNING
        sync.started_at = sync.heartbeat_at = now
        sync.lease_owner = self.lease.owner
        sync.kinds_done = sync.objects_seen = sync.rows_written = sync.metrics_written = 0
        sync.kinds_total = len(self.kinds)
        sync.counts = {}
        if sync.attempts > MOST_ATTEMPTS:
            self._end(
                Sync.State.FAILED, _("The worker died %(times)d times during this sync.") % {"times": MOST_ATTEMPTS}
            )
            return False
        with transaction.atomic():
            self.lease.renew()
            sync.save()
            self._publish("sync.started")
        return True

    @property
    def kinds(self) -> list[str]:
        return [slug for slug in SPECS if not self.sync.kinds or slug in self.sync.kinds]

    def run(self) -> None:
        """Fetch and apply every kind, then conclude. Raises LeaseLost; every other trouble becomes the sync's error."""
        try:
            # A cloud known to be away is only tried: it will be asked again shortly.
            budget_s = RETRY_BUDGET_S if self.cloud.state in (Cloud.State.OK, Cloud.State.NEW) else 0
            with gateway_of(self.cloud, timeout_s=TIMEOUT_S, retry_budget_s=budget_s) as gateway:
                if catalogue.is_stale(self.cloud):
                    catalogue.refresh(self.cloud, gateway)
                self._kinds(gateway)
        except CloudStackError as error:
            self.errors.append(error)
        except CannotDecrypt as error:
            self._end(Sync.State.FAILED, str(error))
            return
        except LeaseLost:
            raise
        except Exception as error:
            log.exception("inventory.sync_broke", sync=str(self.sync.uuid))
            self._end(
                Sync.State.FAILED,
                _("The sync broke off on our side (%(what)s); the log has the rest.") % {"what": type(error).__name__},
            )
            raise
        self._conclude()

    def _kinds(self, gateway: Gateway) -> None:
        unanswered = 0
        for slug in self.kinds:
            self.sync.current_kind = slug
            self._progress()
            try:
                self._kind(gateway, SPECS[slug])
                unanswered = 0
            except AuthenticationFailed as error:
                self._failed(slug, error)
                return
            except (Unreachable, Busy, NotCloudStack) as error:
                self._failed(slug, error)
                unanswered += 1
                if unanswered >= MOST_UNANSWERED:
                    self.is_silent = True
                    return
            except CloudStackError as error:
                self._failed(slug, error)
            self.sync.kinds_done += 1
        self.sync.current_kind = ""

    def _kind(self, gateway: Gateway, spec: Spec) -> None:
        known = load_known(self.cloud, spec)
        counts = Counts()
        applier = Applier(self.cloud, spec, self.lease, self.story, self.links, not known, counts)
        metrics_due = spec.metrics is not None and self._are_figures_due(spec, len(known))
        rules = Rules(
            salt=f"{spec.slug} {MAPPING_VERSION}".encode(),
            volatile=spec.volatile,
            tenant_of={
                "row": self.owners.of_row, "account": self.owners.of_account, "project": self.owners.of_project,
            }.get(spec.owner, lambda _raw: None),
            resolve=lambda column, wanted: self.links.of(spec.links[column]).get(wanted) if wanted else None,
            metrics=spec.metrics if metrics_due else None,
        )  # fmt: skip
        fetch = Fetch(gateway, spec, self._has_projects())
        seen: set[str] = set()
        try:
            for page in fetch.pages():
                applier.page(plan_page(rules, known, page, seen))
                counts.seen = len(seen)
                self._progress(counts)
            if fetch.is_whole:
                gone = vanished(known, seen)
                moved = fetch.still_there(gone)
                applier.vanished([identity for identity in gone if identity not in moved], known)
            self.answered += 0 if fetch.is_refused else 1
        finally:
            counts.seen = len(seen)
            self._count(spec.slug, counts, fetch.notes)
        if spec.slug == "accounts":
            self.links.forget("accounts")
        if metrics_due:
            self.cloud.metrics_at[spec.slug] = timezone.now().isoformat()

    def _are_figures_due(self, spec: Spec, size: int) -> bool:
        last = self.cloud.metrics_at.get(spec.slug)
        if size <= MANY_OBJECTS or not last:
            return True
        return timezone.now() - datetime.fromisoformat(last) >= FIGURES_OF_MANY_EVERY

    def _has_projects(self) -> bool:
        return Project.objects.filter(cloud=self.cloud, gone_at__isnull=True).exists()

    # -- telling how far it is -----------------------------------------------------------------------------------

    def _count(self, slug: str, counts: Counts, notes: list[str]) -> None:
        record: dict[str, Any] = {**counts.as_record()}
        if notes:
            record["skipped"] = " ".join(notes)
        self.counts[slug] = record
        self.sync.counts = self.counts
        self.sync.objects_seen = sum(int(kind["seen"]) for kind in self.counts.values())
        self.sync.rows_written += counts.rows_written
        self.sync.metrics_written += counts.figures

    def _failed(self, slug: str, error: CloudStackError) -> None:
        self.errors.append(error)
        self.counts.setdefault(slug, Counts().as_record())["error"] = error.sentence
        self.sync.counts = self.counts
        log.warning("inventory.kind_failed", cloud=self.cloud.name, of=slug, kind=error.kind, error=error.sentence)

    def _progress(self, counts: Counts | None = None) -> None:
        """Heartbeat and progress, at most once a second. Raises LeaseLost."""
        if time.monotonic() - self._told_at < PROGRESS_EVERY_S:
            return
        self._told_at = time.monotonic()
        self.sync.heartbeat_at = timezone.now()
        seen_now = counts.seen if counts else 0
        fields = ["current_kind", "kinds_done", "kinds_total", "objects_seen", "rows_written", "metrics_written",
                  "counts", "heartbeat_at"]  # fmt: skip
        before = self.sync.objects_seen
        self.sync.objects_seen = before + seen_now
        with transaction.atomic():
            self.lease.renew()
            self.sync.save(update_fields=fields)
            if counts:
                # A page has just come: however long this takes, the cloud is not silent.
                Cloud.objects.filter(pk=self.cloud.pk).update(last_answer_at=self.sync.heartbeat_at)
            self._publish("sync.progress")
        self.sync.objects_seen = before

    def _publish(self, kind: str) -> None:
        sync = self.sync
        payload = {
            "uuid": str(sync.uuid),
            "cloud": str(self.cloud.uuid),
            "state": str(sync.state),
            "current_kind": sync.current_kind,
            "kinds_done": sync.kinds_done,
            "kinds_total": sync.kinds_total,
            "objects_seen": sync.objects_seen,
            "rows_written": sync.rows_written,
            "error": sync.error,
        }
        publish_many([(topic_of(SYNC, sync.uuid), kind, payload), (topic_of(CLOUD, self.cloud.uuid), kind, payload)])

    # -- the end -------------------------------------------------------------------------------------------------

    def _conclude(self) -> None:
        error = self.errors[0] if self.errors else None
        if error is None:
            self._end(Sync.State.DONE, "")
        elif self.answered:
            self._end(Sync.State.PARTIAL, error.sentence, error)
        else:
            self._end(Sync.State.FAILED, error.sentence, error)

    def _end(self, state: Sync.State, sentence: str, error: CloudStackError | None = None) -> None:
        sync, cloud, now = self.sync, self.cloud, timezone.now()
        sync.state, sync.error = state, sentence
        sync.finished_at = sync.heartbeat_at = now
        sync.current_kind = ""
        fields = ["metrics_at"]
        if self.answered:
            cloud.last_answer_at = now
            fields.append("last_answer_at")
        if state == Sync.State.DONE:
            cloud.state, cloud.last_error, cloud.last_error_kind = Cloud.State.OK, "", ""
            fields += ["state", "last_error", "last_error_kind"]
            if sync.scope == Sync.Scope.FULL:
                cloud.last_complete_sync_at = now
                fields.append("last_complete_sync_at")
        else:
            cloud.last_error, cloud.last_error_at = sentence, now
            cloud.last_error_kind = error.kind if error else ""
            cloud.state = self._cloud_state(state)
            fields += ["state", "last_error", "last_error_at", "last_error_kind"]
        with transaction.atomic():
            self.lease.renew()
            sync.save()
            cloud.save(update_fields=fields)
            self.story.summarise()
            self._publish("sync.finished")

    def _cloud_state(self, state: Sync.State) -> str:
        if any(isinstance(error, AuthenticationFailed) for error in self.errors):
            return Cloud.State.REFUSED
        if state == Sync.State.FAILED or self.is_silent:
            last = self.errors[-1] if self.errors else None
            return Cloud.State.BROKEN if isinstance(last, NotCloudStack) else Cloud.State.UNREACHABLE
        # One list that fails while the others come is the sync's trouble, not the cloud's silence.
        return Cloud.State.OK
