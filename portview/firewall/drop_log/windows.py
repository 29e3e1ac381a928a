"""Windows' own log of what its firewall did: ``pfirewall.log``.

A W3C log. Its ``#Fields:`` line, which stands at the start of the file, names the columns; version
1.5 has date, time, action, protocol, src-ip, dst-ip, src-port, dst-port, size, tcpflags, tcpsyn,
tcpack, tcpwin, icmptype, icmpcode, info, path, and newer systems add pid. A dash is not a value.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.firewall.drop_log.packet import DroppedPacket
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from portview.domain.sockets.socket_row import Protocol

_FIELDS = "#Fields:"
_DROP = "DROP"
_WAYS = {"RECEIVE": True, "SEND": False}
_HEAD_SIZE = 4 * 1024
_TAIL_SIZE = 512 * 1024
_DEFAULT_FIELDS = [
    *("date", "time", "action", "protocol", "src-ip", "dst-ip", "src-port", "dst-port", "size"),
    *("tcpflags", "tcpsyn", "tcpack", "tcpwin", "icmptype", "icmpcode", "info", "path"),
]


def parse_drops(lines: Iterable[str], port: int, protocol: Protocol) -> Iterator[DroppedPacket]:
    """Return the dropped packets for a port that did not leave this machine, as they stand.

    Lines that are no packets, or damaged, are left out. A ``#Fields:`` line counts for the lines
    after it; before the first the columns are those of version 1.5.
    """
    fields = _DEFAULT_FIELDS
    for raw in lines:
        line = raw.strip()
        if line.startswith("#"):
            if line.startswith(_FIELDS):
                fields = line.removeprefix(_FIELDS).split()
            continue
        words = dict(zip(fields, line.split(), strict=False))
        packet = _packet(words, line)
        if (
            packet is not None
            and packet.port == port
            and packet.protocol == protocol.value
            and packet.is_inbound is not False
        ):
            yield packet


def read_recent_drops(
    path: Path, port: int, protocol: Protocol, *, most: int = 50
) -> tuple[DroppedPacket, ...]:
    """Return the latest dropped packets for a port, the latest first. Any thread.

    Reads the start of the file and its last 512 KiB only. Raises PortViewError, with NEEDS_ADMIN
    where the file may not be read, which is how Windows sets it up.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_SIZE)
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - _TAIL_SIZE)
            file.seek(start)
            tail = file.read(_TAIL_SIZE)
    except FileNotFoundError as error:
        raise PortViewError(
            "no_drop_log",
            _("The firewall's log {path} does not exist yet.").format(path=path),
            _("It appears with the first packet that is dropped."),
            Outcome.NOT_DONE,
        ) from error
    except PermissionError as error:
        raise PortViewError(
            "drop_log_denied",
            _("The firewall's log {path} can't be read without administrator rights.").format(
                path=path
            ),
            _("Try again as administrator."),
            Outcome.NEEDS_ADMIN,
        ) from error
    except OSError as error:
        raise PortViewError(
            "drop_log_unreadable",
            _("The firewall's log {path} can't be read: {value}.").format(
                path=path, value=error.strerror or error
            ),
        ) from error
    lines = tail.decode("utf-8", "replace").splitlines()
    if start:
        # The columns are named at the start of the file; the first line is cut somewhere.
        header = head.decode("utf-8", "replace").splitlines()
        lines = [*(line for line in header if line.startswith(_FIELDS)), *lines[1:]]
    return tuple(reversed(deque(parse_drops(lines, port, protocol), maxlen=most)))


def _packet(words: dict[str, str], line: str) -> DroppedPacket | None:
    if words.get("action", "").upper() != _DROP:
        return None
    port, source_port = _number(words.get("dst-port")), _number(words.get("src-port"))
    if port is None or not {"date", "time", "protocol", "src-ip", "dst-ip"} <= words.keys():
        return None
    return DroppedPacket(
        f"{words['date']} {words['time']}",
        words["protocol"].lower(),
        words["src-ip"],
        words["dst-ip"],
        port,
        source_port,
        _WAYS.get(words.get("path", "").upper()),
        line,
    )


def _number(text: str | None) -> int | None:
    # The log is a file that others can write to; a number of a thousand digits is not a port.
    is_port = text is not None and text.isascii() and text.isdecimal() and len(text) <= 5  # noqa: PLR2004 - digits of 65535
    return int(text) if text is not None and is_port else None
