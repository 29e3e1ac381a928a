"""What is wrong with a certificate or a handshake, in words. Pure."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING

from portview.domain.plain_text import quoted
from portview.i18n import _, pgettext
from portview.probes.certificates import Certificate, CertificateProblem
from portview.probes.greeting import printable
from portview.probes.known_protocols import WireProtocol, is_tls

if TYPE_CHECKING:
    from datetime import datetime

    from portview.probes.tls_handshake import HandshakeError

# X509_V_ERR_... of OpenSSL's x509_vfy.h: nobody whom this machine trusts has signed the chain.
_UNKNOWN_ISSUER_CODES = frozenset({2, 18, 19, 20, 21, 27})
_NOT_YET_VALID_CODE, _EXPIRED_CODE, _WRONG_PURPOSE_CODE = 9, 10, 26
_SHOWN_NAMES = 5
_SHORTEST_GREETING = 3


def judge_certificate(
    certificate: Certificate | None,
    name: str,
    now: datetime,
    trust: ssl.SSLError | None,
    chain: tuple[Certificate, ...] = (),
) -> tuple[CertificateProblem, ...]:
    """List all that is wrong: OpenSSL names the first problem only, and here people want each."""
    if certificate is None:
        return (CertificateProblem.UNREADABLE,)
    found = list(certificate.problems(name, now))
    code = trust.verify_code if isinstance(trust, ssl.SSLCertVerificationError) else 0
    if code == _EXPIRED_CODE and CertificateProblem.EXPIRED not in found:
        found.append(CertificateProblem.ISSUER_EXPIRED)
    elif code == _NOT_YET_VALID_CODE and CertificateProblem.NOT_YET_VALID not in found:
        found.append(CertificateProblem.ISSUER_NOT_YET_VALID)
    elif code == _WRONG_PURPOSE_CODE:
        found.append(CertificateProblem.WRONG_PURPOSE)
    elif code in _UNKNOWN_ISSUER_CODES:
        found.append(
            CertificateProblem.SELF_SIGNED
            if certificate.is_self_signed
            else CertificateProblem.UNKNOWN_ISSUER
        )
    # OpenSSL stops at the first thing that it finds: an expired issuer may hide behind a name.
    elif code and any(one.not_after < now for one in chain[1:]):
        found.append(CertificateProblem.ISSUER_EXPIRED)
    return tuple(found)


def problem_words(
    problems: tuple[CertificateProblem, ...],
    certificate: Certificate | None,
    wanted: str,
    chain: tuple[Certificate, ...] = (),
) -> str:
    """Describe the problems of a certificate in one sentence part."""
    if certificate is None:
        return _("it can't be read")
    words = [_one_problem(problem, certificate, wanted, chain) for problem in problems]
    # Translators: two things that are wrong with a certificate, "it expired" and "it is for ...".
    template = pgettext("problems", "{first}, and {second}")
    return template.format(first="", second="").join(words)


def _one_problem(
    problem: CertificateProblem,
    certificate: Certificate,
    wanted: str,
    chain: tuple[Certificate, ...],
) -> str:
    match problem:
        case CertificateProblem.EXPIRED:
            words = _("it expired on {date}").format(date=f"{certificate.not_after:%Y-%m-%d}")
        case CertificateProblem.NOT_YET_VALID:
            date = f"{certificate.not_before:%Y-%m-%d}"
            words = _("it is not valid before {date}").format(date=date)
        case CertificateProblem.WRONG_NAME:
            names = printable(", ".join(certificate.names[:_SHOWN_NAMES]).encode())
            words = _("it is for {names}, not for {wanted}").format(
                names=names or _("no name at all"), wanted=wanted
            )
        case CertificateProblem.SELF_SIGNED:
            words = _("it is self-signed")
        case CertificateProblem.UNKNOWN_ISSUER:
            words = _unknown_issuer(certificate, chain)
        case CertificateProblem.WRONG_PURPOSE:
            words = _("it or one of its issuers is not meant for servers (extended key usage)")
        case CertificateProblem.ISSUER_EXPIRED:
            words = _bad_issuer(chain, expired=True)
        case CertificateProblem.ISSUER_NOT_YET_VALID:
            words = _bad_issuer(chain, expired=False)
        case CertificateProblem.UNREADABLE:
            words = _("it can't be read")
    return words


def _unknown_issuer(certificate: Certificate, chain: tuple[Certificate, ...]) -> str:
    """Name whom this machine does not know: the issuer of the last certificate that leads up."""
    last = certificate
    by_subject = {one.subject: one for one in chain[1:]}
    for _step in chain:
        above = by_subject.pop(last.issuer, None)
        if above is None:
            break
        last = above
    if last is certificate:
        return _("this machine does not know its issuer {issuer}").format(
            issuer=_named(last.issuer)
        )
    if last.is_self_signed:
        return _("this machine does not trust {issuer}, the end of its chain").format(
            issuer=_named(last.subject)
        )
    return _("this machine does not know {issuer}, which issued the certificate of {name}").format(
        issuer=_named(last.issuer), name=_named(last.subject)
    )


def _bad_issuer(chain: tuple[Certificate, ...], *, expired: bool) -> str:
    """Name the certificate above the server's own whose time has passed or has not come."""
    above = chain[1:]
    if not above:
        return (
            _("the certificate of its issuer, which this machine has, has expired")
            if expired
            else _("the certificate of its issuer, which this machine has, is not valid yet")
        )
    if expired:
        worst = min(above, key=lambda one: one.not_after)
        return _("the certificate of its issuer {issuer} expired on {date}").format(
            issuer=_named(worst.subject), date=f"{worst.not_after:%Y-%m-%d}"
        )
    worst = max(above, key=lambda one: one.not_before)
    return _("the certificate of its issuer {issuer} is not valid before {date}").format(
        issuer=_named(worst.subject), date=f"{worst.not_before:%Y-%m-%d}"
    )


