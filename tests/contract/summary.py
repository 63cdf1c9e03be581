"""Says once, at the end of a test run, how much of the recording the simulator matched."""

from __future__ import annotations

from typing import Any

PROPERTY = "contract"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for the recorded run; workers hand it over as a property of the test's report."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY and getattr(report, "when", "") == "call":
                    terminalreporter.write_line(str(value))
                    return
