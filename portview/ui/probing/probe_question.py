"""What the probe window can ask, and the documents of the answers. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from portview.domain.user_input.parsing import BadInputError, parse_count
from portview.domain.user_input.targets import (
    Target,
    UrlTarget,
    parse_bind_target,
    parse_target,
    parse_url,
)
from portview.i18n import N_, _
from portview.probes.bind_report import BindReport
from portview.probes.documents import (
    bind_document,
    http_document,
    probe_document,
    tls_document,
)
from portview.probes.http import DEFAULT_HTTP_TIMEOUT_MS, HttpReport
from portview.probes.tcp import DEFAULT_TIMEOUT_MS, ProbeReport
from portview.probes.tls import DEFAULT_TLS_TIMEOUT_MS, TlsReport
from portview.probes.udp import DEFAULT_UDP_TIMEOUT_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.domain.verdicts import Progress

AnyReport: TypeAlias = "ProbeReport | HttpReport | TlsReport | BindReport"
_FIRST_STATUS, _LAST_STATUS = 100, 599


class ProbeKind(StrEnum):
    """The ways to ask."""

    TCP = "TCP"
    UDP = "UDP"
    HTTP = "HTTP"
    TLS = "TLS"
    BIND = "Bind"


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """One probe, ready to be asked on a pool thread."""

    kind: ProbeKind
    target: str
    ask: Callable[[CancelToken, Callable[[Progress], None]], AnyReport]

    def __str__(self) -> str:
        """Return what is asked, for a title."""
        return f"{self.kind} {self.target}"


EXAMPLES = {
    ProbeKind.TCP: "localhost:8080",
    ProbeKind.UDP: "192.0.2.1:53",
    ProbeKind.HTTP: "http://localhost:8080/health",
    ProbeKind.TLS: "example.org:443",
    ProbeKind.BIND: "8080  or  127.0.0.1:8080",
}
ABOUT = {
    ProbeKind.TCP: N_("Connects to every address of the host, several times, and closes at once."),
    ProbeKind.UDP: N_("Sends a question that the port's usual service answers."),
    ProbeKind.HTTP: N_("Sends GET without cookies and follows redirects."),
    ProbeKind.TLS: N_(
        "Performs a TLS handshake and checks the certificate as a client on this machine would."
    ),
    ProbeKind.BIND: N_("Checks whether a program on this machine could take the port now."),
}
TIMEOUTS_MS = {
    ProbeKind.TCP: DEFAULT_TIMEOUT_MS,
    ProbeKind.UDP: DEFAULT_UDP_TIMEOUT_MS,
    ProbeKind.HTTP: DEFAULT_HTTP_TIMEOUT_MS,
    ProbeKind.TLS: DEFAULT_TLS_TIMEOUT_MS,
}


def parse_for(kind: ProbeKind) -> Callable[[str], Any]:
    """Return how to read the target of a kind; what it returns raises BadInputError."""
    if kind is ProbeKind.HTTP:
        return parse_url
    if kind is ProbeKind.TLS:
        return lambda text: parse_target(text, default_port=443)
    return parse_bind_target if kind is ProbeKind.BIND else parse_target


def carried_over(text: str, kind: ProbeKind) -> str:
    """Turn a web address into HOST:PORT where another kind takes its place; else leave a text."""
    if kind is ProbeKind.HTTP or "://" not in text:
        return text
    try:
        return str(parse_url(text).target)
    except BadInputError:
        return text


def parse_status(text: str) -> int:
    """Read a status of HTTP. Raises BadInputError."""
    status = parse_count(text, _LAST_STATUS)
    if status < _FIRST_STATUS:
        raise BadInputError(
            "bad_status",
            _("{status} is not an HTTP status.").format(status=status),
            text,
            0,
            len(text),
            _("Choose one from {first_status} to {last_status}.").format(
                first_status=_FIRST_STATUS, last_status=_LAST_STATUS
            ),
        )
    return status


def document_of(report: AnyReport) -> dict[str, Any]:
    """Return the JSON document of a report, as the command line prints it."""
    if isinstance(report, HttpReport):
        return http_document(report)
    if isinstance(report, TlsReport):
        return tls_document(report)
    if isinstance(report, BindReport):
        return bind_document(report)
    return probe_document(report)


def tcp_target_of(value: Target | UrlTarget | tuple[str | None, int], no_address: str) -> Target:
    """Return host and port of what a target was read as; ``no_address`` is for a port alone."""
    if isinstance(value, UrlTarget):
        return value.target
    if isinstance(value, Target):
        return value
    address, port = value
    return Target(address or no_address, port)