def _named(name: str) -> str:
    return quoted(printable(name.encode("utf-8", "replace")))


def problem_hint(problem: CertificateProblem) -> str:
    """Return what to do about a problem of a certificate."""
    return {
        CertificateProblem.EXPIRED: _("Renew the certificate."),
        CertificateProblem.NOT_YET_VALID: _("Check the clocks of both machines."),
        CertificateProblem.WRONG_NAME: _(
            "Use a name that is in the certificate, or renew the certificate with this name."
        ),
        CertificateProblem.SELF_SIGNED: _("Have it signed, or add it to the trusted certificates."),
        CertificateProblem.UNKNOWN_ISSUER: _(
            "Add the issuer to the trusted certificates, or have the server send its intermediate "
            "certificates."
        ),
        CertificateProblem.WRONG_PURPOSE: _(
            "Issue a certificate for server authentication; this one is for something else."
        ),
        CertificateProblem.ISSUER_EXPIRED: _(
            "Renew the issuer's certificate on the server; its own certificate is in order."
        ),
        CertificateProblem.ISSUER_NOT_YET_VALID: _("Check the clocks of both machines."),
        CertificateProblem.UNREADABLE: _("Renew the certificate."),
    }[problem]


def good_words(days_left: int | None) -> str:
    """Return that nothing is wrong with a certificate."""
    return _("The certificate is good for {days} more days.").format(days=days_left)


def client_certificate_words(refusal: ssl.SSLError | EOFError | None) -> str:
    """Return that a server lets in clients with a certificate only."""
    if isinstance(refusal, ssl.SSLError):
        return _(
            "The server requires a client certificate and refuses without one: {reason}."
        ).format(reason=openssl_reason(refusal))
    return _("The server requires a client certificate and closes the connection without one.")


def client_certificate_hint() -> str:
    """Return what a client needs there."""
    return _("Give the client a certificate of an issuer that this server accepts.")


def refusal_words(refusal: ssl.SSLError | EOFError | None, wanted: str) -> str:
    """Return how a server ended the connection after the handshake; empty where it did not."""
    if refusal is None:
        return ""
    if wanted == "demanded":
        return client_certificate_words(refusal)
    if isinstance(refusal, ssl.SSLError):
        return _("After the handshake the server refuses: {reason}.").format(
            reason=openssl_reason(refusal)
        )
    return _("It closed the connection right after the handshake.")


