"""How a process is named to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.plain_text import inert

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessInfo

_LONGEST_NAME = 80


def describe_process(info: ProcessInfo | None, pid: int | None = None) -> str:
    """Name a process for people: "node (PID 4242)"."""
    if info is None:
        return f"PID {pid}" if pid else "an unknown process"
    return f"{inert(info.name or 'a process', _LONGEST_NAME)} (PID {info.pid})"
