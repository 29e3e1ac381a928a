"""One window per user: a second start raises the first window and ends."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
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

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtNetwork import QLocalServer, QLocalSocket

logger = logging.getLogger(__name__)

_RAISE, _QUIT = b"raise\n", b"quit\n"
_LONGEST_REQUEST = 16
_PATIENCE_MS = 3000
_QUIT_PATIENCE_MS = 30_000
_ASK_AGAIN_MS, _NOT_HEARD_MS = 5000, 250
_START_PATIENCE_MS, _NOT_LISTENING_YET_MS = 10_000, 50
"""How long the first one may take from its lock to its first rows, on a machine that just woke."""


def quit_running(folder: Path) -> bool:
    """Close the PortView of these settings; return whether none runs now.

    For a process without a window, in which nothing else of Qt is in use.
    """
    application = QCoreApplication([])
    has_ended = SingleInstance(folder).quit_first(_QUIT_PATIENCE_MS)
    del application
    return has_ended


def _user() -> str:
    # Environments without a name for the user exist on Linux.
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
    lock whose process is gone and breaks it.
    """

    raise_requested = Signal()
    quit_requested = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Two settings folders are two programs, and so are two users of a portable one. Names of
        # pipes are seen by every user; this one is short because socket paths must be.
        user = _short_hash(_user())
        self._name = f"portview-{_short_hash(f'{folder}{os.sep}{user}')}"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = QLockFile(str(folder / f"portview-{user}.lock"))
        self._lock.setStaleLockTime(0)
        self._server: QLocalServer | None = None

    def acquire(self) -> bool:
        """Become the first instance; False where another one runs. ``listen`` is to follow."""
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
        QLocalServer.removeServer(self._name)
        if not server.listen(self._name):
            logger.warning("later starts can't be heard: %s", server.errorString())
        server.newConnection.connect(self._on_connection)
        self._server = server

    def raise_first(self) -> bool:
        """Ask the first instance to show its window; return whether it heard.

        One that doesn't listen yet is given time; one that listens and is silent hangs.
        """
        patience = QDeadlineTimer(_START_PATIENCE_MS)
        while (has_heard := self._ask(_RAISE)) is None and not patience.hasExpired():
            QThread.msleep(_NOT_LISTENING_YET_MS)
        return bool(has_heard)

    def quit_first(self, patience_ms: int) -> bool:
        """Ask the first instance to end and wait for it; return whether none runs now."""
        patience = QDeadlineTimer(patience_ms)
        while not self._lock.tryLock(_ASK_AGAIN_MS if self._ask(_QUIT) else _NOT_HEARD_MS):
            # A busy one may not have heard.
            if patience.hasExpired():
                return False
        self._lock.unlock()
        return True

    def release(self) -> None:
        """Let a later start be the first one."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _ask(self, rule_spec: bytes) -> bool | None:
        """Tell a wish; return whether it was answered, None where nobody listens."""
        from PySide6.QtNetwork import QLocalSocket  # noqa: PLC0415 - loaded when wanted

        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_PATIENCE_MS):
            return None
        socket.write(rule_spec)
        heard = socket.waitForBytesWritten(_PATIENCE_MS) and socket.waitForReadyRead(_PATIENCE_MS)
        socket.disconnectFromServer()
        return heard

    @Slot()
    def _on_connection(self) -> None:
        if self._server is None:
            return
        while socket := self._server.nextPendingConnection():
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(self._on_ready)
            if socket.bytesAvailable():
                self._answer(socket)

    @Slot()
    def _on_ready(self) -> None:
        from PySide6.QtNetwork import QLocalSocket  # noqa: PLC0415 - there already

        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._answer(socket)

    def _answer(self, socket: QLocalSocket) -> None:
        # Whatever else a local program may send is dropped unread.
        rule_specs = {_RAISE: self.raise_requested, _QUIT: self.quit_requested}
        rule_spec = rule_specs.get(bytes(socket.read(_LONGEST_REQUEST).data()))
        if rule_spec is not None:
            socket.write(b"ok\n")
            socket.flush()
            rule_spec.emit()
        socket.disconnectFromServer()
