"""What an operation of this room refuses with."""

from __future__ import annotations


class NotAllowed(Exception):
    """The person may not do that. It is on the audit trail already. Carries one sentence."""


class Refused(Exception):
    """The state or the input does not allow it. `sentence` says what and what to do; `field` is the form's field."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
