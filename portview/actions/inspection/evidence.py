"""What a decision about a process rests on beside the process itself, read from the machine."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from portview.actions.safety.systemd_unit import Unit, unit_of_cgroups
from portview.domain.facts import Absent, Fact, Known
from portview.domain.owners.container_owners import container_relay
from portview.domain.owners.process_tree import ancestors_of, descendants_of
from portview.domain.owners.restarters import Restarter, RestarterKind
from portview.domain.owners.session_ties import SessionTie, SessionTies
from portview.readers.linux.blockage import read_blockage
from portview.readers.linux.container_ties import container_tie
from portview.readers.linux.open_files import session_and_terminal
from portview.readers.linux.program_origin import system_names
from portview.readers.process_rights import read_process_rights
from portview.readers.processes import read_process
from portview.readers.restarters import restarter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portview.actions.safety.process_facts import ProcessFacts
    from portview.domain.owners.attribution import RunningProcess
    from portview.domain.owners.process import ProcessInfo, ProcessKey

_INIT = 1


class Evidence:
    """Completes the facts about processes from one list of all of them. Belongs to one thread."""

    def __init__(self, processes: Mapping[int, RunningProcess]) -> None:
        """Store the list; what needs more looking is looked for when it is first wanted."""
        self._processes = processes
        own = processes.get(os.getpid())
        above = ancestors_of(processes, os.getpid())
        self._own = frozenset((*above, own.key) if own else above)
        self._infos: dict[ProcessKey, ProcessInfo] = {}

    def complete(self, facts: ProcessFacts) -> ProcessFacts:
        """Return the facts with what ties the process to others and holds it up."""
        pid = facts.key.pid
        return replace(
            facts,
            system_names=system_names(facts.info),
            container_tie=self._container_tie(facts.info),
            session_tie=self._session_tie(facts.info),
            restarted_by=self._restarted_by(facts),
            blockage=read_blockage(pid),
            rights=read_process_rights(pid),
        )

    def session_units(self) -> frozenset[tuple[str, bool]]:
        """Return the systemd services that the session depends on, PortView's own among them."""
        if sys.platform != "linux":
            return frozenset()
        units = (_unit_of(pid) for pid in (os.getpid(), *self._session.found))
        return frozenset((unit.name, unit.user_id is not None) for unit in units if unit)

    def is_remote(self) -> Fact[bool]:
        """Return whether this session of Windows is shown through Remote Desktop."""
        if sys.platform != "win32":
            return Absent()
        from portview.readers.windows.remote_session import read_is_remote  # noqa: PLC0415

        return read_is_remote()

    def _session_tie(self, info: ProcessInfo) -> Fact[SessionTie]:
        if sys.platform != "win32":
            return self._session.of(info.pid)
        from portview.readers.windows.remote_session import remote_desktop_tie  # noqa: PLC0415

        return remote_desktop_tie(info)

    @cached_property
    def _session(self) -> SessionTies:
        if sys.platform != "linux":
            return SessionTies()
        # Loads netlink, which other systems have no use for.
        from portview.readers.linux.session_ties import session_ties  # noqa: PLC0415

        return session_ties(self._processes)

    def _container_tie(self, info: ProcessInfo) -> Fact[str]:
        if container_relay(info) is None:
            return Absent()  # Nothing would be decided by it.
        children = [key.pid for key in descendants_of(self._processes, info.pid)]
        return container_tie(info.pid, children)

    def _restarted_by(self, facts: ProcessFacts) -> Fact[Restarter]:
        service = next((one for one in facts.shown_services if one.restarts), None)
        if service is not None:
            name = service.name
            return Known(Restarter(RestarterKind.SERVICE_MANAGER, name, how="Restart="))
        return restarter_of(facts.info, self._parents(facts.key), self._own)

    def _parents(self, key: ProcessKey) -> Iterator[ProcessInfo]:
        for parent in (*ancestors_of(self._processes, key.pid), *self._session_leader(key)):
            if parent.pid == _INIT:
                continue
            if parent not in self._infos:
                self._infos[parent] = read_process(parent)
            yield self._infos[parent]

    def _session_leader(self, key: ProcessKey) -> Iterator[ProcessKey]:
        """Yield who began the session that a process runs in, where that is another process.

        A session is inherited by fork alone, and its number is not given to anybody else while
        anything runs in it: the leader started the process, whoever came between and has ended.
        """
        if sys.platform != "linux":
            return
        try:
            session, _terminal = session_and_terminal(key.pid)
        except (OSError, ValueError, IndexError):
            return
        leader = self._processes.get(session)
        if leader is not None and session != key.pid:
            yield leader.key


def _unit_of(pid: int) -> Unit | None:
    try:
        return unit_of_cgroups(Path(f"/proc/{pid}/cgroup").read_text("utf-8", "replace"))
    except OSError:
        return None
