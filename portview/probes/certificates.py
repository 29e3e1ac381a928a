"""What a server certificate says, and what is wrong with it. Pure; the time is handed in."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID, NameOID

from portview.i18n import _

if TYPE_CHECKING:
    from datetime import datetime


class CertificateProblem(StrEnum):
    """One thing wrong with a certificate."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_NAME = "wrong_name"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ISSUER = "unknown_issuer"
    WRONG_PURPOSE = "wrong_purpose"
    ISSUER_EXPIRED = "issuer_expired"
    ISSUER_NOT_YET_VALID = "issuer_not_yet_valid"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The readable part of a certificate; all texts come from the network and are untrusted.

    ``names`` are the DNS names and addresses it is for.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    is_self_signed: bool

    def days_left(self, now: datetime) -> int:
        """Return whole days until it expires, negative if it did; ``now`` has a time zone."""
        return (self.not_after - now).days

    def problems(self, name: str, now: datetime) -> tuple[CertificateProblem, ...]:
        """List what can be seen from the certificate alone, for a server called ``name``."""
        found = []
        if now > self.not_after:
            found.append(CertificateProblem.EXPIRED)
        if now < self.not_before:
            found.append(CertificateProblem.NOT_YET_VALID)
        if not any(name_matches(pattern, name) for pattern in self.names):
            found.append(CertificateProblem.WRONG_NAME)
        return tuple(found)


_UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises for certificates that break X.509, such as one of version 2 or 6."""


def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate in DER; None if it can't be read."""
    try:
        certificate = _loaded(der)
        return Certificate(
            subject=_common_name(certificate.subject),
            issuer=_common_name(certificate.issuer),
            names=_names(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            is_self_signed=_is_self_signed(certificate),
        )
    except _UNREADABLE:
        return None


def why_unreadable(der: bytes) -> str:
    """Return what is wrong with a certificate that ``read_certificate`` can't read."""
    if not der:
        return _("the server sent none")
    try:
        _loaded(der)
    except x509.InvalidVersion as error:
        number = error.parsed_version + 1
        return _("it is of X.509 version {number}, where TLS needs version 3").format(number=number)
    except _UNREADABLE:
        pass
    return _("it breaks the rules of X.509")


def _loaded(der: bytes) -> x509.Certificate:
    """Parse without the library's remarks about strange contents, which would reach a console."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        certificate = x509.load_der_x509_certificate(der)
        # Names are parsed when they are first asked for.
        certificate.subject, certificate.issuer  # noqa: B018
        return certificate


def name_matches(pattern: str, name: str) -> bool:
    """Return whether a name of a certificate covers a server's name (RFC 9525, 6.3).

    A wildcard stands for the whole leftmost label and nothing else. Addresses match by value.
    """
    try:
        return ip_address(pattern) == ip_address(name.partition("%")[0])
    except ValueError:
        pass
    wanted = _ascii(name).split(".")
    offered = _ascii(pattern).split(".")
    if offered[0] == "*":
        return len(offered) > 2 and len(wanted) == len(offered) and wanted[1:] == offered[1:]  # noqa: PLR2004
    return wanted == offered


def _ascii(name: str) -> str:
    try:
        return name.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name.rstrip(".").lower()


def _common_name(name: x509.Name) -> str:
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        values = name.get_attributes_for_oid(kind)
        if values:
            return str(values[0].value)
    return name.rfc4514_string()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    """List the subject alternative names; the common name has not counted since RFC 6125."""
    try:
        extension = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        )
    except x509.ExtensionNotFound:
        return ()
    alternatives = extension.value
    if not isinstance(alternatives, x509.SubjectAlternativeName):
        return ()
    names = alternatives.get_values_for_type(x509.DNSName)
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return (*names, *(str(address) for address in addresses))


def _is_self_signed(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True
