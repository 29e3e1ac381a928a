"""Read the dynamic and the excluded port ranges of this machine."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Family
from portview.domain.user_input.parsing import MAX_PORT, parse_ports
from portview.i18n import _
from portview.readers.windows.netsh import ask_netsh

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portview.domain.sockets.socket_row import Protocol

_PROC = Path("/proc/sys/net/ipv4")

# netsh writes in the language of the system; only the shape of a line is the same in all of them.
_EXCLUDED_LINE = re.compile(r"\s*(?P<first>[0-9]+)\s+(?P<last>[0-9]+)\s*(?P<star>\*?)\s*")
_DYNAMIC_LINE = re.compile(r"[^0-9]*[^0-9\s][^0-9]*?(?P<number>[0-9]+)\s*")


def read_port_ranges(protocol: Protocol, family: Family = Family.IPV4) -> PortRanges:
    """Read the ranges for a protocol; what can't be read is left out and noted. Any thread.

    Linux: ip-sysctl, ``ip_local_port_range`` and ``ip_local_reserved_ports``, which hold for both
    protocols and both families. Windows: two runs of netsh, some 100 ms.
    """
    if sys.platform == "linux":
        return _linux_ranges()
    if sys.platform == "win32":
        return _windows_ranges(protocol, family)
    return PortRanges(notes=(_("The port ranges of this system can't be read."),))


def parse_excluded_ranges(text: str) -> tuple[PortRange, ...]:
    """Parse ``netsh int ipv4 show excludedportrange``, in any language."""
    matches = map(_EXCLUDED_LINE.fullmatch, text.splitlines())
    found = (
        PortRange(int(match["first"]), int(match["last"]), bool(match["star"]))
        for match in matches
        if match
    )
    return tuple(one for one in found if 0 < one.first <= one.last <= MAX_PORT)


def parse_dynamic_range(text: str) -> PortRange | None:
    """Parse ``netsh int ipv4 show dynamicport``, in any language; None if it is something else.

    The lines that end with a number are the first port and the number of ports, in this order.
    """
    matches = map(_DYNAMIC_LINE.fullmatch, text.splitlines())
    numbers = [int(match["number"]) for match in matches if match]
    if len(numbers) != 2:  # noqa: PLR2004
        return None
    first, count = numbers
    last = first + count - 1
    return PortRange(first, last) if 0 < first <= last <= MAX_PORT else None


def _linux_ranges() -> PortRanges:
    notes: list[str] = []
    dynamic = None
    excluded: tuple[PortRange, ...] = ()
    try:
        first, last = (_PROC / "ip_local_port_range").read_text("ascii").split()
        dynamic = PortRange(int(first), int(last))
        reserved = (_PROC / "ip_local_reserved_ports").read_text("ascii").strip()
        if reserved:
            excluded = tuple(_runs(parse_ports(reserved)))
    except (OSError, ValueError, PortViewError) as error:
        notes.append(
            _("The port ranges of the kernel could not be read: {error}.").format(error=error)
        )
    return PortRanges(dynamic, excluded, tuple(notes))


def _runs(ports: Iterable[int]) -> Iterable[PortRange]:
    """Join sorted ports to ranges; a reserved port is kept from chance only, not from a bind."""
    run: list[int] = []
    for port in ports:
        if run and port != run[-1] + 1:
            yield PortRange(run[0], run[-1], is_administered=True)
            run = []
        run.append(port)
    if run:
        yield PortRange(run[0], run[-1], is_administered=True)


def _windows_ranges(protocol: Protocol, family: Family) -> PortRanges:
    notes = []
    dynamic_text = _netsh("dynamicport", protocol, family)
    dynamic = parse_dynamic_range(dynamic_text)
    if dynamic is None:
        notes.append(_("The dynamic port range could not be read from netsh."))
    excluded_text = _netsh("excludedportrange", protocol, family)
    if not excluded_text.strip():
        notes.append(_("The excluded port ranges could not be read from netsh."))
    return PortRanges(dynamic, parse_excluded_ranges(excluded_text), tuple(notes))


def _netsh(what: str, protocol: Protocol, family: Family) -> str:
    answer = ask_netsh("interface", family.value, "show", what, f"protocol={protocol.value}")
    # Only digits and the star matter, and they are ASCII in every console code page.
    return answer.output.decode("ascii", "replace")
