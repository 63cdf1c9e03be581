"""What an operation of this room refuses with; what CloudStack refuses comes as a CloudStackError."""

from __future__ import annotations


class NotAllowed(Exception):
    """The person may not do that; it is on the audit trail already. `sentence` says so."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Refused(Exception):
    """The state or the input does not allow it. `sentence` says what and what to do; `field` is the form's field."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
