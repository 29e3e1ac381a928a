"""Ask a TLS port: what it speaks, who it says it is, and what exactly is wrong with that."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import endpoint_text
from portview.domain.verdicts import Progress, Verdict
from portview.i18n import _
from portview.probes.certificates import (
    Certificate,
    CertificateProblem,
    read_certificate,
    why_unreadable,
)
from portview.probes.connecting import close_at_once
from portview.probes.deadline import Deadline
from portview.probes.first_open import NotConnectedError, connect_first_open
from portview.probes.greeting import printable
from portview.probes.known_protocols import is_tls
from portview.probes.local_listener import note_on_localhost
from portview.probes.protocol_question import SpokenProtocol, ask_for_protocol
from portview.probes.starttls import STARTTLS_PROTOCOLS, NoStartTlsError, start_tls
from portview.probes.tls_handshake import Handshake, HandshakeError, TlsStream
from portview.probes.tls_words import (
    client_certificate_hint,
    client_certificate_words,
    explain_failed_handshake,
    good_words,
    judge_certificate,
    openssl_reason,
    problem_hint,
    problem_words,
    refusal_words,
    words_for_broken_starttls,
    words_without_starttls,
    words_without_tls,
)
from portview.probes.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.socket_row import Endpoint
    from portview.domain.user_input.targets import Target
    from portview.probes.known_protocols import WireProtocol

DEFAULT_TLS_TIMEOUT_MS = 5000
EXPIRES_SOON_DAYS = 14
_REFUSAL_MS = 2000
"""How long a server may take to refuse a client that has no certificate and was asked for one."""

_OTHER_REFUSAL_MS = 250
_NO_CERTIFICATE_REASONS = frozenset(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "SSLV3_ALERT_NO_CERTIFICATE",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)
"""With these alerts servers end the connection of a client without a certificate."""


class ClientCertificate(StrEnum):
    """What a server wants of the client's own certificate."""

    NOT_ASKED = "not_asked"
    ASKED = "asked"
    DEMANDED = "demanded"


@dataclass(frozen=True, slots=True)
class TlsReport:
    """What a TLS port said. OK: everything is right; FAILED: it answered, but something is wrong.

    ``latency_ms`` is the time of TCP connection and handshake. ``days_left`` is negative for an
    expired certificate. ``chain`` is all that the server sent and that can be read, its own
    certificate first. ``protocol`` is what the port speaks in plain text, and ``is_starttls`` names
    that TLS was begun from there.
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
    chain: tuple[Certificate, ...] = ()
    client_certificate: ClientCertificate | None = None
    protocol: str = ""
    is_starttls: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    address: Endpoint
    latency_ms: float
    handshake: Handshake
    refusal: ssl.SSLError | EOFError | None


@dataclass(frozen=True, slots=True)
class _Question:
    """Whom to ask, by which name, until when."""

    target: Target
    name: str
    deadline: Deadline
    cancel: CancelToken
    starttls: WireProtocol | None = None


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
    (PEM) holds the issuers to trust instead of this machine's. A port that does not speak TLS is
    asked what it speaks, and for TLS within it. ``timeout_ms`` bounds everything. Any thread.
    Raises Cancelled.
    """
    deadline = Deadline.after(timeout_ms)
    question = _Question(target, server_name or target.host, deadline, cancel or CancelToken())
    found = _probed(question, ca_file, report)
    note = note_on_localhost(target.host, target.port)
    return replace(found, detail=f"{found.detail} {note}") if note else found


def _probed(
    question: _Question, ca_file: str | None, report: Callable[[Progress], None] | None
) -> TlsReport:
    target = question.target
    reported = _Progress(report, (_("Shaking hands"), _("Checking the certificate")))
    try:
        reported.step(0)
        seen = _one_handshake(question, _context_that_trusts_anybody())
    except NotConnectedError as error:
        return TlsReport(target, error.verdict, None, error.detail, error.hint)
    except HandshakeError as error:
        other = _without_tls(question, error, ca_file, reported)
        return other or _refused(question, error)
    except OSError as error:
        return _broken(target, error)
    return _checked(question, seen, ca_file, reported)


