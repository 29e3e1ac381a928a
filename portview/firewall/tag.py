"""The mark in a rule by which PortView knows its own rules again."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from portview.domain.owners.process import ProcessKey

LONGEST_TAG = 100
"""Characters of the longest tag. nftables keeps 128 bytes of comment, iptables 256."""

_ID = "[a-z0-9]{4,20}"
# Numbers without leading zeros, so that a tag has exactly one form.
_NUMBER = "(?:0|[1-9][0-9]{0,15})"
_TAG = re.compile(
    rf"(?<![\w:])portview:v1:(?P<id>{_ID}):(?P<expires>{_NUMBER})"
    rf":(?P<pid>{_NUMBER}):(?P<started>{_NUMBER})(?![\w:])"
)


@dataclass(frozen=True, slots=True)
class RuleTag:
    """What a rule of PortView's says of itself.

    ``id`` is 4 to 20 lower-case letters and digits. The rule is revoked at ``expires_at_ms``
    (Unix time) or when the process ``until`` has ended; None where that is no reason.
    """

    id: str
    expires_at_ms: int | None = None
    until: ProcessKey | None = None


def new_id() -> str:
    """Return an id that no rule has yet: ten hexadecimal digits by chance."""
    return secrets.token_hex(5)


def format_tag(tag: RuleTag) -> str:
    """Write a tag as at most ``LONGEST_TAG`` ASCII characters without blanks or quotes.

    Raises ValueError for what could not be read again.
    """
    pid, started = tag.until or (0, 0)
    text = f"portview:v1:{tag.id}:{tag.expires_at_ms or 0}:{pid}:{started}"
    if find_tag(text) != tag:
        raise ValueError(f"not a tag that can be read again: {text!r}")
    return text


def find_tag(text: str) -> RuleTag | None:
    """Return the tag in a name, description or comment of a rule; None where there is none.

    Where there are two, someone else wrote the text, and the rule is not PortView's.
    """
    found = list(_TAG.finditer(text))
    if len(found) != 1:
        return None
    pid, started = int(found[0]["pid"]), int(found[0]["started"])
    return RuleTag(
        found[0]["id"],
        int(found[0]["expires"]) or None,
        ProcessKey(pid, started) if pid else None,
    )
