"""Which certificate of a chain is wrong: made by an authority of the test's own, in every way."""

from __future__ import annotations

import datetime as dt
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portview.domain.user_input.targets import Target
from portview.domain.verdicts import Verdict
from portview.probes.certificates import CertificateProblem, read_certificate, why_unreadable
from portview.probes.tls import probe_tls

if TYPE_CHECKING:
    import socket
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


class Signed(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def issue(
    name: str,
    issuer: Signed | None = None,
    *,
    is_authority: bool = True,
    begins: dt.datetime = NOW - 100 * DAY,
    ends: dt.datetime = NOW + 100 * DAY,
    usage: x509.ObjectIdentifier | None = None,
) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if not is_authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName("server.example")]), critical=False
        )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return Signed(builder.sign(signer, hashes.SHA256()), key)


@pytest.fixture
def probe(conversation: Any, tmp_path: Path) -> Any:
    """Serve a chain, the server's own first, and probe it as a client that trusts some roots."""

    def run(chain: list[Signed], roots: list[Signed]) -> Any:
        key = chain[0].key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = tmp_path / "chain.pem"
        file.write_bytes(key + b"".join(one.certificate.public_bytes(PEM) for one in chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        trusted = tmp_path / "roots.pem"
        trusted.write_bytes(b"".join(one.certificate.public_bytes(PEM) for one in roots))

        def talk(connection: socket.socket) -> None:
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)
            except ssl.SSLError:
                pass

        target = Target("127.0.0.1", conversation(talk).port)
        return probe_tls(target, server_name="server.example", ca_file=str(trusted))

    return run


def test_a_whole_chain_is_good(probe: Any) -> None:
    root = issue("Root")
    middle = issue("Middle", root)
    report = probe([issue("Leaf", middle, is_authority=False), middle], [root])
    assert report.verdict is Verdict.OK
    assert [one.subject for one in report.chain] == ["Leaf", "Middle"]


def test_an_expired_certificate_in_the_middle_is_named(probe: Any) -> None:
    root = issue("Root")
    middle = issue("Middle", root, ends=NOW - 3 * DAY)
    report = probe([issue("Leaf", middle, is_authority=False), middle], [root])
    assert report.problems == (CertificateProblem.ISSUER_EXPIRED,)
    assert f"its issuer “Middle” expired on {NOW - 3 * DAY:%Y-%m-%d}" in report.detail
    assert "its own certificate is in order" in report.hint


def test_a_certificate_in_the_middle_that_is_not_valid_yet_is_named(probe: Any) -> None:
    root = issue("Root")
    middle = issue("Middle", root, begins=NOW + 3 * DAY)
    report = probe([issue("Leaf", middle, is_authority=False), middle], [root])
    assert report.problems == (CertificateProblem.ISSUER_NOT_YET_VALID,)
    assert "“Middle” is not valid before" in report.detail


def test_an_expired_root_of_this_machine_is_told(probe: Any) -> None:
    root = issue("Root", ends=NOW - 3 * DAY)
    report = probe([issue("Leaf", root, is_authority=False)], [root])
    assert report.problems == (CertificateProblem.ISSUER_EXPIRED,)
    assert "which this machine has, has expired" in report.detail


def test_a_missing_certificate_in_the_middle_is_named(probe: Any) -> None:
    root = issue("Root")
    middle = issue("Middle", root)
    report = probe([issue("Leaf", middle, is_authority=False)], [root])
    assert report.problems == (CertificateProblem.UNKNOWN_ISSUER,)
    assert "does not know its issuer “Middle”" in report.detail
    assert "intermediate" in report.hint


def test_the_end_of_a_chain_that_nobody_trusts_is_named(probe: Any) -> None:
    root, other = issue("Root"), issue("Other")
    middle = issue("Middle", root)
    leaf = issue("Leaf", middle, is_authority=False)
    report = probe([leaf, middle], [other])
    assert report.problems == (CertificateProblem.UNKNOWN_ISSUER,)
    assert "does not know “Root”, which issued the certificate of “Middle”" in report.detail
    report = probe([leaf, middle, root], [other])
    assert report.problems == (CertificateProblem.UNKNOWN_ISSUER,)
    assert "does not trust “Root”, the end of its chain" in report.detail


def test_a_certificate_for_something_else_has_no_unknown_issuer(probe: Any) -> None:
    root = issue("Root")
    leaf = issue("Leaf", root, is_authority=False, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    report = probe([leaf], [root])
    assert report.problems == (CertificateProblem.WRONG_PURPOSE,)
    assert "not meant for servers" in report.detail


@pytest.mark.parametrize("version", [1, 2, 4, 5])
def test_certificates_of_strange_versions_are_unreadable_and_told(version: int) -> None:
    der = bytearray(issue("Leaf").certificate.public_bytes(DER))
    at = der.index(bytes.fromhex("a003020102"))
    der[at + 4] = version - 1 if version == 2 else version
    assert read_certificate(bytes(der)) is None
    assert "version" in why_unreadable(bytes(der)) or "X.509" in why_unreadable(bytes(der))
