"""Who started whom, from a list of running processes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from portview.domain.owners.attribution import RunningProcess
    from portview.domain.owners.process import ProcessKey


def parent_of(processes: Mapping[int, RunningProcess], pid: int) -> ProcessKey | None:
    """Return the living parent of a process, None if it has none.

    A parent is older than its child; one that is not only got the PID of a parent that ended.
    """
    process = processes.get(pid)
    if process is None or process.parent_pid == pid:
        return None
    parent = processes.get(process.parent_pid)
    if parent is None or parent.key.started_ms > process.key.started_ms:
        return None
    return parent.key


def ancestors_of(processes: Mapping[int, RunningProcess], pid: int) -> tuple[ProcessKey, ...]:
    """Return the parent of a process, its parent and so on, the nearest first."""
    found: dict[ProcessKey, None] = {}
    parent = parent_of(processes, pid)
    while parent is not None and parent not in found and parent.pid != pid:
        found[parent] = None
        parent = parent_of(processes, parent.pid)
    return tuple(found)


def possible_ancestors_of(
    processes: Mapping[int, RunningProcess], pid: int
) -> frozenset[ProcessKey]:
    """Return those who have the PID of an ancestor, also where they seem to be younger.

    They are another process then, or the clock was set back after they had started.
    """
    found: dict[int, ProcessKey] = {}
    process = processes.get(pid)
    while process is not None and process.parent_pid not in {pid, *found}:
        parent = processes.get(process.parent_pid)
        if parent is not None:
            found[parent.key.pid] = parent.key
        process = parent
    return frozenset(found.values())


def descendants_of(processes: Mapping[int, RunningProcess], pid: int) -> tuple[ProcessKey, ...]:
    """Return everything that runs under a process, the deepest first, without itself."""
    return trees_of(processes, [pid])[pid]


def trees_of(
    processes: Mapping[int, RunningProcess], roots: Collection[int]
) -> dict[int, tuple[ProcessKey, ...]]:
    """Return what runs under each of some processes, the deepest first, without the roots.

    What runs under two of them, one below the other, belongs to the nearer one: each process is
    named once, however deep they are nested.
    """
    children: dict[int, list[ProcessKey]] = {}
    for child, process in processes.items():
        parent = parent_of(processes, child)
        if parent is not None:
            children.setdefault(parent.pid, []).append(process.key)
    others = frozenset(roots)
    return {root: _tree(children, root, others) for root in roots}


def _tree(
    children: Mapping[int, list[ProcessKey]], pid: int, others: Collection[int]
) -> tuple[ProcessKey, ...]:
    levels: list[list[ProcessKey]] = []
    seen = {pid, *others}
    level = children.get(pid, [])
    while level:
        level = [key for key in level if key.pid not in seen]
        seen.update(key.pid for key in level)
        levels.append(sorted(level))
        level = [child for key in level for child in children.get(key.pid, [])]
    return tuple(key for level in reversed(levels) for key in level)
