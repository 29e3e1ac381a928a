"""Nothing is left: dynamic ports, descriptors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind
from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Harm, Side, ruled_out
from portview.diagnosis.fixes import change_setting
from portview.diagnosis.wording import error_name
from portview.domain.facts import Absent, Known
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts, Usage

ALARMING_SHARE = 0.8
_NO_PORT_LEFT = frozenset({48, 98, 99, 49, 10048, 10055, 10049})
_NO_DESCRIPTOR = frozenset({23, 24, 10024})


def port_exhaustion(facts: Facts) -> Finding | None:
    """Detect that all ports of the dynamic range are in use: the system can't give out any."""
    code = facts.any_port_code.fact
    usage = facts.usage.value
    if isinstance(code, Known) and code.value in _NO_PORT_LEFT:
        return _exhausted(facts, usage, code.value)
    if usage is not None and usage.share >= ALARMING_SHARE:
        return Finding(
            "port_exhaustion",
            Side.BIND,
            _certainty(facts, usage),
            _(
                "{used} of {size} dynamic ports are in use; "
                "connections that need one may fail soon."
            ).format(used=usage.used, size=usage.size),
            _evidence(facts, usage),
            _fixes(facts, usage),
        )
    if isinstance(code, Absent) and usage is not None:
        return ruled_out(
            "port_exhaustion",
            Side.BIND,
            _(
                "{used} of {size} dynamic ports are in use, and the system still gives them out."
            ).format(used=usage.used, size=usage.size),
        )
    return None


def _certainty(facts: Facts, usage: Usage) -> Certainty:
    """Return how certain it is that ports run out, where the system still gives one out.

    A client gets none for a destination to which every port is connected already.
    """
    if not _is_asked_for(facts):
        return Certainty.POSSIBLE
    return Certainty.PROVED if usage.used >= usage.size else Certainty.LIKELY


def _exhausted(facts: Facts, usage: Usage | None, code: int) -> Finding:
    evidence = (
        Evidence(_("Any port at all"), error_name(code), facts.any_port_code.source),
        *(_evidence(facts, usage) if usage else ()),
    )
    most = usage.by_process[0][0] if usage and usage.by_process else ""
    sentence = (
        _("All dynamic ports are in use, most of them by {process}: the system has none left.")
        if most
        else _("All dynamic ports are in use: the system has none left.")
    )
    return Finding(
        "port_exhaustion",
        Side.BIND,
        Certainty.PROVED,
        sentence.format(process=most),
        evidence,
        _fixes(facts, usage),
    )


def _evidence(facts: Facts, usage: Usage) -> tuple[Evidence, ...]:
    lines = [
        Evidence(
            _("Dynamic range {range}").format(range=usage.dynamic),
            _("{used} of {size} in use").format(used=usage.used, size=usage.size),
            facts.usage.source,
        ),
        Evidence("TIME_WAIT", str(usage.time_wait), facts.usage.source),
    ]
    lines += [
        Evidence(inert(name, 80), str(count), facts.usage.source)
        for name, count in usage.by_process[:3]
    ]
    return tuple(lines)


def _fixes(facts: Facts, usage: Usage | None) -> tuple[Fix, ...]:
    fixes = [
        Fix(
            _("See which programs use them, and restart the one that leaks."),
            (*facts.me.own_command, "ports"),
        )
    ]
    if facts.platform == "linux" and usage is not None:
        wider = "15000-60999"
        fixes.append(
            change_setting(
                facts,
                _("Widen the dynamic range to {range}.").format(range=wider),
                SettingChange(SettingKind.DYNAMIC_RANGE, wider),
                harm=Harm.SHARED,
                harm_words=_("Servers in that range may find their port taken by a connection."),
                undo=SettingChange(SettingKind.DYNAMIC_RANGE, str(usage.dynamic)),
            )
        )
    return tuple(fixes)


def _is_asked_for(facts: Facts) -> bool:
    error = facts.question.error
    return error is not None and error.error in {"EADDRNOTAVAIL", "ENOBUFS"}


def descriptor_limit(facts: Facts) -> Finding | None:
    """Detect that the program with the port, or the one that fails, has no descriptor left."""
    for one in facts.listeners:
        for info, owner in zip(one.owners, facts.owner_facts(one), strict=False):
            if isinstance(owner.descriptors, Known):
                used, limit = owner.descriptors.value
                if used >= limit:
                    return Finding(
                        "descriptor_limit",
                        Side.REACH,
                        Certainty.PROVED,
                        _(
                            "{process} has {used} of at most {limit} "
                            "files and sockets open: it can't "
                            "take another client."
                        ).format(
                            process=inert(info.name or str(info.pid), 80), used=used, limit=limit
                        ),
                        (
                            Evidence(
                                _("Open descriptors"), f"{used}/{limit}", f"/proc/{info.pid}/fd"
                            ),
                        ),
                        _descriptor_fixes(info.pid, limit),
                    )
    error = facts.question.error
    is_named = error is not None and error.error == "EMFILE"
    if is_named or any(one.code in _NO_DESCRIPTOR for one in facts.refused):
        return Finding(
            "descriptor_limit",
            Side.BIND,
            Certainty.LIKELY,
            _(
                "The program has reached its limit of open files "
                "and sockets; the port is not at fault."
            ),
            (),
            _descriptor_fixes(None, 0),
        )
    return None


def _prlimit(pid: int, limit: int) -> str:
    return f"prlimit --pid {pid} --nofile={limit}"  # untranslated: a command


def _descriptor_fixes(pid: int | None, limit: int) -> tuple[Fix, ...]:
    return (
        Fix(
            _("Raise the limit of the program (ulimit -n, or LimitNOFILE= of its service)."),
            ("prlimit", "--pid", str(pid), f"--nofile={max(1024, 4 * limit)}") if pid else None,
            needs_admin=pid is not None,
            harm=Harm.LITTLE,
            undo=_prlimit(pid, limit) if pid else "",
        ),
        Fix(_("Find out why it keeps so many open: a leak comes back.")),
    )


CAUSES = (port_exhaustion, descriptor_limit)
