"""What becomes of a connection to a server on this machine: taken, left waiting, cut off."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.sockets.socket_row import Family
from portview.probes.connecting import close_at_once

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECT_S = 0.4
_LISTEN_S = 0.1
_ANSWER_S = 0.25
_LONGEST = 2048
_PRINTERS = range(9100, 9108)
"""Printers print what they are sent (JetDirect): nothing is sent there."""
_TLS_RECORDS = frozenset({0x15, 0x16})
_REQUEST = b"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class ReplyKind(StrEnum):
    """How a connection ended.

    REFUSED, NO_ANSWER (to the connection itself: dropped), SILENT (connected, nothing came back),
    RESET (cut off, or closed before anything was said), CLOSED (closed after it was spoken to),
    SPOKE (data came).
    """

    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    SILENT = "silent"
    RESET = "reset"
    CLOSED = "closed"
    SPOKE = "spoke"


@dataclass(frozen=True, slots=True)
class ServerReply:
    """The reply at one address. ``speaks`` is "http", "tls", "ssh" or the like, "" for unknown.

    ``first_bytes`` is untrusted. ``was_accepted`` names of a silent connection whether the program
    had taken it, None where that is not known.
    """

    address: str
    kind: ReplyKind
    speaks: str = ""
    first_bytes: bytes = b""
    was_accepted: bool | None = None


def call_server(
    address: str, port: int, was_accepted: Callable[[int], bool | None] | None = None
) -> ServerReply:
    """Connect, wait for a greeting, and else ask as a browser would. At most a second; any thread.

    Sends one HTTP request, which servers of other protocols answer or ignore. ``was_accepted`` is
    asked while a silent connection is still open, with the port that it was made from.
    """
    family = Family.IPV6 if ":" in address else Family.IPV4
    client = socket.socket(socket.AF_INET6 if family is Family.IPV6 else socket.AF_INET)
    try:
        client.settimeout(_CONNECT_S)
        try:
            client.connect((address, port))
        except ConnectionRefusedError:
            return ServerReply(address, ReplyKind.REFUSED)
        except (ConnectionResetError, ConnectionAbortedError):
            # Made, and cut off before this end heard of it.
            return ServerReply(address, ReplyKind.RESET)
        except OSError:  # a time-out is one
            return ServerReply(address, ReplyKind.NO_ANSWER)
        reply = _converse(client, address)
        if reply.kind is ReplyKind.CLOSED and speaks_tls(address, port):
            # It hung up at plain text, as servers of TLS may do without a word.
            return replace(reply, kind=ReplyKind.SPOKE, speaks="tls")
        if reply.kind is ReplyKind.SILENT and was_accepted is not None:
            return replace(reply, was_accepted=was_accepted(client.getsockname()[1]))
        return reply
    finally:
        close_at_once(client)


def speaks_tls(address: str, port: int) -> bool:
    """Return whether a TLS handshake succeeds, whatever the certificate. Half a second at most."""
    import ssl  # noqa: PLC0415 - only where plain text was refused

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), _CONNECT_S) as plain,
            context.wrap_socket(plain) as wrapped,
        ):
            return wrapped.version() is not None
    except (OSError, ValueError):
        return False


def _converse(client: socket.socket, address: str) -> ServerReply:
    try:
        greeting = _receive(client, _LISTEN_S)
    except OSError:
        return ServerReply(address, ReplyKind.RESET)
    if greeting is not None:
        kind = ReplyKind.SPOKE if greeting else ReplyKind.RESET
        return ServerReply(address, kind, _protocol_of(greeting), greeting)
    if client.getpeername()[1] in _PRINTERS:
        return ServerReply(address, ReplyKind.SILENT)
    try:
        client.sendall(_REQUEST)
        answer = _receive(client, _ANSWER_S)
    except OSError:
        # Cut off by what a server of another protocol takes for nonsense.
        return ServerReply(address, ReplyKind.CLOSED)
    if answer is None:
        return ServerReply(address, ReplyKind.SILENT)
    kind = ReplyKind.SPOKE if answer else ReplyKind.CLOSED
    return ServerReply(address, kind, _protocol_of(answer), answer)


def _receive(client: socket.socket, patience_s: float) -> bytes | None:
    """Return what comes within a time, b"" for the end, None for nothing. Raises OSError."""
    client.settimeout(patience_s)
    try:
        return client.recv(_LONGEST)
    except TimeoutError:
        return None


def _protocol_of(data: bytes) -> str:
    """Return what a server's first bytes give away."""
    head = data[:64]
    if head[:1] and head[0] in _TLS_RECORDS and head[1:2] == b"\x03":
        return "tls"
    if head.startswith(b"HTTP/"):
        lowered = data.lower()
        if b"http request was sent to https port" in lowered or (
            b"http request to an https server" in lowered
        ):
            return "tls"
        return "http"
    for start, name in (
        (b"SSH-", "ssh"), (b"220", "smtp"), (b"+OK", "pop3"), (b"* OK", "imap"),
        (b"RFB ", "vnc"), (b"-ERR", "redis"), (b"AMQP", "amqp"),
    ):  # fmt: skip
        if head.startswith(start):
            return name
    return ""
