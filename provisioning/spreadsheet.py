"""What a cell of an exported CSV may hold: a spreadsheet must show text, never run it."""

from __future__ import annotations

from typing import Any

# OWASP's list for CSV injection, with the full-width forms that spreadsheets of East Asian locales take for the same.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
