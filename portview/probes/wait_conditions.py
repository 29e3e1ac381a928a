"""Which ports to try first: the preferred one, then a file's order, then the range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.user_input.parsing import BadInputError, parse_ports
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MAX_FILE_BYTES = 1_000_000


def read_port_order(path: Path) -> tuple[int, ...]:
    """Read ports from a file in the order in which they are to be tried.

    One port or list (``8080``, ``8081-8090``) per line; # starts a comment. Raises PortViewError,
    which names the line.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it is not UTF-8 text")
        raise PortViewError(
            "unreadable_file",
            _("{path} can't be read: {reason}.").format(path=path, reason=reason),
            _("Name a text file with one port or range per line."),
            Outcome.BAD_INPUT,
        ) from error
    ports: list[int] = []
    for number, line in enumerate(content.splitlines(), 1):
        condition = line.partition("#")[0]
        if not condition.strip():
            continue
        try:
            ports.extend(parse_ports(condition.rstrip()))
        except BadInputError as mistake:
            raise PortViewError(
                mistake.code,
                _("{path}, line {number}: {mistake}").format(
                    path=path, number=number, mistake=mistake
                ),
                mistake.hint,
                Outcome.BAD_INPUT,
            ) from mistake
    return tuple(dict.fromkeys(ports))


def in_order(
    preferred: int | None, ordered: Iterable[int], range_ports: Iterable[int]
) -> tuple[int, ...]:
    """Join conditions into one order, each port once."""
    first = () if preferred is None else (preferred,)
    return tuple(dict.fromkeys((*first, *ordered, *range_ports)))