class _Progress:
    """Reports the steps of a probe, each once."""

    def __init__(self, report: Callable[[Progress], None] | None, steps: tuple[str, ...]) -> None:
        self._report, self._steps = report, steps

    def step(self, number: int) -> None:
        if self._report:
            self._report(Progress(number, len(self._steps), self._steps[number]))


def _checked(
    question: _Question, seen: _Seen, ca_file: str | None, progress: _Progress
) -> TlsReport:
    """Shake hands as a client that trusts what this machine trusts, and judge both."""
    trust = None
    try:
        progress.step(1)
        _one_handshake(question, _context_of_a_client(ca_file), listens=False)
    except HandshakeError as error:
        trust = error.cause
    except (NotConnectedError, OSError, NoStartTlsError, EOFError):
        pass  # it answered a moment ago; what it said then is what counts
    return _judged(question, seen, trust)


def _one_handshake(question: _Question, context: ssl.SSLContext, *, listens: bool = True) -> _Seen:
    deadline, cancel = question.deadline, question.cancel
    address, connect_ms, connection = connect_first_open(question.target, deadline.left_ms, cancel)
    started = time.perf_counter()
    try:
        wire = Wire(connection, deadline, cancel)
        if question.starttls:
            start_tls(question.starttls, wire)
        stream = TlsStream(wire, context, question.name)
        handshake = stream.shake_hands()
        latency_ms = connect_ms + (time.perf_counter() - started) * 1000
        refusal = None
        if listens:
            wants = handshake.wants_client_certificate
            refusal = stream.hear_refusal(_REFUSAL_MS if wants else _OTHER_REFUSAL_MS)
    finally:
        close_at_once(connection)
    return _Seen(address, latency_ms, handshake, refusal)


def speaks_tls(target: Target, deadline: Deadline, cancel: CancelToken) -> bool:
    """Return whether a port answers in TLS, whatever its certificate. Raises Cancelled."""
    question = _Question(target, target.host, deadline, cancel)
    try:
        _one_handshake(question, _context_that_trusts_anybody(), listens=False)
    except HandshakeError as error:
        return is_tls(error.received)
    except (NotConnectedError, OSError):
        return False
    return True


def _without_tls(
    question: _Question, error: HandshakeError, ca_file: str | None, progress: _Progress
) -> TlsReport | None:
    """Ask a port that did not answer in TLS what it speaks; None where that is not known."""
    if is_tls(error.received) or error.wants_client_certificate:
        return None
    spoken = ask_for_protocol(question.target, error.received, question.deadline, question.cancel)
    if spoken.protocol in STARTTLS_PROTOCOLS:
        within = replace(question, starttls=spoken.protocol)
        return _over_starttls(within, spoken, ca_file, progress)
    if spoken.protocol is not None:
        detail, hint = words_without_tls(spoken.protocol, spoken.said)
    elif spoken.said:
        words = quoted(printable(spoken.said))
        detail = _("This port speaks plain text, not TLS; it said {words}.").format(words=words)
        hint = _("Ask another port, or without TLS.")
    else:
        return None
    return TlsReport(
        question.target, Verdict.FAILED, None, detail, hint, protocol=spoken.protocol or ""
    )


def _over_starttls(
    question: _Question, spoken: SpokenProtocol, ca_file: str | None, progress: _Progress
) -> TlsReport:
    """Begin TLS from within another protocol, as its clients do."""
    protocol = spoken.protocol
    if protocol is None:
        raise AssertionError  # Only protocols that have STARTTLS come here.
    try:
        seen = _one_handshake(question, _context_that_trusts_anybody())
    except NoStartTlsError as refusal:
        detail, hint = words_without_starttls(protocol, refusal.said or spoken.said)
    except HandshakeError as failure:
        if is_tls(failure.received):
            refused = _refused(question, failure)
            return replace(refused, protocol=protocol.value, is_starttls=True)
        detail, hint = words_for_broken_starttls(protocol, spoken.said)
    except (NotConnectedError, OSError, EOFError):
        detail, hint = words_for_broken_starttls(protocol, spoken.said)
    else:
        return _checked(question, seen, ca_file, progress)
    return TlsReport(question.target, Verdict.FAILED, None, detail, hint, protocol=protocol.value)


