"""The kernel's log of packets that rules reported it to take note of (nft(8), LOG STATEMENT).

A line has a prefix that whoever made the rule chose, and then fields like IN=eth0 SRC=... DPT=80.
That a packet was dropped stands in the prefix alone, so only such prefixes count as say so:
"[UFW BLOCK]", "filter_IN_public_REJECT: ", "dropped: ".
"""

from __future__ import annotations

import os
import re
from collections import deque
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.firewall.drop_log.packet import DroppedPacket
from portview.firewall.tools import run_tool
from portview.i18n import _
from portview.readers.system_tools import find_tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.domain.sockets.socket_row import Protocol

LOG_FILES = (Path("/var/log/kern.log"), Path("/var/log/ufw.log"), Path("/var/log/messages"))
"""Where system loggers write what the kernel says, if one does."""

_JOURNAL = ("journalctl", "--dmesg", "--lines=5000", "--output=short-iso", "--no-pager", "--quiet")
_KERNEL = ("dmesg", "--time-format=iso")
_TAIL_SIZE = 512 * 1024
_LONGEST_LINE = 2000
_BLOCKED = re.compile(r"block|drop|reject|den(?:y|ied)|refus", re.IGNORECASE)
_ALLOWED = re.compile(r"allow|accept|audit|limit(?! block)", re.IGNORECASE)
_FIELDS = re.compile(r"\b([A-Z]{2,5})=(\S*)")
_START = re.compile(r"\bIN=\S* OUT=")
_ISO_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")
_PLAIN_TIME = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")
_PORT = re.compile(r"[0-9]{1,5}")


def find_log_file() -> str | None:
    """Return the file in which the system notes what the kernel says, None where there is none."""
    return next((str(path) for path in LOG_FILES if path.exists()), None)


def parse_drops(lines: Iterable[str], port: int, protocol: Protocol) -> Iterator[DroppedPacket]:
    """Return the packets for a port that were dropped on their way in, as they stand.

    Lines that report of anything else, or are damaged, are left out.
    """
    for line in lines:
        packet = _packet(line[:_LONGEST_LINE])
        if packet and packet.port == port and packet.protocol == protocol.value:
            yield packet


def read_recent_drops(
    port: int, protocol: Protocol, *, most: int = 50
) -> tuple[DroppedPacket, ...]:
    """Return the latest dropped packets for a port, the latest first. Blocks; any thread.

    Reads the journal, else the end of a log file, else the kernel's own buffer. Raises
    PortViewError, with NEEDS_ADMIN where none of them may be read.
    """
    lines = _lines()
    return tuple(reversed(deque(parse_drops(lines, port, protocol), maxlen=most)))


def _lines() -> list[str]:
    is_refused = False
    for command in (_JOURNAL, None, _KERNEL):
        if command is None:
            for path in LOG_FILES:
                try:
                    return _tail(path)
                except PermissionError:
                    is_refused = True
                except OSError:
                    continue
        elif tool := find_tool(command[0]):
            done = run_tool([tool, *command[1:]])
            if done.code == 0 and done.output.strip():
                return done.output.splitlines()
            is_refused |= done.is_refused
    if is_refused:
        raise PortViewError(
            "drop_log_denied",
            _("Only root may read what the kernel logs."),
            _("Run this as root, or join the group adm or systemd-journal."),
            Outcome.NEEDS_ADMIN,
        )
    raise PortViewError(
        "no_drop_log", _("No log of the kernel was found."), outcome=Outcome.NOT_DONE
    )


def _tail(path: Path) -> list[str]:
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - _TAIL_SIZE)
        file.seek(start)
        lines = file.read(_TAIL_SIZE).decode("utf-8", "replace").splitlines()
    return lines[1:] if start else lines


def _packet(line: str) -> DroppedPacket | None:
    start = _START.search(line)
    if start is None:
        return None
    prefix = line[: start.start()].rpartition("kernel:")[2]
    if not _BLOCKED.search(prefix) or _ALLOWED.search(prefix):
        return None
    # A field that stands twice belongs to the packet that an ICMP error quotes; the first counts.
    fields: dict[str, str] = {}
    for name, value in _FIELDS.findall(line[start.start() :]):
        fields.setdefault(name, value)
    port = _number(fields.get("DPT"))
    if not fields["IN"] or fields["OUT"] or port is None:
        return None
    try:
        source, target = (str(ip_address(fields.get(name, ""))) for name in ("SRC", "DST"))
    except ValueError:
        return None
    protocol = fields.get("PROTO", "").lower()
    source_port = _number(fields.get("SPT"))
    return DroppedPacket(
        _time(line), protocol, source, target, port, source_port, is_inbound=True, text=line
    )


def _time(line: str) -> str:
    if found := _ISO_TIME.search(line[:40]):
        return f"{found[1]} {found[2]}"
    plain = _PLAIN_TIME.match(line)
    return plain[0] if plain else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and _PORT.fullmatch(text) else None
