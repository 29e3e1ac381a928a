"""How a process is named to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.plain_text import inert
from portview.i18n import _, join_list, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.owners.process import ProcessInfo

_LONGEST_NAME = 80
_MOST_NAMED = 5


def describe_process(info: ProcessInfo | None, pid: int | None = None) -> str:
    """Name a process for people: "node (PID 4242)"."""
    if info is None:
        return _("PID {pid}").format(pid=pid) if pid else _("an unknown process")
    return _("{value} (PID {pid})").format(
        value=inert(info.name or "a process", _LONGEST_NAME), pid=info.pid
    )


def named_processes(infos: Sequence[ProcessInfo]) -> str:
    """Name some processes, the first few by name and the others by their number."""
    return listed_names([describe_process(info) for info in infos])


def listed_names(names: Sequence[str]) -> str:
    """Return the first few names, and how many there are more."""
    named = join_list(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    if more <= 0:
        return named
    words = ngettext("{named} and {more} more", "{named} and {more} more", more)
    return words.format(named=named, more=more)
