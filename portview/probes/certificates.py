"""What a server certificate says, and what is wrong with it. Pure; the time is handed in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtensionOID, NameOID

if TYPE_CHECKING:
    from datetime import datetime


class CertificateProblem(StrEnum):
    """One thing wrong with a certificate."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_NAME = "wrong_name"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ISSUER = "unknown_issuer"
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


def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate in DER; None if it can't be read."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            subject=_common_name(certificate.subject),
            issuer=_common_name(certificate.issuer),
            names=_names(certificate),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            is_self_signed=_is_self_signed(certificate),
        )
    except (ValueError, UnsupportedAlgorithm, x509.UnsupportedGeneralNameType):
        return None


def name_matches(pattern: str, name: str) -> bool:
    """Tell whether a name of a certificate covers a server's name (RFC 9525, 6.3).

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
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
