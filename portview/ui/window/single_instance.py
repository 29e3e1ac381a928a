"""One window per user: a second start raises the first window and ends, or takes over from it."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
import sys
from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QCoreApplication,
    QCryptographicHash,
    QDeadlineTimer,
    QLockFile,
    QObject,
    QThread,
    Signal,
    Slot,
)

from portview.i18n import _
from portview.private_files import make_folder
from portview.readers.elevation import is_elevated

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from PySide6.QtNetwork import QLocalServer, QLocalSocket

logger = logging.getLogger(__name__)

_RAISE, _QUIT, _TAKE_OVER = b"raise", b"quit", b"take over"
_DONE, _IS_ELEVATED = b"ok", b"elevated"
_LONGEST_MESSAGE = 16
"""Bytes of a message or an answer, without the line's end."""
_PATIENCE_MS = 3000
_QUIT_PATIENCE_MS = 30_000
_ASK_AGAIN_MS, _NOT_HEARD_MS = 5000, 250
_START_PATIENCE_MS, _NOT_LISTENING_YET_MS = 10_000, 50
"""How long the first one may take from its lock to its first rows, on a machine that just woke."""


class QuitResult(Enum):
    """How asking the first instance to end went."""

    NONE_RUNS = auto()
    STILL_RUNS = auto()
    DENIED = auto()
    """It runs with rights by which this process can't even speak to it."""


def quit_running(folder: Path) -> QuitResult:
    """Close the PortView of these settings and return whether none runs now.

    For a process without a window, in which nothing else of Qt is in use.
    """
    application = QCoreApplication([])
    result = SingleInstance(folder).quit_first(_QUIT_PATIENCE_MS)
    del application
    return result


def _user() -> str:
    # Environments without a name for the user exist on Linux, and may name another one.
    if sys.platform == "win32":
        import getpass  # noqa: PLC0415 - Windows only

        return getpass.getuser()
    return str(os.getuid())


def _short_hash(text: str) -> str:
    # Qt's, which is there already: hashlib would load a library for it.
    method = QCryptographicHash.Algorithm.Sha256
    whole = QCryptographicHash.hash(text.encode("utf-8", "surrogateescape"), method)
    return bytes(whole.toHex().data()).decode("ascii")[:16]


