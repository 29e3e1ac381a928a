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
    """Tell whether a path in normal form still holds a variable that nobody could fill in."""
    return _VARIABLE.search(path) is not None


def base_name(path: str) -> str:
    """Return the last part of a path in normal form."""
    return path.rpartition("\\")[2]
