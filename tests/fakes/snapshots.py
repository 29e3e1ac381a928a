"""Stand-ins for what no machine here has, and for failures that can't be provoked."""

from __future__ import annotations

import threading

from portview.domain.sockets.snapshot import Snapshot


class FakeReader:
    """Answers with what the test puts in, since no machine here fails when asked to."""

    source = "fake"

    def __init__(self) -> None:
        self.snapshot = Snapshot(source="fake")
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def read(self) -> Snapshot:
        self.entered.set()
        assert self.gate.wait(30)
        if self.error:
            raise self.error
        return self.snapshot

    def close(self) -> None:
        """Hold nothing."""
