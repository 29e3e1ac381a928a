"""The one way in which commands write: UTF-8 JSON, plain lines, and errors with a hint."""

from __future__ import annotations

import codecs
import contextlib
import errno
import json
import sys
from typing import TYPE_CHECKING, Any

from portview.domain.json_schema import error_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portview.domain.errors import PortViewError


_PLAIN = {"“": '"', "”": '"', "…": "...", "≥": ">=", "←": "<-"}
"""What stands for PortView's own signs where a console's encoding has none of them."""


def prepare_streams() -> None:
    """Make sure that no character from the machine can stop a command from printing it."""
    codecs.register_error("portview.plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="portview.plain")


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        missing = error.object[error.start : error.end]
        plain = "".join(_PLAIN.get(character, character) for character in missing)
        return plain.encode("ascii", "backslashreplace").decode("ascii"), error.end
    raise error


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document in UTF-8, whatever the console's encoding is.

    A lone surrogate, which UTF-8 can't hold, goes out as the JSON escape of itself.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    print_bytes(text.encode("utf-8", errors="backslashreplace"))


def print_bytes(data: bytes) -> None:
    """Print bytes as they are; nothing where the program has no console."""
    if sys.stdout is None:
        return
    with _reader_that_may_leave():
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def print_line(text: str = "") -> None:
    """Print one line for people."""
    with _reader_that_may_leave():
        print(text, flush=True)  # noqa: T201 - this is where commands print


@contextlib.contextmanager
def _reader_that_may_leave() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Windows calls a pipe whose reader has gone an invalid argument.
        if error.errno in {errno.EPIPE, errno.EINVAL}:
            raise BrokenPipeError from error
        raise


def print_note(text: str) -> None:
    """Print a remark for people beside the output."""
    print(f"portview: {text}", file=sys.stderr)  # noqa: T201 - likewise


def print_hint(text: str) -> None:
    """Print what to do next beside the output."""
    print(f"hint: {text}", file=sys.stderr)  # noqa: T201 - likewise


def print_error(error: PortViewError, *, as_json: bool) -> None:
    """Print an error as one clear line and a hint to stderr, with JSON to stdout as well."""
    if as_json:
        print_json(error_document(error))
    print(f"portview: {error.message}", file=sys.stderr)  # noqa: T201 - likewise
    if error.hint:
        print_hint(error.hint)
