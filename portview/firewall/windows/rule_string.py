"""Rules as Windows writes them in its registry: ``v2.31|Action=Allow|Dir=In|...|``.

The grammar is section 2.2.2.19 of MS-GPFAS. Real stores mix versions and cases and hold keys that
no page describes, so nothing is dropped here and nothing is fatal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = re.compile(r"[vV][0-9]{1,5}\.[0-9]{1,5}")


class RuleField(NamedTuple):
    """One field between two bars, as written; ``value`` is None where it has no equals sign."""

    key: str
    value: str | None


@dataclass(frozen=True, slots=True)
class RuleString:
    """A rule taken apart so that it can be put together again to the letter.

    ``version`` is the text before the first bar. ``is_closed`` says whether a bar follows the last
    field, as it has to.
    """

    version: str
    fields: tuple[RuleField, ...] = ()
    is_closed: bool = True

    def values(self, key: str) -> list[str]:
        """Return the values of a key in order, whatever its case is."""
        wanted = key.casefold()
        return [
            field.value
            for field in self.fields
            if field.value is not None and field.key.casefold() == wanted
        ]

    @property
    def damage(self) -> str:
        """Return why this is no whole rule, in a few words; empty for a sound one."""
        return damage_of(self.version, self.fields, is_closed=self.is_closed)


def split_rule(text: str) -> tuple[str, list[tuple[str, str | None]], bool]:
    """Take a rule apart into version, pairs of key and value, and whether a bar ends it.

    For reading many; the parts are those of a ``RuleString``.
    """
    version, *parts = text.split("|")
    is_closed = bool(parts) and not parts[-1]
    if is_closed:
        parts.pop()
    split = [part.partition("=") for part in parts]
    return version, [(key, value if equals else None) for key, equals, value in split], is_closed


def damage_of(version: str, fields: Sequence[tuple[str, str | None]], *, is_closed: bool) -> str:
    """Return why these parts are no whole rule, in a few words; empty for a sound one."""
    if not _VERSION.fullmatch(version):
        return _("it does not start with a version")
    if not fields:
        return _("it has no fields")
    if not is_closed:
        return _("it is cut short")
    if any(value is None for _unused, value in fields):
        return _("it has a field without a value")
    return ""


def parse_rule(text: str) -> RuleString:
    """Take a rule apart. Never fails: ``damage`` says what is wrong with a damaged one."""
    version, fields, is_closed = split_rule(text)
    return RuleString(version, tuple(RuleField(key, value) for key, value in fields), is_closed)


def format_rule(rule: RuleString) -> str:
    """Put a rule together again: what ``parse_rule`` was given, to the letter."""
    parts = [
        field.key if field.value is None else f"{field.key}={field.value}" for field in rule.fields
    ]
    return "|".join([rule.version, *parts, *([""] if rule.is_closed else [])])
