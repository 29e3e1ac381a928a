"""The journal of systemd, with fields: its native protocol over a datagram socket.

A field is ``NAME=value`` and a line feed; a value with line feeds in it has its length in front
instead, 64 bits, little-endian. What is too large for a datagram travels as a sealed memory file.
https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
"""

from __future__ import annotations

import array
import errno
import logging
import os
import socket
import struct
import sys
import traceback
from typing import TYPE_CHECKING, Any

from portview.log_json import FIELDS
from portview.override import override

if TYPE_CHECKING:
    from collections.abc import Mapping

JOURNAL_SOCKET = "/run/systemd/journal/socket"
SOCKET_VARIABLE = "PORTVIEW_JOURNAL_SOCKET"
"""Names another socket, for tests and journals in a namespace of their own."""

_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_DEBUG_PRIORITY = 7
_FIRING_PRIORITY, _UNSURE_PRIORITY = 3, 4
_NAMES = {
    "event.action": "PORTVIEW_EVENT",
    "event.id": "PORTVIEW_INCIDENT",
    "rule.name": "PORTVIEW_WATCH",
    "destination.port": "PORTVIEW_PORT",
    "network.transport": "PORTVIEW_PROTOCOL",
}
"""Fields of ECS that a record has, and what the journal calls them."""


def is_connected_to_journal(descriptor: int = 2) -> bool:
    """Return whether a descriptor is the stream that systemd gave this very process.

    ``JOURNAL_STREAM`` has the device and the inode (systemd.exec(5)); children inherit the
    variable, and may have their output elsewhere.
    """
    device, _colon, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(descriptor)
        return (status.st_dev, status.st_ino) == (int(device), int(inode))
    except (OSError, ValueError):
        return False


def encode_entry(fields: Mapping[str, str]) -> bytes:
    """Return an entry in the native protocol. Pure."""
    parts = []
    for name, value in fields.items():
        data = value.encode("utf-8", "backslashreplace")
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


def entry_fields(record: logging.LogRecord) -> dict[str, str]:
    """Return the fields of a record. Pure."""
    fields: Mapping[str, Any] = getattr(record, FIELDS, None) or {}
    message = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    found = {
        "MESSAGE": message,
        "PRIORITY": str(_priority(record, fields)),
        "SYSLOG_IDENTIFIER": "portview",
        "CODE_FILE": record.pathname,
        "CODE_LINE": str(record.lineno),
        "CODE_FUNC": record.funcName or "",
        "PORTVIEW_LOGGER": str(record.name),
    }
    for name, journal_name in _NAMES.items():
        if fields.get(name) is not None:
            found[journal_name] = str(fields[name])
    return found


def _priority(record: logging.LogRecord, fields: Mapping[str, Any]) -> int:
    action = fields.get("event.action")
    if action == "firing":
        return _FIRING_PRIORITY
    if action in {"cannot_tell", "flapping", "reminder"}:
        return _UNSURE_PRIORITY
    found = (number for level, number in _PRIORITIES if record.levelno >= level)
    return next(found, _DEBUG_PRIORITY)


class JournalHandler(logging.Handler):
    """Sends records to the journal. One that refuses is no reason to stop."""

    def __init__(self, path: str | None = None) -> None:
        """Open a socket; nothing is sent yet. Raises OSError."""
        super().__init__(logging.INFO)
        self._path: str
        self._socket: socket.socket
        if sys.platform == "win32":
            raise OSError("systemd is a part of Linux")
        self._path = path or os.environ.get(SOCKET_VARIABLE) or JOURNAL_SOCKET
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        # A journal that does not keep up must not stop the watches.
        self._socket.setblocking(False)  # noqa: FBT003 - Python's own form

    @override
    def emit(self, record: logging.LogRecord) -> None:
        entry = encode_entry(entry_fields(record))
        try:
            self._socket.sendto(entry, self._path)
        except OSError as error:
            if error.errno in {errno.EMSGSIZE, errno.ENOBUFS}:
                self._send_file(entry)

    def _send_file(self, entry: bytes) -> None:
        if sys.platform != "linux":
            return
        import fcntl  # noqa: PLC0415 - Linux, and rarely wanted

        try:
            file = os.memfd_create("portview-journal", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            try:
                with os.fdopen(file, "wb", closefd=False) as whole:
                    whole.write(entry)
                seals = (
                    fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
                )
                fcntl.fcntl(file, fcntl.F_ADD_SEALS, seals)
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))
                self._socket.sendmsg([], [rights], 0, self._path)
            finally:
                os.close(file)
        except OSError:
            return

    @override
    def close(self) -> None:
        self._socket.close()
        super().close()


def log_to_journal() -> bool:
    """Send this process's records to the journal, where its output goes there; return whether."""
    if not is_connected_to_journal():
        return False
    try:
        handler = JournalHandler()
    except OSError:
        return False
    logging.getLogger().addHandler(handler)
    return True
