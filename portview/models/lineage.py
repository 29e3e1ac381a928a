"""Which of the shown processes comes from which other one. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.owners.process import ProcessKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.models.process_groups import Group


_FIRST = frozenset({0, 1, 4})
"""The first processes of a system, Windows' kernel among them: all others come from them."""


class Lineage:
    """Finds the nearest ancestor of a group that is shown as well, at the cost of its ancestors.

    What comes between is not shown: a shell, say, that holds no socket. A parent is always older,
    so that no two groups can come from each other.
    """

    def __init__(self) -> None:
        """Know no group yet."""
        self._by_pid: dict[int, Group] = {}
        self._ancestors: dict[int, tuple[int, ...]] = {}
        self._below: dict[int, dict[int, Group]] = {}

    def take(self, group: Group) -> None:
        """Learn what a group comes from by what is known of its process now."""
        if not isinstance(group.key, ProcessKey):
            return
        self._by_pid[group.key.pid] = group
        ancestors = _ancestors_of(group, group.key)
        if ancestors == self._ancestors.get(group.serial):
            return
        self._forget_ancestors(group)
        self._ancestors[group.serial] = ancestors
        for pid in ancestors:
            self._below.setdefault(pid, {})[group.serial] = group

    def forget(self, group: Group) -> None:
        """Take a group that leaves for nobody's parent."""
        self._forget_ancestors(group)
        if isinstance(group.key, ProcessKey) and self._by_pid.get(group.key.pid) is group:
            del self._by_pid[group.key.pid]

    def parent_of(self, group: Group) -> Group | None:
        """Return the group of the nearest ancestor that is shown."""
        for pid in self._ancestors.get(group.serial, ()):
            parent = self._by_pid.get(pid) if pid not in _FIRST else None
            if parent is not None and parent is not group and _age(parent) < _age(group):
                return parent
        return None

    def below(self, group: Group) -> Iterable[Group]:
        """Return the groups that come from a process, near or far."""
        if not isinstance(group.key, ProcessKey):
            return ()
        return tuple(self._below.get(group.key.pid, {}).values())

    def _forget_ancestors(self, group: Group) -> None:
        for pid in self._ancestors.pop(group.serial, ()):
            groups = self._below[pid]
            del groups[group.serial]
            if not groups:
                del self._below[pid]


def _age(group: Group) -> tuple[int, int]:
    """Return what puts the older process first; of two that began together the lower PID."""
    key = group.key
    return (key.started_ms, key.pid) if isinstance(key, ProcessKey) else (0, 0)


def _ancestors_of(group: Group, key: ProcessKey) -> tuple[int, ...]:
    """Return the PIDs that a group's process comes from, the nearest first.

    Until a program was recognised only its parent is known.
    """
    own = next((each for each in group.entries if each.row.key.owner == key), None)
    # Whichever worker is taken, it must not depend on their order.
    entry = own or min(group.entries, key=lambda each: each.row.key.owner or (0, 0))
    info = entry.info
    if info is None:
        return ()
    if info.identity is None or not info.identity.ancestors:
        is_own = info.key == key and info.parent_pid is not None
        return (info.parent_pid,) if is_own and info.parent_pid else ()
    pids = tuple(one.pid for one in info.identity.ancestors)
    # A worker's ancestors begin with its master, whose group this is.
    return pids[pids.index(key.pid) + 1 :] if key.pid in pids else pids
