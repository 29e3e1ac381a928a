"""Which processes hold which sockets: /proc/*/fd, kept up by small steps instead of full walks.

The picture is a table of (process, descriptor) -> socket inode. Every step looks at single
descriptors and puts down what each one is now, so the picture only ever gets truer:

- a new inode is first looked for where descriptors came free and at the end of the tables, which
  is where the kernel puts new ones, then in all processes, those that opened sockets last first;
- a new process is walked when it is first seen and a few times more at growing intervals, since
  it may close what it inherited as it starts its program, and be handed sockets soon after;
- sockets that several processes hold are looked at again in turn, since the usual server forks
  and closes its own copy;
- a socket that is in no table is looked for in the places that ``unlisted_sockets`` names;
- all processes are walked in turn, a bounded piece at each update, because a descriptor can
  change hands without any new inode (it was sent over a Unix socket, or duplicated over another).
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections import deque
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.i18n import _
from portview.readers.linux.open_process import OpenProcess
from portview.readers.linux.process_descriptors import ProcessDescriptors, abandon, advance
from portview.readers.linux.search_pass import SearchPass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from portview.domain.owners.process import ProcessKey
    from portview.readers.linux.process_descriptors import Holder, Walk

logger = logging.getLogger(__name__)
_OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})

_SEARCH_LINKS = 8192
_ROTATION_LINKS = 256
"""Bounds of one update, in links read at about 4 microseconds each."""

_GROWN_UP = 16
"""A new process is walked again after 1, 2, 4, 8 and 16 updates."""

_SHARED_SOCKETS = 64
"""How many sockets with several holders are looked at again at each update."""

_OPENING_COST = 8
_LISTING_SHARE = 4
"""Opening a process costs as much as reading 8 links, listing 4 descriptors as reading one."""

_RECENT_PROCESSES = 16
_CLOSED_IN_A_ROW = 64
"""How many processes, and how many free descriptors of each, are looked at for new sockets."""


class SocketHolders:
    """Finds the processes behind socket inodes. It belongs to one thread at a time."""

    def __init__(self, proc: str = "/proc") -> None:
        """Start with nothing known; the first ``update`` walks everything without a bound."""
        self.is_out_of_files = False
        """Whether the last update could not look everywhere for want of file descriptors."""
        self._proc = proc
        self._uid = os.geteuid() if sys.platform != "win32" else 0
        self._processes: dict[int, ProcessDescriptors] = {}
        self._holders: dict[int, tuple[Holder, ...]] = {}
        self._alive: set[int] = set()
        self._changed: set[int] = set()
        self._arrivals: deque[Walk] = deque()
        self._search = SearchPass(self._walks_for_search)
        self._deep_search = SearchPass(self._walks_for_deep_search)
        self._young: dict[ProcessDescriptors, int] = {}
        self._shared: dict[int, None] = {}
        self._rotation: deque[int] = deque()
        self._rotating: deque[Walk] = deque()
        self._recent: dict[ProcessDescriptors, None] = {}
        self._has_hidden = False
        self._is_first = True

    @property
    def has_hidden_processes(self) -> bool:
        """Return whether the files of some process could not be read, or /proc hides processes."""
        return self._has_hidden

    @property
    def denied_pids(self) -> tuple[int, ...]:
        """Return the processes whose files could not be read, those that are listed."""
        return tuple(sorted(pid for pid, one in self._processes.items() if one.is_denied))

    @property
    def pending(self) -> frozenset[int]:
        """Return the inodes that are still being looked for at the next updates."""
        return frozenset(self._search.pending | self._deep_search.pending)

    def owners(self, inode: int) -> tuple[ProcessKey, ...]:
        """Return the processes that hold a socket, each once, by PID."""
        holders = self._holders.get(inode, ())
        if len(holders) == 1:
            key = holders[0][0].key
            return (key,) if key else ()
        return tuple(sorted({process.key for process, _unused in holders if process.key}))

    def update(self, come: Mapping[int, int], gone: Iterable[int]) -> set[int]:
        """Take note of inodes that came, with their uid, and went.

        Returns the inodes whose owners may be others than before, new ones included. What was
        not found within the bounds of one update is in ``pending``. What /proc refuses is no
        error; PortViewError where there is no /proc at all.
        """
        self._changed = set()
        self.is_out_of_files = False
        self._forget(gone)
        self._alive.update(come)
        self._notice_processes()
        unknown = {
            inode
            for inode, uid in come.items()
            # Another user's socket in one of the processes that can be read was inherited or
            # handed over: so rare that the rotation may find it.
            if inode not in self._holders and (not self._has_hidden or uid == self._uid)
        }
        unknown |= {inode for inode in self._changed & self._alive if inode not in self._holders}
        if unknown and not self._is_first:
            unknown = self._look_where_new_ones_go(unknown)
        self._search.add(unknown)
        self._spend_search()
        if not self._is_first:
            self._look_at_shared()
            self._spend_rotation()
        self._is_first = False
        # PID 1 always runs; mounted with hidepid, /proc shows this user's own processes only.
        self._has_hidden = 1 not in self._processes or any(
            process.is_denied for process in self._processes.values()
        )
        return self._alive & (self._changed | come.keys())

    def close(self) -> None:
        """Close what unfinished walks hold open."""
        self._search.close()
        self._deep_search.close()
        abandon(self._arrivals)
        abandon(self._rotating)

    def _forget(self, gone: Iterable[int]) -> None:
        for inode in gone:
            self._alive.discard(inode)
            for process, descriptor in self._holders.get(inode, ()):
                if descriptor >= 0:
                    process.freed.add(descriptor)
        self._search.keep(self._alive)
        self._deep_search.keep(self._alive)

    def _notice_processes(self) -> None:
        """Compare /proc with the processes known: some are new, some have gone."""
        # The kernel makes a new inode for each process's folder, so another inode reports in one
        # pass that a PID may have passed on to another process, without opening anything.
        try:
            with os.scandir(self._proc) as entries:
                running = {int(e.name): e.inode() for e in entries if e.name.isdecimal()}
        except OSError as error:
            if self._processes:
                logger.warning("could not list the processes: %r", error)
                return
            raise PortViewError(
                "proc_unreadable",
                _("The processes can't be listed: {strerror}.").format(strerror=error.strerror),
            ) from error
        for pid in self._processes.keys() - running.keys():
            self._drop(self._processes.pop(pid))
        walks = [self._walk(process, is_full=True) for process in self._grow_older()]
        for pid, proc_inode in running.items():
            process = self._processes.get(pid)
            if process is None:
                process = self._processes[pid] = ProcessDescriptors(pid, proc_inode)
                self._rotation.append(pid)
                if self._is_first:
                    self._read_whole(process)
                    continue
                self._young[process] = 0
                walks.append(self._walk(process, is_full=True))
            elif process.proc_inode != proc_inode:
                process.proc_inode = proc_inode
                self._open(process, is_identity_only=True)
        self._arrivals.extend(walks)

    def _grow_older(self) -> list[ProcessDescriptors]:
        """Count the updates that young processes lived through; return those due for a walk."""
        self._young = {
            process: age + 1
            for process, age in self._young.items()
            if age < _GROWN_UP and process.pid in self._processes
        }
        return [process for process, age in self._young.items() if age & (age - 1) == 0]

    def _note_failure(self, error: OSError) -> None:
        """Remember that this process itself can't look, which says nothing about the others."""
        if error.errno in _OUT_OF_FILES:
            self.is_out_of_files = True

    def _open(
        self, process: ProcessDescriptors, *, is_identity_only: bool = False
    ) -> OpenProcess | None:
        """Open a process and make sure that what is known about its PID is about this process."""
        try:
            opened = OpenProcess(process.pid, self._proc)
        except (FileNotFoundError, ProcessLookupError):
            self._drop(process)
            return None
        except PermissionError:
            self._drop(process)
            process.is_denied = True
            return None
        except OSError as error:
            # Too many open files, say: that says nothing about the process.
            self._note_failure(error)
            logger.debug("could not open PID %d: %r", process.pid, error)
            return None
        process.is_denied = False
        if process.key != opened.key:
            self._drop(process)
            process.key = opened.key
        if is_identity_only:
            opened.close()
        return opened

    def _drop(self, process: ProcessDescriptors) -> None:
        """Forget every descriptor of a process that ended or may no longer be read."""
        for descriptor in list(process.descriptors):
            self._put(process, descriptor, None)
        process.key = None
        process.top = 2
        process.forget_places()
        self._recent.pop(process, None)

    def _probe(self, opened: OpenProcess, process: ProcessDescriptors, descriptor: int) -> bool:
        """Look at one descriptor and put down what it is; say whether it is open."""
        place = process.places.get(descriptor)
        if place is None:
            inode = opened.socket_inode(descriptor)
        else:
            from portview.readers.linux.unlisted_sockets import inode_at  # noqa: PLC0415 - rare

            inode = inode_at(opened, place)
        self._put(process, descriptor, inode or None)
        if inode is None:
            return False
        process.top = max(process.top, descriptor)
        return True

    def _put(self, process: ProcessDescriptors, descriptor: int, inode: int | None) -> None:
        before = process.descriptors.get(descriptor)
        if before == inode:
            return
        holder = (process, descriptor)
        if before is not None:
            left = tuple(other for other in self._holders[before] if other != holder)
            if left:
                self._holders[before] = left
            else:
                del self._holders[before]
            self._changed.add(before)
        if inode is None:
            del process.descriptors[descriptor]
            process.forget_place(descriptor)
            return
        process.descriptors[descriptor] = inode
        others = self._holders.get(inode, ())
        self._holders[inode] = (*others, holder)
        if others and others[0][0] is not process:
            self._shared[inode] = None
        self._changed.add(inode)
        if inode in self._alive:
            self._search.discard(inode)
            self._deep_search.discard(inode)
            self._recent.pop(process, None)
            self._recent[process] = None

    def _look_where_new_ones_go(self, unknown: set[int]) -> set[int]:
        """Look at freed descriptors and behind the last one, of those who opened sockets last.

        Returns what is still unknown.
        """
        recent = list(self._recent)[-_RECENT_PROCESSES:]
        left = _SEARCH_LINKS
        for process in reversed(recent):
            opened = self._open(process)
            if opened is None:
                continue
            with opened:
                try:
                    left -= self._probe_free_places(opened, process)
                except OSError as error:
                    self._note_failure(error)
                    process.is_denied = isinstance(error, PermissionError)
            unknown = {inode for inode in unknown if inode not in self._holders}
            if not unknown or left <= 0:
                break
        return unknown

    def _probe_free_places(self, opened: OpenProcess, process: ProcessDescriptors) -> int:
        """Look at the places that were free when last seen; return at how many."""
        looked_at = closed_in_a_row = 0
        # The kernel gives out the lowest free number first.
        for descriptor in sorted(process.freed):
            looked_at += 1
            if self._probe(opened, process, descriptor):
                process.freed.discard(descriptor)
                closed_in_a_row = 0
                continue
            closed_in_a_row += 1
            if closed_in_a_row > _CLOSED_IN_A_ROW:
                break
        while looked_at < _SEARCH_LINKS and self._probe(opened, process, process.top + 1):
            looked_at += 1
        return looked_at

    def _look_at_shared(self) -> None:
        """Look again at some sockets that several processes hold."""
        descriptors: dict[ProcessDescriptors, list[int]] = {}
        for inode in list(islice(self._shared, _SHARED_SOCKETS)):
            del self._shared[inode]
            holders = self._holders.get(inode, ())
            if inode in self._alive and len(holders) > 1:
                self._shared[inode] = None  # It comes to the end of the queue.
                for process, descriptor in holders:
                    descriptors.setdefault(process, []).append(descriptor)
        for process, numbers in descriptors.items():
            opened = self._open(process)
            if opened is None:
                continue
            with opened, suppress(OSError):
                for number in numbers:
                    self._probe(opened, process, number)

    def _read_whole(self, process: ProcessDescriptors) -> None:
        """Read every descriptor of a process about which nothing is known yet."""
        opened = self._open(process)
        if opened is None:
            return
        with opened:
            try:
                descriptors = opened.descriptors()
                found = opened.socket_inodes(descriptors)
            except OSError as error:
                self._note_failure(error)
                process.is_denied = isinstance(error, PermissionError)
                return
            process.rings |= opened.rings
        process.top = max([process.top, *descriptors])
        for descriptor, inode in found.items():
            if inode in self._holders:
                self._put(process, descriptor, inode)
            else:
                process.descriptors[descriptor] = inode
                self._holders[inode] = ((process, descriptor),)
        self._changed.update(found.values())
        if not self._alive.isdisjoint(found.values()):
            self._recent[process] = None

    def _walk(self, process: ProcessDescriptors, *, is_full: bool) -> Walk:
        """Look at the descriptors of a process, and yield the cost of every bit of the way.

        Unless it is full, those that are known to be sockets of the last listing are passed over.
        """
        yield _OPENING_COST
        opened = self._open(process)
        if opened is None:
            return
        with opened:
            try:
                descriptors = opened.descriptors()
                yield len(descriptors) // _LISTING_SHARE
                for descriptor in chain(process.descriptors.keys() - set(descriptors), descriptors):
                    if process.key != opened.key:
                        return  # The PID is another process's since this walk began.
                    if is_full or process.descriptors.get(descriptor) not in self._alive:
                        self._probe(opened, process, descriptor)
                        yield 1
            except OSError as error:
                self._note_failure(error)
                process.is_denied = isinstance(error, PermissionError)
            process.rings |= opened.rings

    def _deep_walk(self, process: ProcessDescriptors) -> Walk:
        """Look for sockets that a process holds outside of the main thread's table."""
        from portview.readers.linux.unlisted_sockets import unlisted_sockets  # noqa: PLC0415 - rare

        yield _OPENING_COST
        opened = self._open(process)
        if opened is None:
            return
        with opened:
            opened.rings |= process.rings
            try:
                for place, inode in unlisted_sockets(opened):
                    if process.key != opened.key:
                        return
                    if inode in self._alive:
                        self._put(process, process.number_of_place(place), inode)
                    yield 1
            except OSError as error:
                self._note_failure(error)
                process.is_denied = isinstance(error, PermissionError)

    def _spend_search(self) -> None:
        left = float(_SEARCH_LINKS)
        while left > 0 and self._arrivals:
            left = advance(self._arrivals, left)
        missed: set[int] = set()
        if self._is_first:
            # Everything was just walked: what is not found is in no table that can be read.
            missed = self._search.take_waiting()
        left, missed_later = self._search.spend(left)
        self._deep_search.add(missed | missed_later)
        if self._deep_search.pending and not self._is_first and _can_search_deep():
            # What the deep search does not find is not looked for again. It waits for the second
            # update, because the first one keeps a window from being shown.
            self._deep_search.spend(left)

    def _walks_for_search(self) -> Iterator[Walk]:
        recent = [process for process in reversed(self._recent) if not process.is_denied]
        known = set(recent)
        others = (
            process
            for process in self._processes.values()
            if process not in known and not process.is_denied
        )
        return (self._walk(process, is_full=False) for process in chain(recent, others))

    def _walks_for_deep_search(self) -> Iterator[Walk]:
        readable = [process for process in self._processes.values() if not process.is_denied]
        # A process that has held sockets like this most likely holds the next one as well.
        readable.sort(key=lambda process: not process.places)
        return map(self._deep_walk, readable)

    def _spend_rotation(self) -> None:
        left, turns = float(_ROTATION_LINKS), len(self._rotation)
        while left > 0 and turns > 0:
            if not self._rotating:
                turns -= 1
                pid = self._rotation.popleft()
                if pid not in self._processes:
                    continue
                self._rotation.append(pid)
                self._rotating.append(self._walk(self._processes[pid], is_full=True))
            left = advance(self._rotating, left)


def _can_search_deep() -> bool:
    """Load what the deep search needs; while too many files are open that has to wait."""
    try:
        import portview.readers.linux.unlisted_sockets  # noqa: F401, PLC0415 - rarely needed
    except OSError as error:
        logger.warning("sockets outside of descriptor tables can't be sought: %r", error)
        return False
    return True
