"""What TLS servers can get wrong, with certificates of an authority of the test's own."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Verdict
from portview.probes.certificates import CertificateProblem, name_matches
from portview.probes.tls import probe_tls

if TYPE_CHECKING:
    import socket
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def context_for(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def tls_port(conversation: Any) -> Any:
    def start(context: ssl.SSLContext) -> int:
        def talk(connection: socket.socket) -> None:
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)
            except ssl.SSLError:
                pass  # a client that refuses the certificate says so

        return int(conversation(talk).port)

    return start


def test_a_good_certificate(authority: trustme.CA, ca_file: str, tls_port: Any) -> None:
    leaf = authority.issue_cert("127.0.0.1", "good.example", not_after=NOW + 40 * DAY)
    port = tls_port(context_for(leaf))
    report = probe_tls(Target("127.0.0.1", port), ca_file=ca_file)
    assert report.verdict is Verdict.OK
    assert report.problems == ()
    assert report.version.startswith("TLSv1.")
    assert report.cipher
    assert report.certificate
    assert set(report.certificate.names) == {"127.0.0.1", "good.example"}
    assert "trustme" in report.certificate.issuer
    assert report.days_left in {39, 40}
    assert report.latency_ms
    assert report.latency_ms > 0
    assert report.hint == ""


def test_the_name_asked_for_may_differ_from_the_address(
    authority: trustme.CA, ca_file: str, tls_port: Any
) -> None:
    port = tls_port(context_for(authority.issue_cert("good.example", not_after=NOW + 5 * DAY)))
    report = probe_tls(Target("127.0.0.1", port), server_name="good.example", ca_file=ca_file)
    assert report.verdict is Verdict.OK
    assert "soon" in report.hint


@pytest.mark.parametrize(
    ("names", "options", "problem", "words"),
    [
        (["127.0.0.1"], {"not_after": NOW - 3 * DAY}, CertificateProblem.EXPIRED, "expired on"),
        (
            ["127.0.0.1"],
            {"not_before": NOW + 3 * DAY},
            CertificateProblem.NOT_YET_VALID,
            "not valid before",
        ),
        (["other.example"], {}, CertificateProblem.WRONG_NAME, "other.example, not for 127.0.0.1"),
    ],
)
def test_one_thing_wrong(
    authority: trustme.CA,
    ca_file: str,
    tls_port: Any,
    names: list[str],
    options: dict[str, Any],
    problem: CertificateProblem,
    words: str,
) -> None:
    port = tls_port(context_for(authority.issue_cert(*names, **options)))
    report = probe_tls(Target("127.0.0.1", port), ca_file=ca_file)
    assert report.verdict is Verdict.FAILED
    assert report.problems == (problem,)
    assert words in report.detail
    assert report.hint
    if problem is CertificateProblem.EXPIRED:
        assert report.days_left in {-3, -4}


def test_an_issuer_that_this_machine_does_not_know(authority: trustme.CA, tls_port: Any) -> None:
    port = tls_port(context_for(authority.issue_cert("127.0.0.1")))
    report = probe_tls(Target("127.0.0.1", port))
    assert report.problems == (CertificateProblem.UNKNOWN_ISSUER,)
    assert "trustme" in report.detail


def self_signed_context(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "home made")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - 9 * DAY)
        .not_valid_after(NOW - DAY)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "self-signed.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_everything_that_is_wrong_is_told_at_once(tls_port: Any, tmp_path: Path) -> None:
    port = tls_port(self_signed_context(tmp_path))
    report = probe_tls(Target("127.0.0.1", port))
    assert report.problems == (
        CertificateProblem.EXPIRED,
        CertificateProblem.WRONG_NAME,
        CertificateProblem.SELF_SIGNED,
    )
    assert "no name at all" in report.detail
    assert report.certificate
    assert report.certificate.subject == "home made"


@pytest.mark.parametrize(
    ("first_words", "expected", "advice"),
    [
        (b"SSH-2.0-Example\r\n", "SSH-2.0-Example", "SSH client"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request", "http://"),
        (b"hello, who are you?\r\n", "hello, who are you?", "without TLS"),
    ],
)
def test_a_port_that_speaks_plain_text(
    conversation: Any, first_words: bytes, expected: str, advice: str
) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(first_words)
        while connection.recv(4096):
            pass

    report = probe_tls(Target("127.0.0.1", conversation(talk).port))
    assert report.verdict is Verdict.FAILED
    assert "plain text" in report.detail
    assert expected in report.detail
    assert advice in report.hint
    assert ("http://" in report.hint) == first_words.startswith(b"HTTP")


def test_a_server_that_says_nothing(conversation: Any) -> None:
    server = conversation(lambda connection: connection.recv(1 << 20) and connection.recv(1))
    report = probe_tls(Target("127.0.0.1", server.port), timeout_ms=200)
    assert report.verdict is Verdict.FAILED
    assert "says nothing" in report.detail


def test_a_server_that_hangs_up(conversation: Any) -> None:
    server = conversation(lambda connection: connection.recv(1 << 20) and None)
    report = probe_tls(Target("127.0.0.1", server.port))
    assert report.verdict is Verdict.FAILED
    assert "closes them on" in report.detail


def test_a_server_that_wants_a_client_certificate_of_another_version(
    authority: trustme.CA, tls_port: Any
) -> None:
    context = context_for(authority.issue_cert("127.0.0.1"))
    context.set_ciphers("ECDHE-RSA-AES256-SHA")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    report = probe_tls(Target("127.0.0.1", tls_port(context)))
    assert report.verdict is Verdict.FAILED
    assert "TLS" in report.detail


def test_a_closed_port_is_closed_for_tls_too(free_port: Any) -> None:
    report = probe_tls(Target("127.0.0.1", free_port()))
    assert report.verdict is Verdict.CLOSED
    assert report.latency_ms is None


def test_cancelling_a_handshake_that_hangs(conversation: Any) -> None:
    cancel = CancelToken()

    def hang(connection: socket.socket) -> None:
        connection.recv(1 << 20)
        cancel.cancel()
        connection.recv(1)

    with pytest.raises(Cancelled):
        probe_tls(Target("127.0.0.1", conversation(hang).port), timeout_ms=1e8, cancel=cancel)


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        ("a.example", "A.EXAMPLE", True),
        ("a.example", "a.example.", True),
        ("a.example", "b.example", False),
        ("*.b.example", "a.b.example", True),
        ("*.b.example", "b.example", False),
        ("*.b.example", "x.a.b.example", False),
        ("*.example", "a.example", False),
        ("*", "localhost", False),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("xn--bcher-kva.example", "bücher.example", True),
    ],
)
def test_names(pattern: str, name: str, is_match: bool) -> None:
    assert name_matches(pattern, name) is is_match