class SingleInstance(QObject):
    """Decides who is first by a lock file and lets later starts call the first one.

    ``acquire`` only takes the lock, so that a window is up sooner; once it is, ``listen`` hears
    what later starts want. One that comes in between asks again for a moment.

    The lock, not the server, decides: on Windows two servers can listen on one name. Qt sees a
    lock whose process is gone and breaks it. Both ends make sure that the other one is of the same
    user: names can be taken by others. An elevated start takes over from one that is not.
    """

    raise_requested = Signal()
    quit_requested = Signal()

    def __init__(
        self, folder: Path, parent: QObject | None = None, *, elevated: bool | None = None
    ) -> None:
        super().__init__(parent)
        # Two settings folders are two programs, and so are two users of a portable one. Names of
        # pipes are seen by every user; this one is short because socket paths must be.
        user = _short_hash(_user())
        self._folder = folder
        self._name = f"portview-{_short_hash(f'{folder}{os.sep}{user}')}"
        self._is_elevated = is_elevated() if elevated is None else elevated
        with contextlib.suppress(OSError):
            make_folder(folder)
        self._lock_path = folder / f"portview-{user}.lock"
        self._lock = QLockFile(str(self._lock_path))
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None
        self._server_folder: int | None = None
        self._heard: dict[QLocalSocket, bytes] = {}
        self._was_denied = False

    def acquire(self) -> bool:
        """Become the first instance; False where another one runs. ``listen`` is to follow."""
        if problem := _planted(self._lock_path):
            # Qt would wait at a FIFO, and believe what is in somebody else's file.
            logger.warning("the lock file %s is %s; it is not used", self._lock_path, problem)
            return True
        if not self._lock.tryLock(0):
            if self._lock.error() is QLockFile.LockError.LockFailedError:
                return False
            # A folder that can't be written: better two windows than none.
            logger.warning("the lock file could not be made: %s", self._lock.error())
        return True

    @Slot()
    def listen(self) -> None:
        """Hear what later starts want from now on. Loads Qt's module for it; twice does nothing."""
        if self._server is not None:
            return
        from PySide6.QtNetwork import QLocalServer  # noqa: PLC0415 - loaded when wanted

        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        opened = _addresses(self._folder, self._name, creating=True)
        address, self._server_folder = next(opened, (None, None))
        opened.close()
        if address is None:
            logger.warning("later starts can't be heard: no folder is this user's alone")
        else:
            QLocalServer.removeServer(address)
            if not server.listen(address):
                logger.warning("later starts can't be heard: %s", server.errorString())
        server.newConnection.connect(self._on_connection)
        self._server = server

    def raise_first(self) -> bool:
        """Ask the first instance to show its window; return whether it heard.

        One that doesn't listen yet is given time; one that listens and is silent hangs.
        """
        return self._ask_patiently(_RAISE) == _DONE

    def take_over(self) -> bool | None:
        """Become the first instance in place of one with fewer rights; for an elevated process.

        Return whether this process is the first one now. None where the first one is elevated as
        well: it shows its window.
        """
        answer = self._ask_patiently(_TAKE_OVER)
        if answer == _IS_ELEVATED:
            return None
        return answer == _DONE and self._lock.tryLock(_QUIT_PATIENCE_MS)

    def quit_first(self, patience_ms: int) -> QuitResult:
        """Ask the first instance to end and wait for it."""
        patience = QDeadlineTimer(patience_ms)
        while not self._lock.tryLock(_ASK_AGAIN_MS if self._ask(_QUIT) else _NOT_HEARD_MS):
            # A busy one may not have heard.
            if self._was_denied:
                return QuitResult.DENIED
            if patience.hasExpired():
                return QuitResult.STILL_RUNS
        self._lock.unlock()
        return QuitResult.NONE_RUNS

    def release(self) -> None:
        """Let a later start be the first one."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._server_folder is not None:
            os.close(self._server_folder)
            self._server_folder = None
        self._heard.clear()
        self._lock.unlock()

    def _ask_patiently(self, message: bytes) -> bytes:
        patience = QDeadlineTimer(_START_PATIENCE_MS)
        while (answer := self._ask(message)) is None and not patience.hasExpired():
            QThread.msleep(_NOT_LISTENING_YET_MS)
        return answer or b""

    def _ask(self, message: bytes) -> bytes | None:
        """Send a message; return the answer, b"" for none, None where nobody of ours listens."""
        for address, folder in _addresses(self._folder, self._name, creating=False):
            try:
                answer = self._ask_at(address, message)
            finally:
                if folder is not None:
                    os.close(folder)
            if answer is not None:
                return answer
        return None

    def _ask_at(self, address: str, message: bytes) -> bytes | None:
        from PySide6.QtNetwork import QLocalSocket  # noqa: PLC0415 - loaded when wanted

        from portview.readers.local_peer import is_own_peer  # noqa: PLC0415 - likewise

        socket = QLocalSocket()
        socket.connectToServer(address)
        if not socket.waitForConnected(_PATIENCE_MS):
            denied = QLocalSocket.LocalSocketError.SocketAccessError
            self._was_denied = socket.error() == denied
            return None
        if not is_own_peer(int(socket.socketDescriptor())):
            logger.warning("another user listens at %s; it is not asked", address)
            socket.abort()
            return None
        socket.write(message + b"\n")
        answer, patience = b"", QDeadlineTimer(_PATIENCE_MS)
        while b"\n" not in answer and len(answer) <= _LONGEST_MESSAGE:
            if not socket.bytesAvailable() and not socket.waitForReadyRead(
                int(patience.remainingTime())
            ):
                break
            answer += bytes(socket.read(_LONGEST_MESSAGE + 1).data())
        socket.disconnectFromServer()
        line, end, _unused = answer.partition(b"\n")
        return line if end else b""

    @Slot()
    def _on_connection(self) -> None:
        from portview.readers.local_peer import is_own_peer  # noqa: PLC0415 - loaded when wanted

        if self._server is None:
            return
        while socket := self._server.nextPendingConnection():
            socket.disconnected.connect(self._on_disconnected)
            # Whoever makes a pipe on Windows decides who may connect; elsewhere it is asked.
            if sys.platform != "win32" and not is_own_peer(int(socket.socketDescriptor())):
                socket.abort()
                continue
            self._heard[socket] = b""
            socket.readyRead.connect(self._on_ready)
            if socket.bytesAvailable():
                self._read(socket)

    @Slot()
    def _on_ready(self) -> None:
        from PySide6.QtNetwork import QLocalSocket  # noqa: PLC0415 - there already

        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._read(socket)

    @Slot()
    def _on_disconnected(self) -> None:
        from PySide6.QtNetwork import QLocalSocket  # noqa: PLC0415 - there already

        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._heard.pop(socket, None)
            socket.deleteLater()

    def _read(self, socket: QLocalSocket) -> None:
        """Take in what has come so far; a message may come in pieces."""
        if socket not in self._heard:
            return
        self._heard[socket] += bytes(socket.read(_LONGEST_MESSAGE + 1).data())
        message, end, rest = self._heard[socket].partition(b"\n")
        if not end and len(message) <= _LONGEST_MESSAGE:
            return
        # Whatever else a local program may send is dropped unread.
        del self._heard[socket]
        if end and not rest:
            self._obey(socket, message)
        socket.disconnectFromServer()

    def _obey(self, socket: QLocalSocket, message: bytes) -> None:
        wanted = {_RAISE: self.raise_requested, _QUIT: self.quit_requested}
        wanted[_TAKE_OVER] = self.raise_requested if self._is_elevated else self.quit_requested
        signal = wanted.get(message)
        if signal is None:
            return
        stays = message == _TAKE_OVER and self._is_elevated
        socket.write((_IS_ELEVATED if stays else _DONE) + b"\n")
        socket.flush()
        signal.emit()


def _addresses(
    folder: Path, name: str, *, creating: bool
) -> Generator[tuple[str, int | None], None, None]:
    """Give where the first instance may listen: a pipe on Windows, else sockets in own folders.

    With each comes the descriptor of its folder, which the caller closes. On Linux the address goes
    by it: a socket's path has room for some hundred bytes only.
    """
    if sys.platform == "win32":
        yield name, None
        return
    from portview.readers.local_peer import socket_folders  # noqa: PLC0415 - loaded when wanted

    for path, descriptor in socket_folders(folder, creating=creating):
        shown = f"/proc/self/fd/{descriptor}" if sys.platform == "linux" else str(path)
        yield f"{shown}/{name}", descriptor


def _planted(path: Path) -> str:
    """Return what is wrong with a lock file that somebody else may have put there."""
    try:
        status = path.lstat()
    except OSError:
        return ""
    if not stat.S_ISREG(status.st_mode):
        return _("not a regular file")
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        return _("another user's")
    return ""
