"""Which protocol a server speaks, by what it says first or answers to a short question. Pure."""

from __future__ import annotations

from enum import StrEnum


class WireProtocol(StrEnum):
    """A protocol that can be determined by its first bytes; the value is its name for people."""

    SMTP = "SMTP"
    FTP = "FTP"
    IMAP = "IMAP"
    POP3 = "POP3"
    SSH = "SSH"
    MYSQL = "MySQL"
    POSTGRESQL = "PostgreSQL"
    LDAP = "LDAP"
    REDIS = "Redis"
    HTTP = "HTTP"
    HTTP_2 = "HTTP/2 without TLS"  # untranslated: a protocol
    TLS = "TLS"
    VNC = "VNC"
    AMQP = "AMQP"
    SHOUTCAST = "Shoutcast"
    XMPP = "XMPP"
    NNTP = "NNTP"
    MEMCACHED = "memcached"
    TELNET = "Telnet"


_BEGINNINGS = (
    (b"SSH-", WireProtocol.SSH),
    (b"* OK", WireProtocol.IMAP),
    (b"* PREAUTH", WireProtocol.IMAP),
    (b"* BYE", WireProtocol.IMAP),
    (b"+OK", WireProtocol.POP3),
    (b"-ERR", WireProtocol.REDIS),
    (b"-NOAUTH", WireProtocol.REDIS),
    (b"-DENIED", WireProtocol.REDIS),
    (b"HTTP/", WireProtocol.HTTP),
    (b"RFB 00", WireProtocol.VNC),
    (b"AMQP", WireProtocol.AMQP),
    (b"ICY ", WireProtocol.SHOUTCAST),
    (b"<stream:", WireProtocol.XMPP),
    (b"ERROR\r\n", WireProtocol.MEMCACHED),
)
_FTP_PORTS = frozenset({21, 990, 2121})
_MYSQL_HEADER = 4
_MYSQL_FIRST_BYTES = frozenset({0x09, 0x0A, 0xFF})
"""Protocol versions 9 and 10, and the error packet that a server full of clients sends."""
_TELNET_NEGOTIATION = frozenset(range(0xFB, 0xFF))
_TLS_RECORDS = frozenset({0x15, 0x16})
_H2_HEADER, _H2_SETTINGS = 9, 4


def protocol_of(said: bytes, port: int) -> WireProtocol | None:
    """Return the protocol whose server says this first at a port, None if it is none known."""
    for beginning, protocol in _BEGINNINGS:
        if said.startswith(beginning):
            return protocol
    if said[:3] == b"220":
        return _of_220(said, port)
    if said[:3] in {b"200", b"201"} and b"nntp" in said.lower():
        return WireProtocol.NNTP
    return _of_binary(said)


def is_tls(said: bytes) -> bool:
    """Return whether a server's first bytes are a record of TLS: an alert or a handshake."""
    return len(said) >= 3 and said[0] in _TLS_RECORDS and said[1] == 3  # noqa: PLR2004


def _of_220(said: bytes, port: int) -> WireProtocol:
    """Distinguish SMTP (RFC 5321) from FTP (RFC 959): both greet with 220 and mostly say who."""
    words = said.upper()
    if b"FTP" in words:
        return WireProtocol.FTP
    if b"SMTP" in words or b"MAIL" in words:
        return WireProtocol.SMTP
    return WireProtocol.FTP if port in _FTP_PORTS else WireProtocol.SMTP


def _of_binary(said: bytes) -> WireProtocol | None:
    if is_tls(said):
        return WireProtocol.TLS
    if len(said) >= 3 and said[0] == 0xFF and said[1] in _TELNET_NEGOTIATION:  # noqa: PLR2004
        return WireProtocol.TELNET
    if len(said) >= _H2_HEADER and said[3] == _H2_SETTINGS and not any(said[5:9]):
        return WireProtocol.HTTP_2
    if (
        len(said) > _MYSQL_HEADER
        and said[3] == 0
        and 0 < int.from_bytes(said[:3], "little") < len(said) * 100
        and said[_MYSQL_HEADER] in _MYSQL_FIRST_BYTES
    ):
        return WireProtocol.MYSQL
    if (said[:1] == b"E" and b"SFATAL" in said) or (said[:1] == b"E" and b"SERROR" in said):
        return WireProtocol.POSTGRESQL
    return None
