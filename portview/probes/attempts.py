"""What one try to reach a port came to, and what error numbers mean for it. Pure."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.user_input.parsing import format_duration
from portview.domain.verdicts import Verdict
from portview.i18n import N_, _
from portview.probes.icmp_error import IcmpError, IcmpKind
from portview.probes.os_errors import error_codes, error_text

if TYPE_CHECKING:
    from portview.domain.sockets.socket_row import Endpoint

_REFUSED = error_codes("ECONNREFUSED")
RESET = error_codes("ECONNRESET", "ECONNABORTED", "EPIPE")
"""How a connection ends that was accepted first; a port without a listener refuses instead."""

_TIMED_OUT = error_codes("ETIMEDOUT")
_PROHIBITED = error_codes("EACCES", "EPERM")
_HOST_UNREACHABLE = error_codes("EHOSTUNREACH", "EHOSTDOWN")
_NET_UNREACHABLE = error_codes("ENETUNREACH", "ENETDOWN")
_NO_SOURCE_ADDRESS = error_codes("EADDRNOTAVAIL", "EINVAL", "EAFNOSUPPORT")

SILENCE_HINT = N_("A firewall that drops, or a host that is switched off, looks like this.")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: verdict, time until it was known, a sentence on what happened, what to do next."""

    verdict: Verdict
    elapsed_ms: float
    detail: str
    hint: str = ""
    local: Endpoint | None = None


def silence(elapsed_ms: float) -> Attempt:
    """Describe a connection that nothing came back for in time."""
    detail = _("No response within {duration}: something drops the packets.").format(
        duration=format_duration(elapsed_ms)
    )
    return Attempt(Verdict.FILTERED, elapsed_ms, detail, _(SILENCE_HINT))


def hung_up(elapsed_ms: float, *, was_reset: bool) -> Attempt:
    """Describe a connection that was accepted and ended at once, with a reset or in good order."""
    return Attempt(
        Verdict.HUNG_UP,
        elapsed_ms,
        _("A server listens, accepts the connection, and resets it at once.")
        if was_reset
        else _(
            "A server listens, accepts the connection, and closes it at once without "
            "sending anything."
        ),
        _(
            "What the listener forwards to may be missing: check the container, tunnel or "
            "port forwarding, or rules of the server that reject clients."
        ),
    )


def attempt_of_error(code: int, elapsed_ms: float, icmp: IcmpError | None = None) -> Attempt:
    """Return what an error of ``connect``, and the ICMP message behind it, mean for a port."""
    sender = icmp.sender if icmp else ""
    kind = icmp.kind if icmp else None
    if kind is IcmpKind.PROHIBITED or (kind is None and code in _PROHIBITED):
        return Attempt(
            Verdict.FILTERED,
            elapsed_ms,
            _("Rejected by {sender}: administratively prohibited.").format(sender=sender)
            if sender
            else _("Rejected by a firewall: administratively prohibited."),
            _("Check for a firewall rule that rejects this port."),
        )
    if kind is IcmpKind.PORT:
        # A host without a listener answers TCP with a reset; this ICMP message is a firewall's.
        return Attempt(
            Verdict.FILTERED,
            elapsed_ms,
            _(
                "Rejected by {sender} with ICMP port unreachable, which for TCP is the answer of a "
                "firewall."
            ).format(sender=sender)
            if sender
            else _(
                "Rejected with ICMP port unreachable, which for TCP is the answer of a firewall."
            ),
            _("Check for a firewall rule that rejects this port."),
        )
    if code in _REFUSED:
        return Attempt(
            Verdict.CLOSED,
            elapsed_ms,
            _("Refused: the host responds, but nothing listens on this port."),
            _("Start the server, or check the port number."),
        )
    if code in _TIMED_OUT:
        return silence(elapsed_ms)
    if code in RESET:
        return hung_up(elapsed_ms, was_reset=True)
    return _unreachable(code, elapsed_ms, sender)


def _unreachable(code: int, elapsed_ms: float, router: str) -> Attempt:
    if code in _HOST_UNREACHABLE:
        return Attempt(
            Verdict.UNREACHABLE,
            elapsed_ms,
            (
                _("The host can't be reached, reports {router}.").format(router=router)
                if router
                else _("The host can't be reached.")
            ),
            _("Check that the host is switched on and that the address is right."),
        )
    if code in _NET_UNREACHABLE:
        return Attempt(
            Verdict.UNREACHABLE,
            elapsed_ms,
            _("There is no route to this network."),
            _("Check the network connection and the routes of this machine."),
        )
    if code in _NO_SOURCE_ADDRESS:
        return Attempt(
            Verdict.UNREACHABLE,
            elapsed_ms,
            _("This machine has no address from which it could be reached."),
            "A link-local IPv6 address needs its zone, like fe80::1%eth0.",
        )
    return Attempt(
        Verdict.ERROR,
        elapsed_ms,
        _("This machine could not connect: {error_text}.").format(error_text=error_text(code)),
        _hint(code),
    )


def _hint(code: int) -> str:
    if code in {errno.EMFILE, errno.ENFILE}:
        return _("Too many files are open; close other programs or try fewer at once.")
    return ""
