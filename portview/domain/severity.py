"""Good news, problems and notes."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """Whether a result is good news; reported by a word and an icon as well as by colour."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"
