"""Whether a session of Windows is shown on another computer, and through which process.

Remote Desktop: Microsoft's page "Detecting the Remote Desktop Services environment" names
GetSystemMetrics(SM_REMOTESESSION), and for RemoteFX the registry's GlassSessionId. Not verified on
Windows so far; Wine has no remote sessions.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import closing
from ctypes import wintypes
from typing import TYPE_CHECKING

from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.domain.owners.session_ties import SessionTie
from portview.domain.sockets.socket_row import State
from portview.i18n import _
from portview.readers.choose import open_reader
from portview.readers.windows.dll import bind, last_error, load_library, windows_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.owners.process import ProcessInfo
    from portview.domain.sockets.socket_row import SocketRow

SM_REMOTESESSION = 0x1000
# untranslated: a registry key
_TERMINAL_SERVER = r"SYSTEM\CurrentControlSet\Control\Terminal Server"
REMOTE_DESKTOP_NAMES = frozenset(
    {
        "anydesk", "nxd", "nxserver", "parsecd", "remoting_host", "rustdesk", "rutserv",
        "screenconnect.clientservice", "splashtop", "srserver", "sunshine", "teamviewer",
        "teamviewer_service", "tvnserver", "ultravnc", "vncserver", "winvnc", "winvnc4",
    }
)  # fmt: skip
"""Programs that show this screen elsewhere. A name alone refuses nothing: somebody must have
connected to it. Connections that it made itself, to a relay on the Internet, do not say."""


def read_is_remote() -> Fact[bool]:
    """Return ``Known(True)`` in a session that Remote Desktop shows, and absent in another."""
    try:
        user32 = load_library("user32.dll")
        metric = bind(user32, "GetSystemMetrics", ctypes.c_int, ctypes.c_int)
        is_remote = bool(metric(SM_REMOTESESSION)) or _is_not_on_glass()
    except OSError as error:
        return Unreadable(
            _("whether this session is remote can't be read: {error}").format(error=error)
        )
    return Known(value=True) if is_remote else Absent()


def remote_desktop_tie(info: ProcessInfo) -> Fact[SessionTie]:
    """Return whether a process shows this screen to somebody who is connected now."""
    name = (info.name or "").lower().removesuffix(".exe")
    if name not in REMOTE_DESKTOP_NAMES:
        return Absent()
    with closing(open_reader()) as reader:
        return tie_from_rows(info, reader.read().rows)


def tie_from_rows(info: ProcessInfo, rows: Iterable[SocketRow]) -> Fact[SessionTie]:
    """Return the tie of a remote desktop server to those whom it serves. Pure."""
    own = [row for row in rows if row.owner == info.key]
    listening = {row.local.port for row in own if row.state is State.LISTEN}
    is_visited = any(row.state is State.ESTABLISHED and row.local.port in listening for row in own)
    return Known(SessionTie.REMOTE_DESKTOP) if is_visited else Absent()


def _is_not_on_glass() -> bool:
    """Return whether the console shows another session than this; False where nothing says."""
    if sys.platform != "win32":
        return False
    import winreg  # noqa: PLC0415 - Windows only

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _TERMINAL_SERVER) as key:
            glass, _unused = winreg.QueryValueEx(key, "GlassSessionId")
    except OSError:
        return False
    session = wintypes.DWORD()
    ask = bind(
        load_library("kernel32.dll"),
        "ProcessIdToSessionId",
        *(wintypes.BOOL, wintypes.DWORD, ctypes.POINTER(wintypes.DWORD)),
    )
    if not ask(os.getpid(), ctypes.byref(session)):
        raise windows_error(last_error())
    return session.value != int(glass)
