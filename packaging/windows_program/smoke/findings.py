"""How the smoke test speaks: one line per thing that was seen, and an end at the first mistake."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Seen = TypeVar("Seen")
_LOOK_S: Final = 0.1

FOREIGN_NAME: Final = "Port View \u7aef\u53e3 \u00fcber"
"""Of a folder: with spaces, and with letters that no single code page has together."""


class SmokeError(Exception):
    """The program did not do what it should; the text says what was expected and what was seen."""


def told(line: str) -> None:
    """Print that something was seen to work."""
    print(f"  ok  {line}", flush=True)


def expect(condition: object, message: str) -> None:
    """Raise SmokeError unless a condition holds."""
    if not condition:
        raise SmokeError(message)


def wait_for(what: str, look: Callable[[], Seen | None], patience_s: float) -> Seen:
    """Look again and again until there is something, and return it.

    Programs of others tell nobody when they are done, so that looking is all that can be done.
    """
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        seen = look()
        if seen:
            return seen
        time.sleep(_LOOK_S)
    raise SmokeError(f"{what} did not come about within {patience_s:g} s")
