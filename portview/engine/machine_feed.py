"""Follows another machine for a window, on a thread of its own."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.errors import PortViewError
from portview.hosts.streaming import follow_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portview.domain.sockets.snapshot import Snapshot

logger = logging.getLogger(__name__)


class MachineFeed(QObject):
    """One connection at a time. Its signals arrive on the UI thread.

    ``snapshot_taken`` carries a ``Snapshot``, ``ended`` the reason why no more come.
    """

    snapshot_taken = Signal(object)
    ended = Signal(str)

    def __init__(
        self,
        host: str,
        follow: Callable[[str, CancelToken], Iterator[Snapshot]] = follow_machine,
        parent: QObject | None = None,
    ) -> None:
        """Connect to nothing yet."""
        super().__init__(parent)
        self._host = host
        self._follow = follow
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Connect, where that is not done already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._cancel = CancelToken()
        arguments = (self._cancel,)
        self._thread = threading.Thread(target=self._run, args=arguments, name="machine feed")
        self._thread.start()

    def stop(self) -> None:
        """Disconnect and wait for the end; nothing is delivered afterwards."""
        self._cancel.cancel()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, cancel: CancelToken) -> None:
        try:
            for snapshot in self._follow(self._host, cancel):
                self.snapshot_taken.emit(snapshot)
        except Cancelled:
            return
        except PortViewError as error:
            self.ended.emit(error.message)
        except OSError as error:
            logger.exception("a machine can't be followed")
            self.ended.emit(str(error))
