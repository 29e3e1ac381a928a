"""Where watches.toml is, and reading it again when it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.folders import settings_folder
from portview.i18n import _, join_sentences
from portview.private_files import read_whole
from portview.watch.rules.parse import MAX_BYTES, ParsedRules, parse_rules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from portview.watch.rules.model import RuleProblem

FILE_NAME = "watches.toml"


def rules_path() -> Path:
    """Return the file of this user's watches; ``PORTVIEW_CONFIG_DIR`` moves it."""
    return settings_folder() / FILE_NAME


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes, nothing where there is none. Raises PortViewError.

    A file that is too large is not read whole: what is returned is one byte over the limit.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            return bytes(MAX_BYTES + 1)
        return read_whole(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise PortViewError(
            "rules_unreadable",
            _("{path} can't be read: {reason}.").format(path=path, reason=error.strerror or error),
            _("Give this account access to the file."),
            Outcome.BAD_INPUT,
        ) from error


def read_rules(path: Path) -> ParsedRules:
    """Read the rules and their mistakes; no file means no watches. Raises PortViewError."""
    return parse_rules(read_bytes(path))


def problem_lines(path: Path, problems: Iterable[RuleProblem]) -> list[str]:
    """Return one line for each mistake, with the file and the line."""
    return [
        _("{path}, line {line}: {problem}").format(path=path, line=one.line, problem=one.message)
        if one.line
        else f"{path}: {one.message}"
        for one in problems
    ]


def require_right(path: Path, parsed: ParsedRules) -> None:
    """Raise PortViewError, which names every mistake, where the file has one."""
    if not parsed.problems:
        return
    raise PortViewError(
        "wrong_rules",
        join_sentences(*problem_lines(path, parsed.problems)),
        _("Correct the file; it was left as it is."),
        Outcome.BAD_INPUT,
    )


class RulesFile:
    """Reads the file again when it has changed. One thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | str | None = "unread"

    def read_if_changed(self) -> ParsedRules | None:
        """Return the rules where the file changed since the last call, else None.

        Raises PortViewError where it can't be read; it is tried again when it changes.
        """
        try:
            status = self._path.stat()
            now: tuple[int, int, int] | None = (
                status.st_mtime_ns,
                status.st_size,
                status.st_ino,
            )
        except OSError:
            now = None
        if now == self._seen:
            return None
        self._seen = now
        return read_rules(self._path)
