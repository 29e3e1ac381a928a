"""A socket reader that fails when a test wants it to."""

from __future__ import annotations

from portview.readers.listing import SocketListing


class FakeSocketReader:
    """Lists nothing, and raises ``error`` from reading number ``fails_at`` on."""

    def __init__(
        self, name: str, *, fails_at: int | None = None, error: Exception | None = None
    ) -> None:
        self.name = name
        self.is_closed = False
        self._fails_at = fails_at
        self._error = error
        self._readings = 0

    def read(self) -> SocketListing:
        self._readings += 1
        if self._error and self._fails_at is not None and self._readings >= self._fails_at:
            raise self._error
        return SocketListing(())

    def close(self) -> None:
        self.is_closed = True
