"""What the error number of a bind means."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portview.i18n import _
from portview.probes.bind_attempt import WINDOWS
from portview.probes.bind_report import BindVerdict
from portview.probes.os_errors import error_codes, error_text

if TYPE_CHECKING:
    from portview.domain.sockets.port_ranges import PortRanges

IN_USE = error_codes("EADDRINUSE") | {10048}
DENIED = error_codes("EACCES", "EPERM") | {10013}
NO_SUCH_PLACE = error_codes("EADDRNOTAVAIL", "EAFNOSUPPORT", "EPROTONOSUPPORT") | {
    10047,
    10049,
}
"""The address, or its whole family, is not there; nobody else has the port because of it.

The numbers of Winsock (winerror.h) stand for themselves, so that they mean the same everywhere.
"""

_UNPRIVILEGED_START = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def explain_refusal(
    code: int, port: int, ranges: PortRanges, platform: str = sys.platform
) -> tuple[BindVerdict, str, str]:
    """Return what an error number of ``bind`` means: verdict, detail, hint."""
    exclusion = ranges.exclusion_of(port)
    if code in IN_USE:
        return (
            BindVerdict.IN_USE,
            _("Another program has it."),
            _("See who has it, or choose another port."),
        )
    if code in DENIED and exclusion and not exclusion.is_administered:
        return (
            BindVerdict.RESERVED,
            _("The system reserves ports {range} (excluded port range).").format(range=exclusion),
            _(
                "Choose a port outside the excluded ranges; Hyper-V and WSL create them again when "
                "Windows starts."
            ),
        )
    if code in DENIED and platform == WINDOWS:
        return (
            BindVerdict.EXCLUSIVE,
            _(
                "Access is denied (10013): another program uses it exclusively, or Windows or a "
                "security product forbids it."
            ),
            _("See who has it; a program of another user counts as well."),
        )
    if code in DENIED:
        return _explain_privilege(port)
    if code in NO_SUCH_PLACE:
        return (
            BindVerdict.NO_ADDRESS,
            _("This machine does not have such an address at present."),
            "",
        )
    return BindVerdict.ERROR, _("It failed: {reason}.").format(reason=error_text(code)), ""


def explain_denied_to_everyone(port: int, ranges: PortRanges) -> tuple[BindVerdict, str, str]:
    """Return why Windows denies an exclusive bind at all addresses (10013).

    By Microsoft's table (Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE) no socket of a program leads
    to this code there; ranges, http.sys and filters are what is left.
    """
    exclusion = ranges.exclusion_of(port)
    if exclusion and not exclusion.is_administered:
        return explain_refusal(10013, port, ranges, WINDOWS)
    return (
        BindVerdict.FORBIDDEN,
        _(
            "Windows denies it to every program (10013): most likely the system's web server "
            "(http.sys) has a URL on it, it was reserved a moment ago, or a security product "
            "filters it."
        ),
        _(
            "See the reservations: netsh interface ipv4 show excludedportrange tcp, and "
            "netsh http show servicestate."
        ),
    )


def _explain_privilege(port: int) -> tuple[BindVerdict, str, str]:
    try:
        start = int(_UNPRIVILEGED_START.read_bytes())
    except (OSError, ValueError):
        start = 1024  # what every other Unix has
    if port >= start:
        return (
            BindVerdict.FORBIDDEN,
            _("The system refuses it, though the port is not a privileged one."),
            _("A security policy (SELinux, AppArmor, seccomp) may forbid it."),
        )
    return (
        BindVerdict.PRIVILEGED,
        _(
            "Ports below {start} are for administrators "
            "(net.ipv4.ip_unprivileged_port_start = {start})."
        ).format(start=start),
        _(
            "Choose a port from {start} on, give the program CAP_NET_BIND_SERVICE, or lower this "
            "setting."
        ).format(start=start),
    )
