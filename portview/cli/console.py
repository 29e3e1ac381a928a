"""The one way in which commands write: UTF-8 JSON, plain lines, and errors with a hint."""

from __future__ import annotations

import codecs
import contextlib
import errno
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

from portview.cli.terminal import InertTerminal, guard_terminals
from portview.domain.errors import Outcome, PortViewError
from portview.domain.json_schema import error_document
from portview.domain.plain_text import is_inert
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator


_PLAIN = {
    "“": '"',
    "”": '"',
    "…": "...",
    "≥": ">=",
    "←": "<-",
    "→": "->",
    "·": "-",
    "•": "*",
    "✓": "+",
}
"""What stands for PortView's own signs where a console's encoding has none of them."""

_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


class OutputError(PortViewError):
    """Standard output takes no more: the disk is full, or the device is broken."""

    def __init__(self, reason: str) -> None:
        """Report the system's reason."""
        super().__init__(
            "output_failed",
            _("The output could not be written: {reason}.").format(reason=reason),
            _("Make room, or write somewhere else."),
            Outcome.NOT_DONE,
        )


def prepare_streams() -> None:
    """Make sure that no character from the machine can stop a command from printing it.

    A terminal obeys none of them. Where a standard stream was closed before the start, its number
    is kept from files that are opened later: what is printed would land in them.
    """
    _occupy_closed_streams()
    codecs.register_error("portview.plain", _plainly)
    encoding = _encoding_of_pipes()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            own = None if stream.isatty() else encoding
            stream.reconfigure(encoding=own, errors="portview.plain")
    guard_terminals()


def _encoding_of_pipes() -> str | None:
    """Return how a pipe's reader takes text, None for what Python assumes.

    On Windows a program reads another one's output in the code page of the console that both have;
    PowerShell 5 and ``more`` know no other way. A variable of Python's that says otherwise counts.
    """
    if sys.platform != "win32" or os.environ.get("PYTHONIOENCODING"):
        return None
    page = _console_page()
    try:
        return codecs.lookup(f"cp{page}").name if page else None
    except LookupError:
        return None


def _console_page() -> int:
    """Return the code page of the console's output, 0 where there is no console."""
    if sys.platform != "win32":
        return 0
    from portview.readers.windows.dll import load_library  # noqa: PLC0415 - Windows only

    page: int = load_library("kernel32.dll").GetConsoleOutputCP()
    return page


def _occupy_closed_streams() -> None:
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is given out, which is this one.
            with contextlib.suppress(OSError):
                os.open(os.devnull, os.O_RDWR)


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        missing = error.object[error.start : error.end]
        plain = "".join(_PLAIN.get(character, character) for character in missing)
        return plain.encode("ascii", "backslashreplace").decode("ascii"), error.end
    raise error


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document in UTF-8, of ASCII alone where the reader may take it for another.

    That is where standard output has another encoding. A lone surrogate, which UTF-8 can't hold,
    goes out as the JSON escape of itself; at a terminal so does every character that it would obey.
    """
    text = json.dumps(document, ensure_ascii=not takes_utf8(), indent=2) + "\n"
    if isinstance(sys.stdout, InertTerminal):
        text = _NOT_ASCII.sub(_json_escape, text)
    print_bytes(text.encode("utf-8", errors="backslashreplace"))


def takes_utf8() -> bool:
    """Return whether what reads standard output will take its bytes for UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False


def _json_escape(found: re.Match[str]) -> str:
    character = found[0]
    return character if is_inert(character) else json.dumps(character)[1:-1]


def print_bytes(data: bytes) -> None:
    """Print UTF-8 as it is, made inert at a terminal; nothing where there is no console."""
    if sys.stdout is None:
        return
    with _failures_of_output():
        if isinstance(sys.stdout, InertTerminal):
            sys.stdout.write(data.decode("utf-8", errors="backslashreplace"))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
        sys.stdout.flush()


def print_line(text: str = "") -> None:
    """Print one line for people."""
    with _failures_of_output():
        print(text, flush=True)  # noqa: T201 - this is where commands print


def print_control(text: str) -> None:
    """Print text with control sequences of PortView's own; what else is in it is inert already."""
    with _failures_of_output():
        if isinstance(sys.stdout, InertTerminal):
            sys.stdout.control(text)
            sys.stdout.flush()


def ask_line(question: str) -> str:
    """Ask at the terminal and return the answer, empty where there is none."""
    with _failures_of_output():
        # Not by input(): it writes its prompt past everything, as the C library does.
        print(question, end="", flush=True)  # noqa: T201 - likewise
    try:
        return input()
    except EOFError:
        return ""


@contextlib.contextmanager
def _failures_of_output() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Windows calls a pipe whose reader has gone an invalid argument.
        if error.errno in {errno.EPIPE, errno.EINVAL}:
            raise BrokenPipeError from error
        raise OutputError(error.strerror or str(error)) from error


def give_up_output() -> None:
    """Send to nowhere what is still to be printed, which Python would complain about at exit."""
    give_up(sys.stdout)


def give_up(stream: TextIO | None) -> None:
    """Send to nowhere what a stream still holds."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        os.close(nowhere)


def finish_output() -> None:
    """Write what argparse and others left in the buffer. Raises as ``print_line``."""
    if sys.stdout is None:
        return
    with _failures_of_output():
        sys.stdout.flush()


def _print_aside(text: str) -> None:
    """Print beside the output; a stream that takes nothing is no reason to stop."""
    if sys.stderr is None:
        return
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - likewise
    except OSError:
        give_up(sys.stderr)


def print_note(text: str) -> None:
    """Print a remark for people beside the output."""
    _print_aside(_("portview: {text}").format(text=text))


def print_hint(text: str) -> None:
    """Print what to do next beside the output."""
    _print_aside(_("hint: {text}").format(text=text))


def print_error(error: PortViewError, *, as_json: bool) -> None:
    """Print an error as one clear line and a hint to stderr, with JSON to stdout as well."""
    if as_json and not isinstance(error, OutputError):
        try:
            print_json(error_document(error))
        except (OutputError, BrokenPipeError):
            give_up_output()
    print_note(error.message)
    if error.hint:
        print_hint(error.hint)
