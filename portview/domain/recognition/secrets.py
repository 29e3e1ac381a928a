"""Secrets in command lines, kept out of what is shown. Pure.

A command line may hold passwords and tokens, and what is made from it is shown in more places than
the command line itself. Two rules work together: the value of an option that is named like a
secret is never handed on, and what looks like a secret is masked wherever it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MASK = "\u2022\u2022\u2022"

_NAME = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|"
    r"auth(?:orization)?|credentials?|bearer|cookie|session[-_.]?id|signature|sig|jwt|salt|"
    r"requirepass|masterauth|connection[-_.]?string|dsn)"
)
_SECRET_OPTION = re.compile(
    rf"(?i)(?:-{{1,2}}|/)?(?:[\w.-]*[-_.])?{_NAME}(?:[-_.][\w.-]*)?"
    r"|-.*(?:password|passwd|passphrase|secret|token|apikey|credential|cookie).*"
)
_ASSIGNED = re.compile(rf"(?i)({_NAME}[\w.-]*\s*[=:]\s*)(?!//)(\"[^\"]*\"|'[^']*'|\S+)")
_IN_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9._~+/=-]{4,}")
_KNOWN_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"
    r"|\bgh[opusr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_\w{20,}"
    r"|\bglpat-[\w-]{16,}"
    r"|\b(?:sk|pk|rk)[-_](?:live|test|ant|proj)?[-_]?[A-Za-z0-9_-]{16,}"
    r"|\bxox[abprs]-[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"
    r"|\bAIza[\w-]{20,}"
    r"|\bnpm_[A-Za-z0-9]{20,}"
    r"|-----BEGIN [A-Z ]+-----.*"
)
_LONG_WORD = re.compile(r"[A-Za-z0-9+/=_-]{20,}")
_LEAST_KINDS = 3
_LONGEST = 1000
_HEX = re.compile(r"[0-9a-fA-F]{24,}")


def without_secrets(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return arguments without the values of options that are named like secrets.

    ``--token x`` and ``--token=x`` become ``--token``; a short option as in ``mysql -psecret`` is
    cut after its letter where that letter means a password.
    """
    return tuple(_without_secrets(arguments))


def _without_secrets(arguments: Sequence[str]) -> Iterator[str]:
    skips_value = False
    for argument in arguments:
        is_option = argument.startswith("-")
        if skips_value and not is_option:
            skips_value = False
            continue
        skips_value = False
        name, equals, _ = argument[:_LONGEST].partition("=")
        if is_option and _SECRET_OPTION.fullmatch(name):
            skips_value = not equals
            yield name
        else:
            yield mask(argument)


def mask(text: str) -> str:
    """Return a text in which what looks like a secret is replaced by dots.

    At most 1,000 characters are left: labels are shorter, and patterns cost more than the length.
    """
    text = text[:_LONGEST]
    text = _IN_URL.sub(rf"\1{MASK}@", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _ASSIGNED.sub(rf"\1{MASK}", text)
    text = _KNOWN_SHAPES.sub(MASK, text)
    text = _HEX.sub(MASK, text)
    return _LONG_WORD.sub(lambda match: MASK if _looks_random(match[0]) else match[0], text)


def _looks_random(word: str) -> bool:
    """Return whether a long word mixes kinds of characters as names and paths rarely do."""
    if "/" in word and not re.search(r"[+=]", word):
        return any(_looks_random(part) for part in word.split("/") if len(part) >= 20)  # noqa: PLR2004 - as above
    kinds = sum(bool(re.search(kind, word)) for kind in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[+=]"))
    changes = len(re.findall(r"(?:[a-zA-Z][0-9]|[0-9][a-zA-Z]|[a-z][A-Z])", word))
    return kinds >= _LEAST_KINDS and changes >= len(word) // 6
