"""The Java class that a job names in ``cmd``, where a recording or the server's log told it.

Labels only: clients show them, nothing is decided by them.
"""

from __future__ import annotations

from functools import cache

from provisioning.simulator import catalog_data


@cache
def _classes() -> dict[str, str]:
    return dict(catalog_data.mapping("job_classes"))


def job_class(command: str, as_admin: bool) -> str | None:
    """The full class name; some commands are another class when a root admin calls."""
    known = _classes()
    return (known.get(f"{command}:admin") if as_admin else None) or known.get(command)
