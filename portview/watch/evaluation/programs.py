"""Whether a process is the program that a rule names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo

_LONGEST_NAME = 60


def is_program(info: ProcessInfo, program: str) -> bool | None:
    """Return whether a process is a program; None where that could not be read.

    ``program`` is a process name, with or without ".exe", or a path.
    """
    if "/" in program or "\\" in program:
        if info.executable is None:
            return None
        return _path(info.executable) == _path(program)
    if info.name is None:
        return None
    return _name(info.name) == _name(program) or _name(_last(info.executable)) == _name(program)


def shown_program(info: ProcessInfo | None, pid: int | None, what: str = "") -> str:
    """Return a program as messages name it: ``my-shop · vite dev server (node, PID 4242)``.

    ``what`` is what it was recognised as; without it the name stands alone, "" where nothing is
    known.
    """
    name = inert((info.name if info else "") or "", _LONGEST_NAME)
    number = info.pid if info else pid
    if what and name and number is not None and what.casefold() != name.casefold():
        return _("{what} ({name}, PID {pid})").format(what=what, name=name, pid=number)
    if name and number is not None:
        return _("{name} (PID {pid})").format(name=name, pid=number)
    return name or (_("PID {pid}").format(pid=number) if number is not None else "")


def program_id(info: ProcessInfo | None) -> str:
    """Return what a program is known again by: its executable, else its name; "" for neither."""
    return ((info.executable or info.name) if info else "") or ""


def _name(name: str) -> str:
    folded = name.casefold()
    return folded.removesuffix(".exe")


def _last(path: str | None) -> str:
    return (path or "").replace("\\", "/").rpartition("/")[2]


def _path(path: str) -> str:
    if sys.platform == "win32":
        return path.replace("/", "\\").casefold()
    return path
