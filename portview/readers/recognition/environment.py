"""The few variables of a process's environment that say what it is, where they may be read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil

from portview.domain.recognition.facts import TELLING_VARIABLES
from portview.domain.recognition.secrets import mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST_BYTES = 1 << 20
_LONGEST_VALUE = 512


def identifying_variables(pid: int) -> Mapping[str, str]:
    """Return the variables of ``TELLING_VARIABLES`` that a process was started with.

    Everything else is forgotten at once, and so is a value that looks like a secret. Empty where
    the environment may not be read: another source then names the program. /proc/PID/environ
    (proc_pid_environ(5)); the process's parameters on Windows.
    """
    try:
        return dict(_identifying(_variables(pid)))
    except (OSError, psutil.Error, ValueError):
        return {}


def _variables(pid: int) -> Iterable[tuple[str, str]]:
    if sys.platform != "linux":
        yield from psutil.Process(pid).environ().items()
        return
    with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - once for each process
        for entry in file.read(_MOST_BYTES).split(b"\0"):
            name, _equals, value = entry.partition(b"=")
            yield name.decode("ascii", "replace"), value.decode("utf-8", "replace")


def _identifying(variables: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    # Windows does not tell names apart by case, and psutil has them in capitals.
    known = {name.upper() if sys.platform == "win32" else name: name for name in TELLING_VARIABLES}
    for name, value in variables:
        telling = known.get(name)
        if telling and value and mask(value) == value[:_LONGEST_VALUE]:
            yield telling, value
