"""What PortView remembers between two starts: one JSON file per user."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from portview.domain.errors import PortViewError
from portview.files import write_whole
from portview.folders import settings_folder, user_settings_folder
from portview.preferences import NAMES, Preferences, read_preferences
from portview.private_files import make_folder, read_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

logger = logging.getLogger(__name__)


def settings_path() -> Path:
    """Return the settings file of this user."""
    return settings_folder() / "settings.json"


class Settings:
    """Named JSON values. A damaged file is set aside and the program starts with defaults.

    ``set_aside`` is where a damaged file went, None where there was none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.set_aside: Path | None = None
        self._values: dict[str, Any] = self._load()
        self._saved = dict(self._values)
        self._listeners: list[Callable[[frozenset[str]], object]] = []

    def get(self, name: str, kind: type, default: Any) -> Any:
        """Return a value, or the default where it is missing or not of this kind.

        A whole number serves as a float; a bool never as a number.
        """
        value = self._values.get(name, default)
        if kind is float and type(value) is int:
            return float(value)
        is_of_kind = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        return value if is_of_kind else default

    def set(self, name: str, value: Any) -> None:
        """Store a JSON value until ``save``."""
        self._values[name] = value

    @property
    def preferences(self) -> Preferences:
        """What the person has set, each value checked."""
        return read_preferences(self._values)

    def update(self, **changes: Any) -> None:
        """Store changed preferences until ``save``; names are those of ``Preferences``.

        Whoever listens hears which of them have another value now.
        """
        unknown = changes.keys() - NAMES
        if unknown:
            raise KeyError(*sorted(unknown))
        before = self.preferences
        self._values.update(changes)
        after = self.preferences
        changed = frozenset(
            name for name in changes if getattr(before, name) != getattr(after, name)
        )
        if changed:
            for listener in tuple(self._listeners):
                listener(changed)

    def listen(self, listener: Callable[[frozenset[str]], object]) -> Callable[[], None]:
        """Call ``listener`` with the names of preferences that changed; return what ends that.

        It is called in the thread that changes them, which is the window's.
        """
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def save(self) -> bool:
        """Write the file where anything changed; a disk that refuses is logged, not fatal."""
        if self._values == self._saved:
            return True
        content = json.dumps(self._values, ensure_ascii=True, indent=2, sort_keys=True) + "\n"
        try:
            make_folder(self._path.parent)
            write_whole(self._path, content.encode("ascii"))
        except (OSError, PortViewError) as error:
            logger.warning("the settings were not saved: %s", error)
            return False
        self._saved = dict(self._values)
        return True

    def _load(self) -> dict[str, Any]:
        try:
            values = _object(read_whole(self._path))
        except FileNotFoundError:
            return self._inherited()
        except OSError as error:
            # Not readable is not damaged: it stays where it is.
            logger.warning("the settings could not be read: %s", error)
            return {}
        except (ValueError, TypeError, RecursionError) as error:
            if self._path.is_file():
                self._set_aside(error)
            return {}
        return values

    def _inherited(self) -> dict[str, Any]:
        """Return the user's own settings where an elevated process has none yet."""
        users = user_settings_folder() / self._path.name
        if self._path != settings_path() or users == self._path:
            return {}
        try:
            return _object(read_whole(users))
        except (OSError, ValueError, TypeError, RecursionError):
            return {}

    def _set_aside(self, reason: Exception) -> None:
        aside = self._path.with_name(f"{self._path.stem}.damaged-{time.time_ns() // 10**9}.json")
        try:
            self._path.replace(aside)
        except OSError as error:
            logger.warning("damaged settings could not be set aside: %s", error)
            return
        self.set_aside = aside
        logger.warning("the settings were damaged (%s); set aside as %s", reason, aside)


def _object(content: bytes) -> dict[str, Any]:
    values = json.loads(content)
    if not isinstance(values, dict):
        raise TypeError("the top level is no object")
    return values
