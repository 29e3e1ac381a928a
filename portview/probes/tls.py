"""Ask a TLS port: what it speaks, who it says it is, and what exactly is wrong with that."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Endpoint, endpoint_text
from portview.domain.verdicts import Progress, Verdict
from portview.probes.certificates import Certificate, CertificateProblem, read_certificate
from portview.probes.connecting import close_at_once
from portview.probes.first_open import NotConnectedError, connect_first_open
from portview.probes.greeting import printable
from portview.probes.tls_handshake import Handshake, HandshakeError, shake_hands

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.user_input.targets import Target

DEFAULT_TLS_TIMEOUT_MS = 5000
EXPIRES_SOON_DAYS = 14
_ALERT, _HANDSHAKE = 0x15, 0x16
# X509_V_ERR_... of OpenSSL's x509_vfy.h: errors about the chain, not the certificate itself.
_UNKNOWN_ISSUER_CODES = frozenset({2, 18, 19, 20, 21, 24, 26, 27, 28})

_PROBLEM_WORDS = {
    CertificateProblem.EXPIRED: "it expired on {not_after}",
    CertificateProblem.NOT_YET_VALID: "it is not valid before {not_before}",
    CertificateProblem.WRONG_NAME: "it is for {names}, not for {wanted}",
    CertificateProblem.SELF_SIGNED: "it is signed by itself",
    CertificateProblem.UNKNOWN_ISSUER: "this machine does not know its issuer {issuer}",
    CertificateProblem.UNREADABLE: "it can't be read",
}
_PROBLEM_HINTS = {
    CertificateProblem.EXPIRED: "Renew the certificate.",
    CertificateProblem.NOT_YET_VALID: "Check the clocks of both machines.",
    CertificateProblem.WRONG_NAME: "Ask by a name of the certificate, or have it made anew.",
    CertificateProblem.SELF_SIGNED: "Have it signed, or add it to the trusted certificates.",
    CertificateProblem.UNKNOWN_ISSUER: "Add the issuer to the trusted certificates, or have the "
    "server send its intermediate certificates.",
    CertificateProblem.UNREADABLE: "Have it made anew.",
}


@dataclass(frozen=True, slots=True)
class TlsReport:
    """What a TLS port said. OK: everything is right; FAILED: it answered, but something is wrong.

    ``latency_ms`` is the time of TCP connection and handshake. ``days_left`` is negative for an
    expired certificate.
    """

    target: Target
    verdict: Verdict
    latency_ms: float | None
    detail: str
    hint: str = ""
    address: Endpoint | None = None
    version: str = ""
    cipher: str = ""
    certificate: Certificate | None = None
    days_left: int | None = None
    problems: tuple[CertificateProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    address: Endpoint
    latency_ms: float
    handshake: Handshake


def probe_tls(
    target: Target,
    *,
    server_name: str | None = None,
    ca_file: str | None = None,
    timeout_ms: float = DEFAULT_TLS_TIMEOUT_MS,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> TlsReport:
    """Shake hands twice: once trusting anybody, to see what is there, and once as a client would.

    ``server_name`` is the name that is asked for where it is not the target's host; ``ca_file``
    (PEM) holds the issuers to trust instead of this machine's. Any thread. Raises Cancelled.
    """
    cancel = cancel or CancelToken()
    name = server_name or target.host
    steps = ("Shaking hands", "Checking the certificate")

    def attempt(step: int, context: ssl.SSLContext) -> _Seen:
        if report:
            report(Progress(step, len(steps), steps[step]))
        return _one_handshake(target, context, name, timeout_ms, cancel)

    try:
        seen = attempt(0, _context_that_trusts_anybody())
    except NotConnectedError as error:
        return TlsReport(target, error.verdict, None, error.detail, error.hint)
    except HandshakeError as error:
        detail, hint = explain_failed_handshake(error)
        return TlsReport(target, Verdict.FAILED, None, detail, hint)
    except OSError as error:
        return TlsReport(
            target, Verdict.FAILED, None, f"The connection broke: {error.strerror or error}."
        )
    trust = None
    try:
        attempt(1, _context_of_a_client(ca_file))
    except HandshakeError as error:
        trust = error.cause
    except (NotConnectedError, OSError):
        pass  # it answered a moment ago; what it said then is what counts
    return _judged(target, seen, name, trust)


def _one_handshake(
    target: Target, context: ssl.SSLContext, name: str, timeout_ms: float, cancel: CancelToken
) -> _Seen:
    address, connect_ms, connection = connect_first_open(target, timeout_ms, cancel)
    started = time.perf_counter()
    try:
        handshake = shake_hands(connection, context, name.partition("%")[0], timeout_ms, cancel)
    finally:
        close_at_once(connection)
    return _Seen(address, connect_ms + (time.perf_counter() - started) * 1000, handshake)


def _judged(target: Target, seen: _Seen, name: str, trust: ssl.SSLError | None) -> TlsReport:
    handshake, address = seen.handshake, seen.address
    now = datetime.now(UTC)
    certificate = read_certificate(handshake.certificate)
    problems = judge_certificate(certificate, name, now, trust)
    spoken = f"{handshake.version} with {handshake.cipher} at {endpoint_text(address)}"
    days_left = certificate.days_left(now) if certificate else None
    if problems:
        verdict = Verdict.FAILED
        detail = (
            f"{spoken}. The certificate is wrong: {problem_words(problems, certificate, name)}."
        )
        hint = _PROBLEM_HINTS[problems[0]]
    elif trust is not None:
        verdict, hint = Verdict.FAILED, ""
        detail = f"{spoken}. A client of this machine refuses it: {openssl_reason(trust)}."
    else:
        verdict, hint = Verdict.OK, ""
        detail = f"{spoken}. The certificate is good for {days_left} more days."
        if days_left is not None and days_left < EXPIRES_SOON_DAYS:
            hint = "Renew the certificate soon."
    return TlsReport(
        target,
        verdict,
        seen.latency_ms,
        detail,
        hint,
        address,
        handshake.version,
        handshake.cipher,
        certificate,
        days_left,
        problems,
    )


def judge_certificate(
    certificate: Certificate | None, name: str, now: datetime, trust: ssl.SSLError | None
) -> tuple[CertificateProblem, ...]:
    """List all that is wrong: OpenSSL names the first problem only, and here people want each."""
    if certificate is None:
        return (CertificateProblem.UNREADABLE,)
    found = list(certificate.problems(name, now))
    is_unknown = (
        isinstance(trust, ssl.SSLCertVerificationError)
        and trust.verify_code in _UNKNOWN_ISSUER_CODES
    )
    if is_unknown:
        found.append(
            CertificateProblem.SELF_SIGNED
            if certificate.is_self_signed
            else CertificateProblem.UNKNOWN_ISSUER
        )
    return tuple(found)


def problem_words(
    problems: tuple[CertificateProblem, ...], certificate: Certificate | None, wanted: str
) -> str:
    """Say the problems of a certificate in one sentence part."""
    if certificate is None:
        return _PROBLEM_WORDS[CertificateProblem.UNREADABLE]
    words = {
        "not_after": f"{certificate.not_after:%Y-%m-%d}",
        "not_before": f"{certificate.not_before:%Y-%m-%d}",
        "names": printable(", ".join(certificate.names[:5]).encode()) or "no name at all",
        "issuer": repr(printable(certificate.issuer.encode())),
        "wanted": wanted,
    }
    return ", and ".join(_PROBLEM_WORDS[problem].format(**words) for problem in problems)


def explain_failed_handshake(error: HandshakeError) -> tuple[str, str]:
    """Say why no TLS session came about: detail and hint."""
    if error.received and error.received[0] not in {_ALERT, _HANDSHAKE}:
        said = printable(error.received)
        return (
            f"This port speaks plain text, not TLS; it said {quoted(said)}.",
            "Use http:// instead of https://, or ask another port.",
        )
    if error.cause is not None:
        return (
            f"The server answers in TLS, but refuses: {openssl_reason(error.cause)}.",
            (
                "It may ask for a client certificate, another name, or a version that this machine "
                "does not offer."
            ),
        )
    if error.was_silent:
        return (
            "It accepts connections, but says nothing in TLS.",
            "It may speak plain text and wait for a question, or it hangs.",
        )
    return (
        "It accepts connections, but hangs up on a TLS greeting.",
        "It probably does not speak TLS.",
    )


def openssl_reason(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason in small letters, or whatever else there is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return (error.reason or str(error)).replace("_", " ").lower()


@lru_cache(maxsize=1)
def _context_that_trusts_anybody() -> ssl.SSLContext:
    """Speak to old servers too, and look at any certificate; nothing secret is ever sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


@lru_cache(maxsize=4)
def _context_of_a_client(ca_file: str | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)
