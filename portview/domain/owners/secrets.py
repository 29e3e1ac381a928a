"""Masks secrets in command lines before they are kept. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK = "***"

_NAME = (
    r"[\w.-]*(?:pass(?:w(?:or)?d|phrase|code)?|pwd|secret|token|api[-_]?key|access[-_]?key|"
    r"private[-_]?key|account[-_]?key|auth(?!or)\w*|credentials?|cookie|signature|sas|dsn|"
    r"connection[-_]?string)[\w.-]*"
)
_OPTION = re.compile(rf"(?:--?|/){_NAME}", re.IGNORECASE)
_ASSIGNED = re.compile(rf"""(["']?\b{_NAME}["']?\s*[=:]\s*)(?!//)(?:"[^"]*"|'[^']*'|[^\s&;,]+)""",
                       re.IGNORECASE)  # fmt: skip
_SHORT = re.compile(r"(?:--?|/)(?:pass|pwd|pw|p|key|k|auth)[=:](.+)", re.IGNORECASE | re.DOTALL)
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_HEADER = re.compile(r"\b(bearer|basic|digest)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_KNOWN_FORMS = re.compile(
    r"\b(?:gh[pousr]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|sk-[\w-]{16,}|xox[abprs]-[\w-]{8,}"
    r"|AKIA[0-9A-Z]{12,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)"
)
_PASSWORD_BESIDE_P = frozenset({"mysql", "mysqld", "mysqldump", "mysqladmin", "mariadb", "sshpass"})


def mask_secrets(command_line: Sequence[str]) -> tuple[str, ...]:
    """Return a command line in which what is, or may be, a secret is ``***``.

    By the names of options and variables, by the forms of URLs, headers and known tokens. A secret
    that has none of these can't be determined from any other argument.
    """
    masked: list[str] = []
    is_next_secret = False
    program = re.split(r"[/\\]", command_line[0])[-1].lower() if command_line else ""
    has_p = program.removesuffix(".exe") in _PASSWORD_BESIDE_P
    for place, argument in enumerate(command_line):
        if is_next_secret and not argument.startswith("-"):
            masked.append(MASK)
            is_next_secret = False
            continue
        is_next_secret = place > 0 and _OPTION.fullmatch(argument) is not None
        if has_p and place > 0 and re.match(r"-p.", argument) and not argument.startswith("--"):
            masked.append(f"-p{MASK}")
        elif place > 0 and (short := _SHORT.fullmatch(argument)):
            masked.append(argument[: short.start(1)] + MASK)
        else:
            masked.append(_masked(argument))
    return tuple(masked)


def _masked(text: str) -> str:
    text = _IN_URL.sub(rf"\1{MASK}@", text)
    text = _HEADER.sub(rf"\1 {MASK}", text)
    text = _ASSIGNED.sub(rf"\1{MASK}", text)
    return _KNOWN_FORMS.sub(MASK, text)
