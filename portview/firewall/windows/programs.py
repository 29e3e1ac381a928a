"""Paths of programs, brought to one form so that they can be compared."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SYSTEM = "system"
"""The kernel itself, PID 4, as rules name it."""

SERVICE_HOST = "svchost.exe"

_VARIABLE = re.compile(r"%([^%\\]+)%")
_SHORT_NAME = re.compile(r"(?<![^\\])[^\\~]{1,6}~\d{1,6}(?:\.[^\\.]{0,3})?(?![^\\])")
_PREFIXES = ("\\\\?\\unc\\", "\\\\?\\", "\\??\\")


def normal_path(text: str, variables: Mapping[str, str]) -> str:
    r"""Bring a path to one form: variables filled in, single backslashes, one case.

    ``variables`` have names in lower case. A variable that is not among them stays as it is, so
    that the result holds a percent sign.
    """
    path = filled_in(text.strip().strip('"'), variables).replace("/", "\\").lower()
    for prefix in _PREFIXES:
        if path.startswith(prefix):
            path = ("\\\\" if prefix.endswith("unc\\") else "") + path.removeprefix(prefix)
            break
    # A share begins with two backslashes, and nothing else has any.
    start = "\\\\" if path.startswith("\\\\") else ""
    return start + re.sub(r"\\+", r"\\", path.lstrip("\\") if start else path)


def path_reader(variables: Mapping[str, str]) -> Callable[[str], str]:
    """Return ``normal_path`` for one set of variables; it remembers what many rules repeat."""
    return lru_cache(maxsize=4096)(partial(normal_path, variables=variables))


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """Return a path with its variables filled in, as far as they are known."""
    return _VARIABLE.sub(lambda found: variables.get(found[1].lower(), found[0]), text)


def is_open(path: str) -> bool:
    """Return whether a path in normal form still holds a variable that nobody could fill in."""
    return _VARIABLE.search(path) is not None


def has_short_name(path: str) -> bool:
    r"""Return whether a path holds an 8.3 name ("progra~1"), which stands for a longer one."""
    return _SHORT_NAME.search(path) is not None


def may_be_same(one: str, other: str) -> bool:
    """Return whether two paths in normal form may be the same, an 8.3 name standing for any."""
    parts = [path.split("\\") for path in (one, other)]
    return len(parts[0]) == len(parts[1]) and all(
        first == second or _may_stand_for(first, second) or _may_stand_for(second, first)
        for first, second in zip(*parts, strict=True)
    )


def _may_stand_for(short: str, name: str) -> bool:
    """Return whether an 8.3 name may be that of a longer one: it begins alike, or by a hash."""
    found = _SHORT_NAME.fullmatch(short)
    if found is None:
        return False
    extension, own = short.partition(".")[2], name.rpartition(".")[2] if "." in name else ""
    return own.startswith(extension) if extension else True


def base_name(path: str) -> str:
    """Return the last part of a path in normal form."""
    return path.rpartition("\\")[2]