def explain_failed_handshake(error: HandshakeError) -> tuple[str, str]:
    """Return why no TLS session came about with a server whose protocol is not known."""
    if error.received and not is_tls(error.received):
        words = quoted(printable(error.received))
        return (
            _("This port speaks plain text, not TLS; it said {words}.").format(words=words),
            _("Ask another port, or without TLS."),
        )
    if error.cause is not None:
        reason = openssl_reason(error.cause)
        return (
            _("The server answers in TLS, but refuses: {reason}.").format(reason=reason),
            _(
                "It may ask for a client certificate, another name, or a version that this machine "
                "does not offer."
            ),
        )
    if error.was_silent:
        if error.received:
            return (
                _("It began a TLS handshake, but did not finish it in time."),
                _("The server may hang or be overloaded."),
            )
        return (
            _("It accepts connections, but says nothing in TLS."),
            _("It may speak plain text and wait for a question, or it hangs."),
        )
    if error.received:
        return (
            _("It began a TLS handshake, then closed the connection or never finished."),
            _("See the server's log."),
        )
    return (
        _("It accepts connections, but closes them on a TLS ClientHello."),
        _("It probably does not speak TLS."),
    )


def words_without_tls(protocol: WireProtocol, said: bytes) -> tuple[str, str]:
    """Return what a port speaks that has no way into TLS: detail and hint."""
    words = quoted(printable(said))
    detail = _("This port speaks {protocol} in plain text, not TLS; it said {words}.").format(
        protocol=protocol.value, words=words
    )
    if protocol is WireProtocol.HTTP:
        return detail, _("Use http:// instead of https://.")
    if protocol is WireProtocol.SSH:
        return detail, _("SSH has an encryption of its own: use an SSH client.")
    return detail, _("Use a client for {protocol}.").format(protocol=protocol.value)


def words_without_starttls(protocol: WireProtocol, said: bytes) -> tuple[str, str]:
    """Return that a server has a way into TLS in principle, but not this one."""
    detail = _("This server speaks {protocol} in plain text and offers no TLS here").format(
        protocol=protocol.value
    )
    words = printable(said)
    # What is not text reports a person nothing.
    if words and words.isascii() and "\N{REPLACEMENT CHARACTER}" not in words:
        detail = _("{sentence}; it said {words}").format(sentence=detail, words=quoted(words))
    return f"{detail}.", _switch_on(protocol)


def words_for_broken_starttls(protocol: WireProtocol, said: bytes) -> tuple[str, str]:
    """Return that a server broke off on its way into TLS."""
    detail = _(
        "This server speaks {protocol} in plain text; asked for TLS (STARTTLS) it "
        "closed the connection."
    ).format(protocol=protocol.value)
    words = printable(said)
    if len(words) > _SHORTEST_GREETING and words.isascii():
        detail = _("{sentence} It greets with {words}.").format(
            sentence=detail, words=quoted(words)
        )
    return detail, _switch_on(protocol)


def _switch_on(protocol: WireProtocol) -> str:
    if protocol is WireProtocol.POSTGRESQL:
        return _("Switch on ssl in postgresql.conf, or connect with sslmode=disable.")
    if protocol is WireProtocol.MYSQL:
        return _("Switch on TLS in the server, or connect with --ssl-mode=DISABLED.")
    if protocol is WireProtocol.LDAP:
        return _("Switch on StartTLS in the server, or ask its port for LDAPS, usually 636.")
    return _(
        "Use {protocol} with STARTTLS if the server offers it, or its port for implicit TLS."
    ).format(protocol=protocol.value)


def openssl_reason(error: ssl.SSLError) -> str:
    """Return OpenSSL's reason in small letters, or whatever else there is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    # Where OpenSSL gives no reason, Python's text ends in a place of its own source.
    text = error.reason or re.sub(r"\s*\(_ssl\.c:\d+\)", "", str(error))
    return text.replace("_", " ").lower()
