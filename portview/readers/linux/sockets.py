"""Sockets through NETLINK_SOCK_DIAG, their owners through /proc: Linux."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from portview.domain.sockets.snapshot import SnapshotDelta
from portview.domain.sockets.socket_row import OwnerProblem, SocketKey, SocketRow
from portview.i18n import _
from portview.readers.linux.socket_dump import SocketDump
from portview.readers.linux.socket_holders import SocketHolders
from portview.readers.listing import SocketListing
from portview.readers.owner_access import hidden_owner_access, pid_namespace_is_inner

if sys.platform == "linux":
    import pwd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.owners.process import ProcessKey
    from portview.readers.linux.kernel_sockets import KernelSockets
    from portview.readers.linux.sock_diag_messages import DiagSocket
    from portview.readers.linux.socket_dump import KnownSocket


logger = logging.getLogger(__name__)


class LinuxSocketReader:
    """Lists TCP and UDP sockets of this network namespace, at the cost of what changed.

    The kernel sends all sockets at each reading. A message that is the same as at the reading
    before, apart from queues and timers, is recognised by its bytes and stands for the same rows.
    """

    name = "sock_diag"

    def __init__(self) -> None:
        """Open the netlink socket. Raises PortViewError where there is none."""
        self._dump = SocketDump()
        self._holders = SocketHolders()
        self._everything: set[KnownSocket] = set()
        self._by_inode: dict[int, KnownSocket] = {}
        self._ownerless: set[KnownSocket] = set()
        self._without_row: set[KnownSocket] = set()
        self._rows: dict[SocketKey, SocketRow] = {}
        self._owners: Counter[ProcessKey] = Counter()
        self._listed: tuple[SocketRow, ...] = ()
        self._has_hidden = False
        self._pending: frozenset[int] = frozenset()
        self._is_out_of_files = False
        self._is_inner_pid_namespace = pid_namespace_is_inner()
        self._kernel: KernelSockets | None = None

    def read(self) -> SocketListing:
        """List all sockets. Raises PortViewError where the kernel does not say them."""
        reading = self._dump.read()
        if self._kernel is not None:
            self._kernel.forget()
        self._everything.update(reading.learned)
        gone = self._everything.difference(reading.found)
        self._everything -= gone
        come = [known for known in reading.learned if known not in gone]
        stale = self._settle_owners(come, gone)
        step = self._remake_rows(stale, gone)
        notes = reading.notes
        if self._is_out_of_files:
            notes = (
                *notes,
                _(
                    "This process may not open more files, so that owners are missing. Raise the "
                    "limit, for example: ulimit -n 1024"
                ),
            )
        if self._pending:
            notes = (
                *notes,
                _("Sockets whose owner is still being looked up: {count}.").format(
                    count=len(self._pending)
                ),
            )
        return SocketListing(self._listed, notes, frozenset(self._owners), step, len(self._pending))

    def close(self) -> None:
        """Close the netlink socket and what walks over /proc hold open."""
        self._dump.close()
        self._holders.close()

    def _settle_owners(self, come: list[KnownSocket], gone: set[KnownSocket]) -> set[KnownSocket]:
        """Bring the owners up to date and return the sockets whose rows may be others now."""
        new_inodes: dict[int, int] = {}
        for known in come:
            inode = known.socket.inode
            if inode:
                if inode not in self._by_inode:
                    new_inodes[inode] = known.socket.uid
                self._by_inode[inode] = known
        lost_inodes = []
        for known in gone:
            self._dump.forget(known)
            # A change of state is one message gone and one come, with the same inode.
            if self._by_inode.get(known.socket.inode) is known:
                del self._by_inode[known.socket.inode]
                lost_inodes.append(known.socket.inode)
        affected = self._holders.update(new_inodes, lost_inodes)
        pending = self._holders.pending
        affected |= pending ^ self._pending
        self._pending = pending
        stale = self._without_row.union(come)
        stale.update(filter(None, map(self._by_inode.get, affected)))
        if self._has_hidden != self._holders.has_hidden_processes:
            self._has_hidden = self._holders.has_hidden_processes
            stale |= self._ownerless
        if self._is_out_of_files != self._holders.is_out_of_files:
            self._is_out_of_files = self._holders.is_out_of_files
            stale |= self._ownerless
        return stale - gone

    def _remake_rows(self, stale: set[KnownSocket], gone: set[KnownSocket]) -> SnapshotDelta:
        """Put the rows of these sockets in order; a row that stays equal stays the same object."""
        if not self._rows and not gone:
            return self._make_first_rows(stale)
        before = {row.key: row for known in chain(gone, stale) for row in known.rows}
        after: dict[SocketKey, SocketRow] = {}
        self._without_row.clear()
        self._ownerless -= gone
        for known in stale:
            rows = []
            for row in self._rows_of(known):
                old = before.get(row.key)
                if row.key in after or (old is None and row.key in self._rows):
                    # The kernel reported one socket twice, in two states: one of them is past.
                    self._without_row.add(known)
                    continue
                after[row.key] = old if old == row and old is not None else row
                rows.append(after[row.key])
            known.rows = tuple(rows)
        for key in before.keys() - after.keys():
            del self._rows[key]
        self._rows.update(after)
        step = SnapshotDelta(
            self._listed,
            tuple(row for key, row in before.items() if after.get(key) is not row),
            tuple(row for key, row in after.items() if before.get(key) is not row),
        )
        self._count_owners(step)
        if step.gone or step.come:
            self._listed = tuple(self._rows.values())
        return step

    def _make_first_rows(self, found: set[KnownSocket]) -> SnapshotDelta:
        """Do the same for the first reading, where there is nothing to compare with."""
        self._without_row.clear()
        for known in found:
            rows = tuple(self._rows_of(known))
            known.rows = tuple(row for row in rows if self._rows.setdefault(row.key, row) is row)
            if len(known.rows) < len(rows):
                self._without_row.add(known)
        step = SnapshotDelta(self._listed, (), tuple(self._rows.values()))
        self._count_owners(step)
        self._listed = step.come
        return step

    def _count_owners(self, step: SnapshotDelta) -> None:
        self._owners.update([row.key.owner for row in step.come if row.key.owner is not None])
        for row in step.gone:
            owner = row.key.owner
            if owner is not None:
                self._owners[owner] -= 1
                if not self._owners[owner]:
                    del self._owners[owner]

    def _rows_of(self, known: KnownSocket) -> Iterable[SocketRow]:
        """Make a row for each process that holds a socket, or one without an owner."""
        socket = known.socket
        if not socket.inode:
            # Its file is closed or not made yet (TIME_WAIT, not accepted): the kernel holds it.
            return (SocketRow(_key(known, None), socket.state),)
        owners = self._holders.owners(socket.inode)
        if owners:
            self._ownerless.discard(known)
            return [
                SocketRow(_key(known, owner), socket.state, owner.pid, is_v6_only=socket.is_v6_only)
                for owner in owners
            ]
        self._ownerless.add(known)
        user = _user_name(socket.uid)
        kernel_use = self._kernel_use(known)
        problem, detail = (None, "") if kernel_use else self._owner_problem(socket)
        return (
            SocketRow(
                _key(known, None),
                socket.state,
                None,
                problem,
                user,
                is_v6_only=socket.is_v6_only,
                owner_detail=detail,
                kernel_use=kernel_use,
            ),
        )

    def _kernel_use(self, known: KnownSocket) -> str:
        """Return what of the kernel a socket belongs to. The kernel opens its sockets as root."""
        socket = known.socket
        if socket.uid != 0 or socket.remote is not None or socket.inode in self._pending:
            return ""
        try:
            return self._kernel_sockets().use_of(known.protocol, socket.local.port)
        except OSError as error:  # too many open files to load it, say
            logger.warning("the kernel's own sockets can't be named: %r", error)
            return ""

    def _kernel_sockets(self) -> KernelSockets:
        if self._kernel is None:
            # Loaded with the first socket that has no holder: most machines have none.
            from portview.readers.linux.kernel_sockets import KernelSockets  # noqa: PLC0415

            self._kernel = KernelSockets()
        return self._kernel

    def _owner_problem(self, socket: DiagSocket) -> tuple[OwnerProblem, str]:
        if self._is_out_of_files:
            return OwnerProblem.OUT_OF_FILES, ""
        if socket.inode in self._pending:
            return OwnerProblem.LOOKING, ""
        if self._has_hidden:
            return hidden_owner_access(self._holders.denied_pids)
        # Processes around an inner PID namespace can't be seen from in there.
        if self._is_inner_pid_namespace:
            return OwnerProblem.OTHER_NAMESPACE, "pid"
        return OwnerProblem.NOT_FOUND, ""


def _key(known: KnownSocket, owner: ProcessKey | None) -> SocketKey:
    socket = known.socket
    return SocketKey(
        known.protocol, socket.family, socket.local, socket.remote, owner, socket.inode
    )


@lru_cache(maxsize=1024)
def _user_name(uid: int) -> str:
    try:
        name: str = pwd.getpwuid(uid).pw_name
    except (KeyError, OSError):
        return str(uid)
    return name
