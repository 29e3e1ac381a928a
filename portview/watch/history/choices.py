"""What a person has chosen about history, read again when the settings file changes."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, NamedTuple

from portview.preferences import DEFAULTS, Preferences, read_preferences
from portview.private_files import read_whole
from portview.settings import settings_path
from portview.watch.history.retention import Retention

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_MB = 1_000_000


class HistoryChoices(NamedTuple):
    """Whether history is recorded, how long and how much of it is kept, and of whom."""

    is_on: bool = DEFAULTS.history
    retention: Retention = Retention(DEFAULTS.history_days, DEFAULTS.history_mb * _MB)
    with_peers: bool = DEFAULTS.history_peers
    """Whether the addresses of other machines are recorded."""


def choices_of(preferences: Preferences) -> HistoryChoices:
    """Return what the preferences say about history."""
    return HistoryChoices(
        preferences.history,
        Retention(preferences.history_days, preferences.history_mb * _MB),
        preferences.history_peers,
    )


class ChoicesFile:
    """Reads the choices from the settings file, again whenever it was written. One thread.

    The window and a background process both go by it, so that what is chosen in one holds for the
    other within a second. A file that can't be read changes nothing; none means the defaults.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Store the path; nothing is read before the first ``read``."""
        self._path = path or settings_path()
        self._stamp: object = ()
        self._choices = HistoryChoices()

    def read(self) -> HistoryChoices:
        """Return the choices that hold now."""
        try:
            found = self._path.stat()
            stamp: object = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            stamp = None
        if stamp == self._stamp:
            return self._choices
        self._stamp = stamp
        if stamp is None:
            self._choices = HistoryChoices()
            return self._choices
        try:
            values = json.loads(read_whole(self._path))
            self._choices = choices_of(read_preferences(values))
        except (OSError, ValueError, TypeError, RecursionError) as error:
            logger.warning("history: the settings could not be read: %s", error)
        return self._choices
