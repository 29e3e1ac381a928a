"""Owners of sockets that are no program: what PID 0 and PID 4 mean on Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Protocol, State
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import SocketRow

WINDOWS_IDLE_PID = 0
WINDOWS_SYSTEM_PID = 4
WINDOWS_SYSTEM_PIDS = frozenset({WINDOWS_IDLE_PID, WINDOWS_SYSTEM_PID})

_SMB_PORTS = frozenset({137, 138, 139, 445})
_HTTP_SYS_PORTS = frozenset({80, 443, 5357, 5985, 5986, 47001})


def explain_system_owner(row: SocketRow, platform: str) -> str | None:
    """Describe in one or two sentences why a socket belongs to no program; None if it may well do.

    ``platform`` is a value of ``sys.platform``. For people, not for programs.
    """
    if platform != "win32":
        return None
    if row.pid == WINDOWS_IDLE_PID:
        return _explain_idle(row)
    if row.pid == WINDOWS_SYSTEM_PID:
        return _explain_system(row)
    return None


def may_be_http_sys(row: SocketRow, platform: str) -> bool:
    """Return whether a socket may be http.sys serving on behalf of a program."""
    return (
        platform == "win32"
        and row.pid == WINDOWS_SYSTEM_PID
        and row.protocol is Protocol.TCP
        and row.state is State.LISTEN
        and row.local.port not in _SMB_PORTS
    )


def _explain_idle(row: SocketRow) -> str:
    if row.state is State.TIME_WAIT:
        return _(
            "No process: the connection has ended. Windows keeps its two "
            "ends reserved for a while (TIME_WAIT), so that late packets do "
            "not reach a new connection."
        )
    return _("No process: the program has closed this socket, and Windows is closing it.")


def _explain_system(row: SocketRow) -> str:
    kernel = _("System: the Windows kernel and its drivers, no program that could be ended.")
    port = row.local.port
    if port in _SMB_PORTS:
        return _("{kernel} Port {port} usually is file and printer sharing (SMB, NetBIOS).").format(
            kernel=kernel, port=port
        )
    if row.protocol is Protocol.TCP and port in _HTTP_SYS_PORTS:
        return _(
            "{kernel} Port {port} usually is http.sys, the web server in the "
            "kernel, which works for IIS, WinRM and other programs that "
            "registered an address there."
        ).format(kernel=kernel, port=port)
    if row.state is State.LISTEN:
        return _(
            "{kernel} A listener of its own on such a port often is http.sys "
            "on behalf of a program that registered an address there."
        ).format(kernel=kernel)
    return kernel
