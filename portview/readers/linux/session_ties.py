"""The processes without which the session that PortView is used in would end.

They are found by what they hold, not by their names: the sockets of the display, the other end of
the terminal, the connection of ssh.
"""

from __future__ import annotations

import logging
import os
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.owners.process_tree import ancestors_of
from portview.domain.owners.session_ties import SessionTie, SessionTies
from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _
from portview.readers.linux.display_servers import X_PORTS, display_places, listener_of
from portview.readers.linux.open_files import OpenFiles, read_open_files, session_and_terminal
from portview.readers.linux.socket_dump import SocketDump
from portview.readers.linux.unix_sockets import UnixSocket, read_unix_sockets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from portview.domain.owners.attribution import RunningProcess
    from portview.readers.linux.sock_diag_messages import DiagSocket

logger = logging.getLogger(__name__)

REMOTE_DESKTOP_NAMES = frozenset(
    {
        "anydesk", "chrome-remote-desktop-host", "gnome-remote-desktop-daemon", "krdpserver",
        "krfb", "nomachine", "nxd", "nxnode.bin", "nxserver.bin", "rustdesk", "sunshine",
        "teamviewerd", "vino-server", "wayvnc", "weston", "x0tigervncserver", "x0vncserver",
        "x11vnc", "xpra", "xrdp",
    }
)  # fmt: skip
"""Servers that show the screen of a session that runs without them. A name alone refuses nothing:
somebody must be connected as well."""

_ENVIRONMENT = ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "SSH_CONNECTION")
_LARGEST_ENVIRONMENT = 2 * 1024 * 1024
_INIT = 1


def session_ties(processes: Mapping[int, RunningProcess], pid: int | None = None) -> SessionTies:
    """Find what the session of a process depends on; PortView's own where none is named.

    Where neither a terminal nor a display nor ssh leads to it, nothing is looked for. Otherwise
    costs one reading at the open files of all processes. Any thread.
    """
    pid = os.getpid() if pid is None else pid
    chain = [pid, *(key.pid for key in ancestors_of(processes, pid) if key.pid != _INIT)]
    environments = [values for one in chain if (values := _environment_of(one))]
    return _Search(processes, chain, environments).run()


