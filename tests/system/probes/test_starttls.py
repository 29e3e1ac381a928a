"""TLS that begins within another protocol, and what a port without TLS is told to be."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Verdict
from portview.probes.tls import ClientCertificate, probe_tls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


def lines(connection: socket.socket, *dialogue: tuple[bytes, bytes]) -> bool:
    """Hear a command and answer it, in turn; return whether the other side kept to it."""
    for heard, said in dialogue:
        if not connection.recv(4096).upper().startswith(heard.upper()):
            return False
        connection.sendall(said)
    return True


def smtp(connection: socket.socket) -> bool:
    connection.sendall(b"220-mail.example\r\n220 ESMTP\r\n")
    features = b"250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
    return lines(connection, (b"EHLO", features), (b"STARTTLS", b"220 Go ahead\r\n"))


def imap(connection: socket.socket) -> bool:
    connection.sendall(b"* OK IMAP4rev1 ready\r\n")
    return lines(connection, (b"A1 STARTTLS", b"* remark\r\na1 OK Begin\r\n"))


def pop3(connection: socket.socket) -> bool:
    connection.sendall(b"+OK ready\r\n")
    return lines(connection, (b"STLS", b"+OK begin\r\n"))


def ftp(connection: socket.socket) -> bool:
    connection.sendall(b"220 FTP here\r\n")
    return lines(connection, (b"AUTH TLS", b"234 begin\r\n"))


def postgresql(connection: socket.socket) -> bool:
    return lines(connection, (SSL_REQUEST, b"S"))


def mysql(connection: socket.socket) -> bool:
    # Version, connection id, half of the salt, zero, capabilities with CLIENT_SSL.
    greeting = b"\x0a8.0.36\0" + b"\x08\0\0\0" + b"abcdefgh\0" + b"\xff\xff" + b"\0" * 30
    connection.sendall(len(greeting).to_bytes(3, "little") + b"\0" + greeting)
    request = connection.recv(36)
    if request[:4] == b"\x20\0\0\x01":
        return bool(int.from_bytes(request[4:8], "little") & 0x0800)
    return False


def ldap(connection: socket.socket) -> bool:
    return lines(
        connection,
        (b"\x30\x1d\x02\x01\x01\x77", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0"),
    )


DIALOGUES: dict[str, Callable[[socket.socket], bool]] = {
    "SMTP": smtp,
    "IMAP": imap,
    "POP3": pop3,
    "FTP": ftp,
    "PostgreSQL": postgresql,
    "MySQL": mysql,
    "LDAP": ldap,
}


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.mark.parametrize("name", list(DIALOGUES))
def test_tls_is_begun_from_within_the_protocol(
    conversation: Any, authority: trustme.CA, ca_file: str, name: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def talk(connection: socket.socket) -> None:
        # The first question ends with a reset, on which wrap_socket would leave its socket open.
        if DIALOGUES[name](connection) and connection.recv(1, socket.MSG_PEEK):
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1)

    port = conversation(talk).port
    report = probe_tls(Target("127.0.0.1", port), ca_file=ca_file, timeout_ms=20_000)
    assert (report.verdict, report.protocol, report.is_starttls) == (Verdict.OK, name, True)
    assert report.detail.startswith(f"{name}, after STARTTLS: TLSv1")
    unknown = probe_tls(Target("127.0.0.1", port), timeout_ms=20_000)
    assert unknown.verdict is Verdict.FAILED
    assert "does not know its issuer" in unknown.detail


def refusing(greeting: bytes, *dialogue: tuple[bytes, bytes]) -> Any:
    def talk(connection: socket.socket) -> None:
        connection.sendall(greeting)
        lines(connection, *dialogue)

    return talk


@pytest.mark.parametrize(
    ("talk", "name", "hint"),
    [
        (refusing(b"220 ESMTP\r\n", (b"EHLO", b"250 nothing\r\n")), "SMTP", "STARTTLS"),
        (refusing(b"220 ESMTP\r\n", (b"EHLO", b"500 what?\r\n")), "SMTP", "STARTTLS"),
        (refusing(b"* OK IMAP\r\n", (b"A1", b"a1 BAD no\r\n")), "IMAP", "STARTTLS"),
        (refusing(b"", (SSL_REQUEST, b"N")), "PostgreSQL", "sslmode"),
        (refusing(b"\x4a\0\0\0\x0a5.5\0" + b"\0" * 70), "MySQL", "--ssl-mode"),
        (refusing(b"SSH-2.0-Example\r\n"), "SSH", "SSH client"),
        (refusing(b"", (b"HEAD", b"HTTP/1.0 200 OK\r\n\r\n")), "HTTP", "http://"),
        (refusing(b"", (b"HEAD", b"-ERR unknown command\r\n")), "Redis", "Redis"),
        (refusing(b"RFB 003.008\n"), "VNC", "VNC"),
    ],
)
def test_a_port_without_tls_is_told_what_it_is(
    conversation: Any, talk: Any, name: str, hint: str
) -> None:
    report = probe_tls(Target("127.0.0.1", conversation(talk).port), timeout_ms=20_000)
    assert (report.verdict, report.protocol) == (Verdict.FAILED, name)
    assert name in report.detail
    assert hint in report.hint
    assert ("http://" in report.hint) == (name == "HTTP")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED])
def test_a_server_may_want_the_certificate_of_its_client(
    conversation: Any,
    authority: trustme.CA,
    ca_file: str,
    version: ssl.TLSVersion,
    mode: ssl.VerifyMode,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = mode
    authority.configure_trust(context)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def talk(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1)
        except ssl.SSLError:
            pass

    target = Target("127.0.0.1", conversation(talk).port)
    report = probe_tls(target, ca_file=ca_file, timeout_ms=20_000)
    expected = {
        ssl.CERT_NONE: (Verdict.OK, ClientCertificate.NOT_ASKED),
        ssl.CERT_OPTIONAL: (Verdict.OK, ClientCertificate.ASKED),
        ssl.CERT_REQUIRED: (Verdict.FAILED, ClientCertificate.DEMANDED),
    }
    assert (report.verdict, report.client_certificate) == expected[mode]
    assert ("requires a client certificate" in report.detail) == (mode == ssl.CERT_REQUIRED)
