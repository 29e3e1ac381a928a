"""Rights: privileged ports, SELinux, sandboxes and filters that refuse a bind."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind
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
from portview.diagnosis.wording import bind_evidence, error_name
from portview.domain.facts import Known
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts

_EACCES, _EPERM, _WSAEACCES = 13, 1, 10013
_USUAL_FLOOR = 1024


def privileged_port(facts: Facts) -> Finding | None:
    """Detect that the port is below the floor of what every user may bind (Unix)."""
    if facts.platform == "win32":
        return None
    floor = facts.privileged_floor.value
    if floor is None:
        if facts.privileged_floor.problem is None and facts.platform == "linux":
            return None
        floor = _USUAL_FLOOR
    if facts.port >= floor:
        return ruled_out(
            "privileged_port",
            Side.BIND,
            _("Every user may take ports from {floor} on.").format(floor=floor),
        )
    is_denied = any(one.code == _EACCES for one in facts.refused)
    may = facts.may_bind_privileged.value
    if not is_denied:
        return ruled_out(
            "privileged_port",
            Side.BIND,
            _("Ports below {floor} need a privilege, which you have now.").format(floor=floor),
        )
    if may:
        return None  # EACCES in spite of the privilege: a policy, which has its own cause
    return Finding(
        "privileged_port",
        Side.BIND,
        Certainty.PROVED if may is False else Certainty.LIKELY,
        _(
            "Ports below {floor} are for administrators, and {port} is one: a program of yours is "
            "refused."
        ).format(floor=floor, port=facts.question.name),
        (
            Evidence(
                "net.ipv4.ip_unprivileged_port_start", str(floor), facts.privileged_floor.source
            ),
            Evidence("CAP_NET_BIND_SERVICE", _("not held"), facts.may_bind_privileged.source),
            *bind_evidence(facts),
        ),
        _privilege_fixes(facts, floor),
    )


def _privilege_fixes(facts: Facts, floor: int) -> tuple[Fix, ...]:
    return (
        *use_another_port(facts),
        Fix(
            _("Give the one program the right: CAP_NET_BIND_SERVICE on its file."),
            ("setcap", "cap_net_bind_service=+ep", "/path/to/program"),
            needs_admin=True,
            harm=Harm.LITTLE,
            harm_words=_("Everyone who runs that program can take every privileged port with it."),
            undo="setcap -r /path/to/program",
        ),
        Fix(
            _(
                "Have systemd open the port and hand it over (a socket unit), or grant the service "
                "AmbientCapabilities=CAP_NET_BIND_SERVICE."
            ),
            harm=Harm.LITTLE,
        ),
        change_setting(
            facts,
            _("Lower the floor to {port}.").format(port=facts.port),
            SettingChange(SettingKind.ALLOW_FROM, str(facts.port)),
            harm=Harm.SHARED,
            harm_words=_("Every user of this machine may then take ports from {port} on.").format(
                port=facts.port
            ),
            undo=SettingChange(SettingKind.ALLOW_FROM, str(floor)),
        ),
    )


def selinux(facts: Facts) -> Finding | None:
    """Detect that SELinux allows each confined program its own ports only (name_bind)."""
    enforcing = facts.selinux_enforcing
    if facts.platform != "linux":
        return None
    if enforcing.problem is not None:
        return cannot_tell(
            "selinux",
            Side.BIND,
            _("Whether SELinux enforces a policy can't be read."),
            _("Rights to read /sys/fs/selinux."),
        )
    if not enforcing.value:
        return None
    if not _is_denied_without_reason(facts):
        return None
    return Finding(
        "selinux",
        Side.BIND,
        Certainty.LIKELY,
        _(
            "SELinux most likely refuses {port}: it enforces "
            "a policy, and nothing else explains it."
        ).format(port=facts.question.name),
        (Evidence("SELinux", _("enforcing"), enforcing.source), *bind_evidence(facts)),
        (
            *use_another_port(facts),
            Fix(
                _("Allow the port to web servers (or name another type)."),
                *(
                    (
                        *("semanage", "port", "-a", "-t", "http_port_t", "-p"),
                        *(facts.protocol.value, str(facts.port)),
                    ),
                ),
                needs_admin=True,
                harm=Harm.LITTLE,
                harm_words=_("Programs of that type may take the port."),
                undo=shlex.join(
                    ("semanage", "port", "-d", "-p", facts.protocol.value, str(facts.port))
                ),
            ),
        ),
    )


def packet_filter(facts: Facts) -> Finding | None:
    """Detect that a filter or sandbox refuses binds, maybe those of other ports as well."""
    codes = [one.code for one in facts.refused if one.code in {_EACCES, _EPERM, _WSAEACCES}]
    if not codes:
        return ruled_out(
            "packet_filter",
            Side.BIND,
            _("It is not the firewall: a firewall never refuses a bind."),
        )
    if not _is_denied_without_reason(facts) or facts.selinux_enforcing.value:
        return None
    control = facts.control_code
    evidence = list(bind_evidence(facts))
    if isinstance(control.fact, Known):
        evidence.append(
            Evidence(_("Some other ports"), error_name(control.fact.value), control.source)
        )
        sentence = (
            _(
                "Every port is refused to this program, not only {port}: a filter of security or "
                "VPN software (WFP, LSP) stands in the way."
            )
            if facts.platform == "win32"
            else _(
                "Every port is refused to this program, not only {port}: a sandbox does (seccomp, "
                "Landlock, or systemd's SocketBindDeny)."
            )
        )
        certainty = Certainty.PROVED
    else:
        sentence = (
            _("A filter of security software most likely refuses {port}.")
            if facts.platform == "win32"
            else _(
                "A security policy most likely refuses {port}: a sandbox (Landlock, systemd's "
                "SocketBindDeny) or AppArmor."
            )
        )
        certainty = Certainty.LIKELY
    return Finding(
        "packet_filter",
        Side.BIND,
        certainty,
        sentence.format(port=facts.question.name),
        tuple(evidence),
        (
            Fix(_("Run the program outside of the sandbox, or change its policy.")),
            *use_another_port(facts),
        ),
    )


def _is_denied_without_reason(facts: Facts) -> bool:
    """Return whether access is denied and neither a floor nor an excluded range explains it."""
    if not any(one.code in {_EACCES, _EPERM, _WSAEACCES} for one in facts.refused):
        return False
    floor = facts.privileged_floor.value
    is_privileged = floor is not None and facts.port < floor and not facts.may_bind_privileged.value
    ranges = facts.ranges.value
    exclusion = ranges.exclusion_of(facts.port) if ranges else None
    is_excluded = facts.platform == "win32" and (ranges is None or exclusion is not None)
    return not is_privileged and not is_excluded and not facts.in_the_way()


CAUSES = (privileged_port, selinux, packet_filter)
