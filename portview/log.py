"""The log file: where it is and how it is kept small."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from portview.folders import log_folder
from portview.override import override

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BYTES = 1_000_000
_OLD_FILES = 3


@cache
def log_path() -> Path:
    """Return the log file of this user."""
    return log_folder() / "portview.log"


def start_logging() -> None:
    """Send the program's log to the file, rotated at 1 MB.

    A disk that refuses is no reason to stop. The console stays clean: what a person should know is
    reported by the window or the command.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    logging.raiseExceptions = False  # a full disk must not print into a command's output
    root.addHandler(LogFile())


def use_log_settings(log_format: str, log_level: str) -> None:
    """Write from now on in this form, ``text`` or ``json``, and from this level up.

    Where watches.toml asks for JSON it stays JSON. Loggers of libraries stay at information: what
    they say beyond that may hold what nobody should read in a log.
    """
    root = logging.getLogger()
    level = logging.getLevelNamesMapping()[log_level.upper()]
    root.setLevel(max(level, logging.INFO))
    logging.getLogger("portview").setLevel(level)
    for handler in root.handlers:
        if isinstance(handler, LogFile):
            handler.use_format(is_json=log_format == "json")


class LogFile(logging.Handler):
    """Opens the file with the first record: most runs have none, and a start is the faster."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path
        self._file: logging.Handler | None = None
        self._is_json: bool | None = None
        self._form_of: object = None

    def use_format(self, *, is_json: bool) -> None:
        """Write what follows as JSON or as text."""
        self._is_json = is_json
        if self._file is not None:
            _set_format(self._file, is_json=is_json)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if self._file is None:
            self._file = _open_file(self._path or log_path())
        from portview.log_json import form_state  # noqa: PLC0415 - loaded with the first record

        state = form_state()
        if state != self._form_of:
            # The form may be changed while a program runs, as other keys of watches.toml may.
            self._form_of = state
            _set_format(self._file, is_json=self._is_json)
        self._file.emit(record)

    @override
    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


def _open_file(path: Path) -> logging.Handler:
    # Loaded when wanted.
    from portview.private_files import make_folder  # noqa: PLC0415
    from portview.private_log import PrivateLogFile  # noqa: PLC0415

    try:
        make_folder(path.parent)
        file = PrivateLogFile(
            path,
            maxBytes=_LARGEST_BYTES,
            backupCount=_OLD_FILES,
            encoding="utf-8",
            errors="backslashreplace",
            delay=True,
        )
    except OSError:
        return logging.NullHandler()
    return file


def _set_format(file: logging.Handler, *, is_json: bool | None) -> None:
    """Let a file write in a form; None leaves it to the settings file."""
    from portview.log_json import EcsFormatter, rules_want_json, wants_json  # noqa: PLC0415 - late

    chosen = wants_json() if is_json is None else is_json or rules_want_json()
    file.setFormatter(
        EcsFormatter()
        if chosen
        else logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    )
