"""Turn a connection that began in plain text into one that is ready for a TLS handshake.

SMTP: RFC 3207; IMAP and POP3: RFC 2595; FTP: RFC 4217; LDAP: RFC 4511, 4.14; PostgreSQL: "SSL
Session Encryption" of its frontend/backend protocol; MySQL: "Connection Phase", SSLRequest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.probes.known_protocols import WireProtocol

if TYPE_CHECKING:
    from portview.probes.wire import Wire

_MAX_LINE = 4096
_MAX_LINES = 200

POSTGRESQL_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
LDAP_START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x16" + b"1.3.6.1.4.1.1466.20037"
_LDAP_EXTENDED_RESPONSE = 0x78
_LDAP_SUCCESS = b"\x0a\x01\x00"
_MYSQL_CLIENT_SSL = 0x0800
_MYSQL_CAPABILITIES = _MYSQL_CLIENT_SSL | 0x0200 | 0x8000  # protocol 4.1, secure connection
_MYSQL_MAX_PACKET = 1 << 24
_MYSQL_UTF8 = 33
_MYSQL_SALT_BYTES = 8

STARTTLS_PROTOCOLS = frozenset(
    {
        WireProtocol.SMTP,
        WireProtocol.IMAP,
        WireProtocol.POP3,
        WireProtocol.FTP,
        WireProtocol.POSTGRESQL,
        WireProtocol.MYSQL,
        WireProtocol.LDAP,
    }
)


class NoStartTlsError(Exception):
    """A server that does not offer TLS on this connection; ``said`` is how it refused."""

    def __init__(self, said: bytes = b"") -> None:
        """Keep what the server said."""
        super().__init__(said)
        self.said = said


def start_tls(protocol: WireProtocol, wire: Wire) -> None:
    """Ask a server for TLS on a fresh connection; the handshake comes next.

    Raises NoStartTlsError, and what ``Wire`` raises; EOFError where the server hangs up.
    """
    _Dialogue(wire).start(protocol)


class _Dialogue:
    """Lines and packets over a wire, none of them longer than makes sense."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._buffer = b""

    def start(self, protocol: WireProtocol) -> None:
        match protocol:
            case WireProtocol.SMTP:
                self._smtp()
            case WireProtocol.FTP:
                self._reply(b"220")
                self._wire.send(b"AUTH TLS\r\n")
                self._reply(b"234")
            case WireProtocol.IMAP:
                self._line()
                self._wire.send(b"a1 STARTTLS\r\n")
                self._tagged(b"a1 ")
            case WireProtocol.POP3:
                self._line()
                self._wire.send(b"STLS\r\n")
                self._expect(self._line(), b"+OK")
            case WireProtocol.POSTGRESQL:
                self._wire.send(POSTGRESQL_SSL_REQUEST)
                self._expect(self._bytes(1), b"S")
            case WireProtocol.MYSQL:
                self._mysql()
            case WireProtocol.LDAP:
                self._ldap()
            case _:
                raise NoStartTlsError

    def _smtp(self) -> None:
        self._reply(b"220")
        self._wire.send(b"EHLO localhost\r\n")
        offered = self._reply(b"250")
        if b"STARTTLS" not in offered.upper():
            raise NoStartTlsError(offered)
        self._wire.send(b"STARTTLS\r\n")
        self._reply(b"220")

    def _mysql(self) -> None:
        header = self._bytes(4)
        packet = self._bytes(min(int.from_bytes(header[:3], "little"), _MAX_LINE))
        version_end = packet.find(b"\0")
        # After the version: connection id, half of the salt, a zero, the capabilities.
        at = version_end + 1 + 4 + _MYSQL_SALT_BYTES + 1
        capabilities = int.from_bytes(packet[at : at + 2], "little")
        if packet[:1] == b"\xff" or version_end < 0 or not capabilities & _MYSQL_CLIENT_SSL:
            raise NoStartTlsError(packet)
        request = (
            _MYSQL_CAPABILITIES.to_bytes(4, "little")
            + _MYSQL_MAX_PACKET.to_bytes(4, "little")
            + bytes([_MYSQL_UTF8])
            + bytes(23)
        )
        self._wire.send(len(request).to_bytes(3, "little") + b"\x01" + request)

    def _ldap(self) -> None:
        self._wire.send(LDAP_START_TLS)
        head = self._bytes(2)
        size = head[1]
        if size & 0x80:
            size = int.from_bytes(self._bytes(size & 0x7F), "big")
        answer = self._bytes(min(size, _MAX_LINE))
        if _LDAP_EXTENDED_RESPONSE not in answer or _LDAP_SUCCESS not in answer:
            raise NoStartTlsError(answer)

    def _reply(self, code: bytes) -> bytes:
        """Read a reply of one or more lines, "250-" before the last one, and hold it to a code."""
        lines = []
        for _ in range(_MAX_LINES):
            line = self._line()
            lines.append(line)
            if line[:3].isdigit() and line[3:4] != b"-":
                break
        self._expect(lines[-1], code)
        return b"\n".join(lines)

    def _tagged(self, tag: bytes) -> None:
        """Read an IMAP server's lines up to the answer to a command, and hold it to OK."""
        for _ in range(_MAX_LINES):
            line = self._line()
            if line.startswith(tag):
                self._expect(line.upper(), tag.upper() + b"OK")
                return
        raise NoStartTlsError

    @staticmethod
    def _expect(said: bytes, wanted: bytes) -> None:
        if not said.startswith(wanted):
            raise NoStartTlsError(said)

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            if len(self._buffer) > _MAX_LINE:
                raise NoStartTlsError(self._buffer[:_MAX_LINE])
            self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _bytes(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._receive()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _receive(self) -> None:
        chunk = self._wire.receive()
        if not chunk:
            raise EOFError
        self._buffer += chunk
