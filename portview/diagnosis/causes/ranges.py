"""Ranges of ports that the system keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.finding import (
    Certainty,
    Evidence,
    Finding,
    Fix,
    Harm,
    Side,
    cannot_tell,
    ruled_out,
)
from portview.diagnosis.fixes import use_another_port
from portview.diagnosis.remedies import Remediation, RemediationKind
from portview.diagnosis.wording import bind_evidence
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.domain.sockets.port_ranges import PortRange

_DENIED = frozenset({13, 10013})
_DEFAULT_DYNAMIC_START = 49152


def excluded_range(facts: Facts) -> Finding | None:
    """Detect that Windows keeps the port from everybody (WinNAT, Hyper-V)."""
    if facts.platform != "win32":
        return None
    if facts.ranges.problem is not None or facts.ranges.value is None:
        reason = facts.ranges.problem.reason if facts.ranges.problem else ""
        return cannot_tell(
            "excluded_range",
            Side.BIND,
            _("The excluded port ranges can't be read: {reason}.").format(reason=reason),
            _("An answer of netsh."),
        )
    hits = [(one, family) for one, family in _exclusions(facts) if not one.is_administered]
    is_denied = any(
        one.code in _DENIED or one.plain_code in _DENIED for one in facts.binds.value or ()
    )
    # A single port without a star beside the kernel's own socket is the trace of http.sys.
    is_of_http_sys = any(one.pid == 4 for one in facts.known_sockets)  # noqa: PLR2004 - "System"
    hits = [(one, family) for one, family in hits if not (is_of_http_sys and one.first == one.last)]
    if not hits:
        return ruled_out(
            "excluded_range",
            Side.BIND,
            _("{port} is in no excluded range.").format(port=facts.question.name),
        )
    if not is_denied and facts.binds.problem is None:
        return ruled_out(
            "excluded_range",
            Side.BIND,
            _("{port} is in the excluded range {range}, but a bind works.").format(
                port=facts.question.name, range=hits[0][0]
            ),
        )
    exclusion, family = hits[0]
    return Finding(
        "excluded_range",
        Side.BIND,
        Certainty.PROVED if is_denied else Certainty.LIKELY,
        _(
            "Windows keeps ports {range} from every program "
            "(excluded port range): WinNAT, Hyper-V, "
            "Docker or WSL reserved them when they started. No program has {port}."
        ).format(range=exclusion, port=facts.question.name),
        (
            Evidence(
                _("Excluded range ({family})").format(family=family),
                str(exclusion),
                facts.ranges.source,
            ),
            *bind_evidence(facts),
        ),
        _exclusion_fixes(facts),
    )


def _exclusions(facts: Facts) -> list[tuple[PortRange, str]]:
    found = []
    for reading, family in ((facts.ranges, "IPv4"), (facts.ranges_ipv6, "IPv6")):
        if reading.value is not None and (one := reading.value.exclusion_of(facts.port)):
            found.append((one, family))
    return found


def _exclusion_fixes(facts: Facts) -> tuple[Fix, ...]:
    dynamic = facts.ranges.value.dynamic if facts.ranges.value else None
    fixes = [
        *use_another_port(facts),
        Fix(
            _("Reserve the port for yourself while WinNAT is stopped."),
            (*facts.me.own_command, "ports", "reserve", str(facts.port), "--around-winnat"),
            needs_admin=True,
            harm=Harm.SEVERE,
            harm_words=_(
                "The network of containers, virtual machines and WSL is cut off for a moment."
            ),
            undo=f"netsh int ipv4 delete excludedportrange protocol={facts.protocol.value} "
            f"startport={facts.port} numberofports=1 store=persistent",
            remediation=Remediation(
                RemediationKind.CHANGE_SETTING,
                facts.port,
                facts.protocol,
                setting="reserved_port_around_winnat",
                value=str(facts.port),
            ),
        ),
    ]
    if dynamic is not None and dynamic.first < _DEFAULT_DYNAMIC_START:
        fixes.append(_move_dynamic_range(facts, dynamic))
    return tuple(fixes)


def _move_dynamic_range(facts: Facts, dynamic: PortRange) -> Fix:
    count = dynamic.last - dynamic.first + 1
    return Fix(
        _("Move the dynamic range back to 49152-65535, so that no range is reserved below."),
        (
            *("netsh", "int", "ipv4", "set", "dynamicport", facts.protocol.value),
            *("start=49152", "num=16384"),
        ),
        needs_admin=True,
        harm=Harm.SHARED,
        harm_words=_("It works after a restart of Windows."),
        undo=f"netsh int ipv4 set dynamicport {facts.protocol.value} "
        f"start={dynamic.first} num={count}",
        remediation=Remediation(
            RemediationKind.CHANGE_SETTING,
            protocol=facts.protocol,
            setting="dynamic_range",
            value="49152-65535",
        ),
    )


def administered_exclusion(facts: Facts) -> Finding | None:
    """Detect that an administrator reserved the port, which a bind by number passes."""
    ranges = facts.ranges.value
    exclusion = ranges.exclusion_of(facts.port) if ranges else None
    if exclusion is None or not exclusion.is_administered:
        return None
    if facts.platform == "win32" and _has_quic_error(facts):
        return Finding(
            "administered_exclusion",
            Side.BIND,
            Certainty.LIKELY,
            _(
                "An administrator reserved ports {range}; programs that ask Windows for a "
                "reservation of their own there, as QUIC does, are told that it is in use."
            ).format(range=exclusion),
            (Evidence(_("Excluded range"), f"{exclusion} *", facts.ranges.source),),
            use_another_port(facts),
        )
    return ruled_out(
        "administered_exclusion",
        Side.BIND,
        _(
            "{port} is reserved ({range}), which keeps the "
            "system from giving it away by chance and "
            "nobody from asking for it by number."
        ).format(port=facts.question.name, range=exclusion),
    )


def _has_quic_error(facts: Facts) -> bool:
    error = facts.question.error
    return error is not None and "quic" in error.text.casefold()


def dynamic_range(facts: Facts) -> Finding | None:
    """Detect that the dynamic range was set so low that it covers ports of servers."""
    ranges = facts.ranges.value
    if ranges is None or ranges.dynamic is None or facts.platform != "win32":
        return None
    is_low = ranges.dynamic.first < _DEFAULT_DYNAMIC_START
    excluded = any(not one.is_administered for one, _family in _exclusions(facts))
    if not (is_low and ranges.is_dynamic(facts.port) and excluded and facts.refused):
        return None
    return Finding(
        "dynamic_range",
        Side.BIND,
        Certainty.LIKELY,
        _(
            "The dynamic range begins at {first} instead of 49152, so that Windows reserves blocks "
            "of it among the ports of servers."
        ).format(first=ranges.dynamic.first),
        (Evidence(_("Dynamic range"), str(ranges.dynamic), facts.ranges.source),),
        (_move_dynamic_range(facts, ranges.dynamic),),
    )


CAUSES = (excluded_range, administered_exclusion, dynamic_range)