class _Search:
    def __init__(
        self,
        processes: Mapping[int, RunningProcess],
        chain: list[int],
        environments: list[dict[str, str]],
    ) -> None:
        self._processes = processes
        self._chain = chain
        self._environments = environments
        self._found: dict[int, SessionTie] = {}
        self._unproved: list[str] = []
        self._files = OpenFiles()
        self._unix: tuple[UnixSocket, ...] = ()
        self._inet: list[DiagSocket] = []

    def run(self) -> SessionTies:
        """Follow every lead."""
        terminals = self._terminals_of(self._chain)
        if not terminals and not any(self._environments):
            return SessionTies()
        self._files = read_open_files()
        try:
            self._unix = read_unix_sockets()
            self._inet = _inet_sockets()
        except PortViewError as error:
            logger.warning("ties of the session: %s", error.message)
            self._unproved.append(_("who is connected to the display can't be read"))
        self._follow_terminals(terminals)
        self._follow_displays()
        self._follow_ssh()
        return SessionTies(self._found, tuple(self._unproved), frozenset(self._files.unreadable))

    def _tie(self, pid: int, tie: SessionTie) -> None:
        if pid not in {_INIT, self._chain[0]}:
            self._found.setdefault(pid, tie)

    def _tie_with_ancestors(self, pid: int, tie: SessionTie) -> None:
        self._tie(pid, tie)
        for key in ancestors_of(self._processes, pid):
            self._tie(key.pid, tie)

    def _terminals_of(self, pids: list[int]) -> set[int]:
        """Return the terminals of some processes, and tie the leaders of their sessions."""
        terminals = set()
        for pid in pids:
            with suppress(OSError, ValueError, IndexError):
                session, terminal = session_and_terminal(pid)
                if terminal is not None:
                    terminals.add(terminal)
                    if session in self._processes:
                        self._tie(session, SessionTie.SESSION_LEADER)
        return terminals

    def _follow_terminals(self, waiting: set[int]) -> None:
        """Go from each terminal to who shows it, and on to the terminal that it is shown in."""
        seen: set[int] = set()
        while waiting:
            terminal = waiting.pop()
            seen.add(terminal)
            holders = self._files.masters.get(terminal, set())
            if not holders and self._files.unreadable:
                self._unproved.append(_("who shows the terminal can't be read"))
            for holder in holders:
                outer = self._outer_terminals(holder)
                tie = SessionTie.MULTIPLEXER if outer else SessionTie.TERMINAL
                self._tie_with_ancestors(holder, tie)
                above = [key.pid for key in ancestors_of(self._processes, holder)]
                outer |= self._terminals_of([pid for pid in (holder, *above) if pid != _INIT])
                waiting |= outer - seen

    def _outer_terminals(self, holder: int) -> set[int]:
        """Return the terminals in which a server such as tmux or screen is looked at.

        It holds them itself, as tmux and screen do, or whoever is connected with it does.
        """
        mine = {index for index, pids in self._files.masters.items() if holder in pids}
        outer = set(self._files.terminals.get(holder, ()))
        for pid in self._peers_of(holder):
            with suppress(OSError, ValueError, IndexError):
                terminal = session_and_terminal(pid)[1]
                if terminal is not None and terminal not in mine:
                    outer.add(terminal)
                    self._tie_with_ancestors(pid, SessionTie.TERMINAL)
        return outer - mine

    def _peers_of(self, pid: int, *, without: frozenset[str] = frozenset()) -> set[int]:
        """Return who is connected with a process by Unix sockets that have other names."""
        own = self._files.sockets_of(pid)
        peers = {
            one.peer
            for one in self._unix
            if one.inode in own and one.peer and one.name not in without
        }
        return {peer for inode in peers for peer in self._files.sockets.get(inode, ())} - {pid}

    def _follow_displays(self) -> None:
        names: set[str] = set()
        ports: set[int] = set()
        for environment in self._environments:
            places = display_places(environment)
            names |= places.names
            ports |= places.ports
        servers = self._listeners(names, ports)
        for server in servers:
            self._tie(server, SessionTie.DISPLAY)
        if servers or names or ports:
            self._follow_remote_desktops(servers, frozenset(names))

    def _listeners(self, names: set[str], ports: set[int]) -> set[int]:
        found: set[int] = set()
        for one in self._unix:
            if one.is_listening and one.name in names:
                holders = self._files.sockets.get(one.inode, set())
                # Its files can't be read: the kernel names who listens all the same.
                pid = None if holders else listener_of(one.name)
                found |= holders or ({pid} if pid else set())
                if not holders and pid is None:
                    self._unproved.append(_("who serves the display can't be read"))
        for socket in self._inet:
            if socket.state is State.LISTEN and socket.local.port in ports:
                found |= self._holders(socket, _("who serves the display can't be read"))
        return found

    def _holders(self, socket: DiagSocket, unproved: str) -> set[int]:
        """Return who holds a socket; where nobody is seen to, ``unproved`` can't be ruled out."""
        holders = self._files.sockets.get(socket.inode, set())
        if not holders:
            self._unproved.append(unproved)
        return holders

    def _follow_remote_desktops(self, servers: set[int], names: frozenset[str]) -> None:
        served = self._who_serves_clients()
        for server in servers:
            near = self._peers_of(server, without=names) | self._tcp_peers_of(server)
            for pid in near & served.keys():
                self._tie_relay(pid)
        for pid in served:
            if _program_of(pid) in REMOTE_DESKTOP_NAMES:
                self._tie_relay(pid)

    def _tie_relay(self, pid: int) -> None:
        """Tie a process, and those above it that run the same program: they share its port."""
        self._tie(pid, SessionTie.REMOTE_DESKTOP)
        program = _program_of(pid)
        for key in ancestors_of(self._processes, pid):
            if program is None or _program_of(key.pid) != program:
                return
            self._tie(key.pid, SessionTie.REMOTE_DESKTOP)

    def _who_serves_clients(self) -> dict[int, set[int]]:
        """Return who holds connections that came in, with the ports where they did."""
        listening = {one.local.port for one in self._inet if one.state is State.LISTEN}
        found: dict[int, set[int]] = {}
        for one in self._inet:
            if one.state is State.ESTABLISHED and one.local.port in listening:
                for pid in self._files.sockets.get(one.inode, ()):
                    found.setdefault(pid, set()).add(one.local.port)
        return found

    def _tcp_peers_of(self, server: int) -> set[int]:
        """Return who on this machine is connected with a process over TCP, not as a client of X."""
        own = self._files.sockets_of(server)
        ends = {
            (one.remote, one.local)
            for one in self._inet
            if one.inode in own and one.remote is not None and one.local.port not in X_PORTS
        }
        return {
            pid
            for one in self._inet
            if (one.local, one.remote) in ends
            for pid in self._files.sockets.get(one.inode, ())
        } - {server}

    def _follow_ssh(self) -> None:
        for environment in self._environments:
            words = environment.get("SSH_CONNECTION", "").split()
            if len(words) != 4:  # noqa: PLR2004 - client, its port, server, its port (ssh(1))
                continue
            client, client_port, server, server_port = words
            for one in self._inet:
                is_it = (
                    one.remote is not None
                    and (str(one.local.port), str(one.remote.port)) == (server_port, client_port)
                    and _is_address(one.local.address, server)
                    and _is_address(one.remote.address, client)
                )
                unproved = _("who carries the SSH connection can't be read")
                for pid in self._holders(one, unproved) if is_it else ():
                    self._tie_with_ancestors(pid, SessionTie.SSH)


def _is_address(address: str, written: str) -> bool:
    return address.removeprefix("::ffff:") == written.removeprefix("::ffff:")


def _inet_sockets() -> list[DiagSocket]:
    with closing(SocketDump()) as dump:
        return [known.socket for known in dump.read().found if known.protocol is Protocol.TCP]


def _program_of(pid: int) -> str | None:
    try:
        return PurePosixPath(os.readlink(f"/proc/{pid}/exe")).name  # noqa: PTH115
    except OSError:
        return None


def _environment_of(pid: int) -> dict[str, str]:
    """Return those variables that say how a process is used; empty where they can't be read."""
    if pid == os.getpid():
        return {name: os.environ[name] for name in _ENVIRONMENT if os.environ.get(name)}
    try:
        with Path(f"/proc/{pid}/environ").open("rb") as file:
            text = os.fsdecode(file.read(_LARGEST_ENVIRONMENT))
    except OSError:
        return {}
    values = dict(_pairs(text))
    return {name: values[name] for name in _ENVIRONMENT if values.get(name)}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\0"):
        name, separator, value = line.partition("=")
        if separator:
            yield name, value
