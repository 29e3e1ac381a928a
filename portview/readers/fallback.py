"""The last resort: another reader takes over where the native one fails."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.readers.listing import SocketListing, SocketReader

logger = logging.getLogger(__name__)


class FallbackReader:
    """Reads through the first reader until that fails, from then on through the second.

    It never goes back: the two distinguish sockets by different marks, so every change between
    them would look as if all sockets had gone and come.
    """

    def __init__(
        self, preferred: Callable[[], SocketReader], last_resort: Callable[[], SocketReader]
    ) -> None:
        """Open the preferred reader, or the last resort if that can't be opened."""
        self._last_resort = last_resort
        self._note = ""
        try:
            self._reader = preferred()
        except PortViewError as error:
            self._take_over(error)

    @property
    def name(self) -> str:
        """Return the name of the reader that is in use."""
        return self._reader.name

    def read(self) -> SocketListing:
        """List all sockets, and note why not through the preferred reader."""
        if not self._note:
            try:
                return self._reader.read()
            except PortViewError as error:
                self._reader.close()
                self._take_over(error)
        listing = self._reader.read()
        return replace(listing, notes=(self._note, *listing.notes))

    def close(self) -> None:
        """Close the reader that is in use."""
        self._reader.close()

    def _take_over(self, error: PortViewError) -> None:
        self._reader = self._last_resort()
        self._note = _("{message} PortView reads through {reader_name} instead.").format(
            message=error.message, reader_name=self._reader.name
        )
        logger.warning("%s", self._note)
