"""A command line that means the same to every shell of the other machine. Pure.

Which shell reads it is not known: OpenSSH of Windows has cmd.exe, PowerShell or another one. So
nothing is quoted. Words that no shell gives a meaning are written as they are; where there is any
other, all of them travel as one word, which PortView there reads back.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ENCODED = "--encoded"
"""The first argument of a command whose others are one encoded word."""

_LARGEST = 1_000_000
_SAFE = re.compile(r"[A-Za-z0-9_./:+-][A-Za-z0-9_./:=@+-]*", re.ASCII)
"""No quote, blank, comma, percent, caret, backslash, tilde or dollar sign."""


def remote_words(arguments: Sequence[str]) -> str:
    """Return arguments as text for a shell that is not known."""
    if all(map(_SAFE.fullmatch, arguments)):
        return " ".join(arguments)
    document = json.dumps(list(arguments)).encode("ascii")
    return f"{ENCODED} {base64.urlsafe_b64encode(document).decode().rstrip('=')}"


def decoded_words(word: str) -> list[str]:
    """Return the arguments that an encoded word stands for. Raises ValueError."""
    if len(word) > _LARGEST:
        raise ValueError("too long")
    try:
        found = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    except (binascii.Error, RecursionError) as error:
        raise ValueError(str(error)) from error
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError("no list of words")
    return found
