"""The answer that something is not done, with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is left alone. ``code`` is a stable word for programs.

    ``needs_admin`` says that with administrator rights the answer could be another one.
    """

    code: str
    reason: str
    advice: str = ""
    needs_admin: bool = False
