"""Ranges of ports that the system keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind, reserve
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
from portview.diagnosis.fixes import change_setting, use_another_port
from portview.diagnosis.wording import bind_evidence
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.domain.sockets.port_ranges import PortRange

_DENIED = frozenset({13, 10013})
_DEFAULT_DYNAMIC_START = 49152
_USUAL_DYNAMIC = "49152-65535"


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
    own = reserve(facts.port, protocol=facts.protocol)
    fixes = [
        *use_another_port(facts),
        change_setting(
            facts,
            _("Reserve the port for yourself while WinNAT is stopped."),
            replace(own, is_around_winnat=True),
            harm=Harm.SEVERE,
            harm_words=_(
                "The network of containers, virtual machines and WSL is cut off for a moment."
            ),
            undo=replace(own, kind=SettingKind.RELEASE),
        ),
    ]
    if dynamic is not None and dynamic.first < _DEFAULT_DYNAMIC_START:
        fixes.append(_move_dynamic_range(facts, dynamic))
    return tuple(fixes)


def _move_dynamic_range(facts: Facts, dynamic: PortRange) -> Fix:
    usual = SettingChange(SettingKind.DYNAMIC_RANGE, _USUAL_DYNAMIC, facts.protocol)
    return change_setting(
        facts,
        _("Move the dynamic range back to {range}, so that no range is reserved below.").format(
            range=_USUAL_DYNAMIC
        ),
        usual,
        harm=Harm.SHARED,
        harm_words=_("It works after a restart of Windows."),
        undo=replace(usual, value=str(dynamic)),
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
                "reservation of their own there, as QUIC does, get the error that it is in use."
            ).format(range=exclusion),
            (Evidence(_("Excluded range"), f"{exclusion} *", facts.ranges.source),),
            use_another_port(facts),
        )
    return ruled_out(
        "administered_exclusion",
        Side.BIND,
        _(
            "{port} is reserved ({range}): the system doesn't give it away by chance, but "
            "a program can still ask for it by number."
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