def _broken(target: Target, error: OSError) -> TlsReport:
    detail = _("The connection was lost: {reason}.").format(reason=error.strerror or error)
    return TlsReport(target, Verdict.FAILED, None, detail)


def _refused(question: _Question, error: HandshakeError) -> TlsReport:
    if error.wants_client_certificate and _is_for_want_of_certificate(error.cause):
        return TlsReport(
            question.target,
            Verdict.FAILED,
            None,
            client_certificate_words(error.cause),
            client_certificate_hint(),
            client_certificate=ClientCertificate.DEMANDED,
        )
    detail, hint = explain_failed_handshake(error)
    return TlsReport(question.target, Verdict.FAILED, None, detail, hint)


def _is_for_want_of_certificate(refusal: ssl.SSLError | EOFError | None) -> bool:
    """Return whether a connection ended as it does where a client has no certificate."""
    return not isinstance(refusal, ssl.SSLError) or refusal.reason in _NO_CERTIFICATE_REASONS


def _client_certificate(seen: _Seen) -> ClientCertificate:
    wants = seen.handshake.wants_client_certificate
    reason = seen.refusal.reason if isinstance(seen.refusal, ssl.SSLError) else ""
    if reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED" or (
        wants and seen.refusal is not None and _is_for_want_of_certificate(seen.refusal)
    ):
        return ClientCertificate.DEMANDED
    return ClientCertificate.ASKED if wants else ClientCertificate.NOT_ASKED


def _judged(question: _Question, seen: _Seen, trust: ssl.SSLError | None) -> TlsReport:
    handshake = seen.handshake
    now = datetime.now(UTC)
    certificate = read_certificate(handshake.certificate)
    chain = tuple(one for one in map(read_certificate, handshake.chain) if one is not None)
    problems = judge_certificate(certificate, question.name, now, trust, chain)
    wanted = _client_certificate(seen)
    days_left = certificate.days_left(now) if certificate else None
    verdict, sentences, hint = Verdict.FAILED, [_spoken(question, seen)], ""
    if certificate is None:
        why = why_unreadable(handshake.certificate)
        sentences.append(_("The certificate can't be read: {why}.").format(why=why))
        hint = problem_hint(CertificateProblem.UNREADABLE)
    elif problems:
        words = problem_words(problems, certificate, question.name, chain)
        sentences.append(_("The certificate is wrong: {problems}.").format(problems=words))
        hint = problem_hint(problems[0])
    elif trust is not None and wanted is not ClientCertificate.DEMANDED:
        reason = openssl_reason(trust)
        sentences.append(_("A client of this machine refuses it: {reason}.").format(reason=reason))
    else:
        verdict = Verdict.OK
        sentences.append(good_words(days_left))
        if days_left is not None and days_left < EXPIRES_SOON_DAYS:
            hint = _("Renew the certificate soon.")
    refusal = refusal_words(seen.refusal, wanted.value)
    if refusal:
        sentences.append(refusal)
    if wanted is ClientCertificate.DEMANDED or isinstance(seen.refusal, ssl.SSLError):
        verdict, hint = Verdict.FAILED, hint or client_certificate_hint()
    elif wanted is ClientCertificate.ASKED and not hint:
        hint = _("It asks for a client certificate, and may refuse requests without one.")
    return TlsReport(
        question.target,
        verdict,
        seen.latency_ms,
        " ".join(sentences),
        hint,
        seen.address,
        handshake.version,
        handshake.cipher,
        certificate,
        days_left,
        problems,
        chain,
        wanted,
        question.starttls.value if question.starttls else "",
        question.starttls is not None,
    )


def _spoken(question: _Question, seen: _Seen) -> str:
    words = _("{version} with {cipher} at {address}.").format(
        version=seen.handshake.version,
        cipher=seen.handshake.cipher,
        address=endpoint_text(seen.address),
    )
    if question.starttls is None:
        return words
    return _("{protocol}, after STARTTLS: {words}").format(
        protocol=question.starttls.value, words=words
    )


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
