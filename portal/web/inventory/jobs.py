"""What an async job's result says, cut to what the reader may see."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _

from portal.web.inventory.tables.visibility import shaped
from portal.web.table_spec import Viewer
from provisioning.inventory.models import AsyncJob
from provisioning.secrets.redaction import redact, redact_text

SENTENCE_LENGTH = 300


def result_of(job: AsyncJob, viewer: Viewer) -> Any:
    """The job's result as JSON when it is JSON, else its text; secrets and foreign infrastructure are cut out."""
    text = job.result_text
    if not text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return redact_text(text)
    return shaped(redact(value), viewer)


def result_sentence(job: AsyncJob, viewer: Viewer) -> str:
    """One line: CloudStack's error text with its code, or nothing for a job that did what it should."""
    value = result_of(job, viewer)
    if isinstance(value, dict):
        value = next((value[key] for key in ("errortext", "displaytext") if value.get(key)), "")
    words = str(value or "") if job.status == AsyncJob.Status.FAILED else ""
    words = words if len(words) <= SENTENCE_LENGTH else words[: SENTENCE_LENGTH - 1] + "…"
    if job.status == AsyncJob.Status.FAILED and job.result_code:
        return f"{job.result_code}: {words}" if words else _("error %(code)s") % {"code": job.result_code}
    return words
