"""A program has the port: listeners of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.causes.holding import of_code
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
from portview.diagnosis.fixes import (
    end_process,
    free_the_port,
    use_another_port,
    where_its_port_stands,
)
from portview.diagnosis.wording import (
    address_words,
    bind_evidence,
    describe_owner,
    describe_process,
    place_words,
    socket_evidence,
)
from portview.domain.facts import Known
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import Protocol
from portview.i18n import _, join_list, ngettext, without_full_stop

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts, PortSocket


def listener(facts: Facts) -> Finding | None:
    """Detect that a program listens at the address, or at one that includes it."""
    if facts.sockets.problem is not None:
        return _unreadable(facts)
    found = of_code(facts, "listener")
    if not found:
        return _nobody_listens(facts)
    count = len({info.key for one in found for info in one.owners[:1]})
    if facts.protocol is Protocol.UDP:
        sentence = ngettext(
            "{owner} receives datagrams on {port} at {places}.",
            "{owner} receive datagrams on {port} at {places}.",
            count or 1,
        )
    else:
        sentence = ngettext(
            "{owner} listens on {port} at {places}.",
            "{owner} listen on {port} at {places}.",
            count or 1,
        )
    return Finding(
        "listener",
        Side.BIND,
        Certainty.PROVED,
        _filled(sentence, found, facts),
        (*socket_evidence(facts, found), *_options(found), *bind_evidence(facts)),
        (*use_another_port(facts), *_where(found), free_the_port(facts, found)),
    )


def _nobody_listens(facts: Facts) -> Finding | None:
    elsewhere = [one for one in facts.listeners if one not in facts.in_the_way()]
    if elsewhere and not facts.refused:
        return ruled_out(
            "listener",
            Side.BIND,
            _("{owner} listens at {places}, which leaves the address free.").format(
                owner=describe_owner(elsewhere), places=place_words(elsewhere, facts.port)
            ),
        )
    if facts.listeners:
        return None
    return ruled_out(
        "listener",
        Side.BIND,
        _("No program listens on {port}.").format(port=facts.question.name),
    )


def dual_stack(facts: Facts) -> Finding | None:
    """Detect that a program listens at "::" and takes IPv4 with it."""
    found = of_code(facts, "dual_stack")
    if not found:
        return None
    return Finding(
        "dual_stack",
        Side.BIND,
        Certainty.PROVED,
        _filled(
            _(
                "{owner} listens on {port} at {places}, for IPv6 and IPv4 alike: its socket has "
                "IPV6_V6ONLY off, so IPv4 is taken as well."
            ),
            found,
            facts,
        ),
        (
            *socket_evidence(facts, found),
            Evidence("IPV6_V6ONLY", _("off"), facts.sockets.source),
            *bind_evidence(facts),
        ),
        (
            *use_another_port(facts),
            *_where(found),
            Fix(
                _("Have that server listen on IPv6 alone (IPV6_V6ONLY; nginx: ipv6only=on)."),
                harm=Harm.LITTLE,
                harm_words=_("Its IPv4 clients are no longer served."),
                undo=_("Restore the setting."),
            ),
            free_the_port(facts, found),
        ),
    )


def other_user(facts: Facts) -> Finding | None:
    """Detect that the holder belongs to another account, and its process is hidden."""
    found = of_code(facts, "other_user")
    if not found:
        return None
    who = next((one.user for one in found if one.user), None)
    if who:
        sentence = _(
            "A program of the account {user} has {port} at {places}; which one it is, only an "
            "administrator can see."
        ).format(
            user=inert(who, 80), port=facts.question.name, places=place_words(found, facts.port)
        )
    else:
        sentence = _(
            "A program of another account has {port}; which one it is, only an administrator can "
            "see."
        ).format(port=facts.question.name)
    return Finding(
        "other_user",
        Side.BIND,
        Certainty.PROVED if all(one.is_mine is False for one in found) else Certainty.LIKELY,
        sentence,
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (*use_another_port(facts), free_the_port(facts, found, is_admin=True)),
    )


def dead_owner(facts: Facts) -> Finding | None:
    """Detect that the process that opened the socket has ended, and a child keeps it open."""
    found = of_code(facts, "dead_owner")
    if not found:
        return None
    heirs = {info.key: info for one in found for info in one.heirs}
    names = join_list(describe_process(info) for info in heirs.values())
    sentence = _(
        "The process that opened {port} (PID {pid}) has ended, but its socket is still open."
    )
    if names:
        sentence = _(
            "The process that opened {port} (PID {pid}) has ended; most likely {heirs} inherited "
            "the socket and keeps it open."
        )
    return Finding(
        "dead_owner",
        Side.BIND,
        Certainty.PROVED,
        sentence.format(port=facts.question.name, pid=found[0].pid, heirs=names),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (
            *use_another_port(facts),
            *(end_process(facts, info) for info in heirs.values()),
            Fix(
                _("Sign out and in again, which ends everything that was started."),
                harm=Harm.SHARED,
                harm_words=_("All your programs end."),
            ),
        ),
    )


def kernel_socket(facts: Facts) -> Finding | None:
    """Detect that the system's kernel has the port; no process does."""
    found = of_code(facts, "kernel_socket")
    if not found:
        return None
    is_windows = facts.platform == "win32"
    user = inert(found[0].kernel_user, 80)
    if is_windows:
        sentence = _(
            "The Windows kernel (PID 4) has {port} at {places}: a driver, like file sharing."
        )
    elif user:
        sentence = _("The Linux kernel itself has {port} at {places}, for its {user}.")
    else:
        sentence = _(
            "The Linux kernel itself has {port} at {places}: a module such as NFS, WireGuard or "
            "VXLAN. No process holds it."
        )
    show = ("netsh", "http", "show", "servicestate") if is_windows else ("ip", "-d", "link", "show")
    return Finding(
        "kernel_socket",
        Side.BIND,
        Certainty.PROVED if user or is_windows else Certainty.LIKELY,
        sentence.format(port=facts.question.name, places=place_words(found, facts.port), user=user),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (
            *use_another_port(facts),
            Fix(
                _("See which part of the system it belongs to, and stop that."),
                show,
                harm=Harm.NONE,
            ),
        ),
    )


def socket_unit(facts: Facts) -> Finding | None:
    """Detect that PID 1 listens for a service that it starts with the first client."""
    found = of_code(facts, "socket_unit")
    if not found:
        return None
    units = [
        unit for one in found for owner in facts.owner_facts(one) if (unit := owner.socket_unit)
    ]
    unit = units[0] if units else None
    sentence = (
        _(
            "systemd (PID 1) listens on {port} for the socket "
            "unit {unit}; stopping the service alone "
            "does not free the port."
        )
        if unit
        else _(
            "PID 1 listens on {port} for a socket unit; "
            "stopping the service alone does not free the "
            "port."
        )
    )
    stop = Fix(
        _("Stop the socket unit."),
        ("systemctl", "disable", "--now", unit) if unit else ("systemctl", "list-sockets", "--all"),
        needs_admin=unit is not None,
        harm=Harm.SHARED if unit else Harm.NONE,
        harm_words=_("The service is no longer started on demand."),
        # untranslated: a command
        undo=f"systemctl enable --now {unit}" if unit else "",
    )
    return Finding(
        "socket_unit",
        Side.BIND,
        Certainty.PROVED,
        sentence.format(port=facts.question.name, unit=inert(unit or "", 120)),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (*use_another_port(facts), stop),
    )


def reuse_port_group(facts: Facts) -> Finding | None:
    """Detect that several sockets share the address, which each of them has to allow."""
    found = of_code(facts, "reuse_port_group")
    if not found:
        return None
    if facts.protocol is Protocol.UDP:
        sentence = _(
            "{port} at {places} is shared by {owner}. A program that sets SO_REUSEADDR or "
            "SO_REUSEPORT as they do can join; any other is refused."
        )
    else:
        sentence = _(
            "Several sockets share {port} at {places} (SO_REUSEPORT), of {owner}. A program that "
            "does not set the same option, or runs as another account, is refused."
        )
    return Finding(
        "reuse_port_group",
        Side.BIND,
        Certainty.PROVED,
        _filled(sentence, found, facts),
        (*socket_evidence(facts, found), *_options(found), *bind_evidence(facts)),
        (
            *use_another_port(facts),
            Fix(
                _("Set SO_REUSEPORT in your server as well, and run it as the same account."),
                harm=Harm.LITTLE,
                harm_words=_("Clients are spread over all of them."),
            ),
            free_the_port(facts, found),
        ),
    )


def wildcard_and_specific(facts: Facts) -> Finding | None:
    """Detect that Windows let two programs listen, one of them at a single address."""
    found = of_code(facts, "wildcard_and_specific")
    if not found:
        return None
    return Finding(
        "wildcard_and_specific",
        Side.BIND,
        Certainty.PROVED,
        _filled(
            _(
                "{owner} listen on {port} side by side, at {places}: Windows lets one program "
                "have all addresses and another a single one, without an error for either."
            ),
            found,
            facts,
        ),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (*use_another_port(facts), free_the_port(facts, found)),
    )


def exclusive(facts: Facts) -> Finding | None:
    """Detect that the holder asked Windows to have the port for itself (SO_EXCLUSIVEADDRUSE)."""
    found = of_code(facts, "exclusive")
    if not found:
        return None
    return Finding(
        "exclusive",
        Side.BIND,
        Certainty.LIKELY,
        _filled(
            _("{owner} has {port} at {places} for itself (SO_EXCLUSIVEADDRUSE)."), found, facts
        ),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (*use_another_port(facts), *_where(found), free_the_port(facts, found)),
    )


def _filled(sentence: str, found: tuple[PortSocket, ...], facts: Facts) -> str:
    return sentence.format(
        owner=describe_owner(found),
        port=facts.question.name,
        places=place_words(found, facts.port),
    )


def _where(found: tuple[PortSocket, ...]) -> tuple[Fix, ...]:
    """Return where the holder's own port is set, for programs that are known."""
    for one in found:
        for info in one.owners:
            if where := where_its_port_stands(info):
                name = inert(info.name or "", 40)
                return (
                    Fix(
                        _("Give {program} another port: {where}.").format(
                            program=name, where=where
                        ),
                        harm=Harm.LITTLE,
                        harm_words=_("Its clients have to use the other port."),
                        undo=_("Restore the setting."),
                    ),
                )
    return ()


def _options(found: tuple[PortSocket, ...]) -> tuple[Evidence, ...]:
    lines = []
    for one in found:
        if isinstance(one.options, Known):
            options = one.options.value
            value = join_list(
                (
                    _("SO_REUSEADDR {reuses_address}").format(
                        reuses_address=int(options.reuses_address)
                    ),  # untranslated: names of options
                    _("SO_REUSEPORT {reuses_port}").format(
                        reuses_port=int(options.reuses_port)
                    ),  # untranslated: likewise
                )
            )
            name = _("Options at {address}").format(address=address_words(one.address))
            lines.append(Evidence(name, value, "pidfd_getfd"))
    return tuple(lines[:2])


def _unreadable(facts: Facts) -> Finding:
    problem = facts.sockets.problem
    reason = problem.reason if problem else ""
    return cannot_tell(
        "listener",
        Side.BIND,
        _("The table of sockets can't be read: {reason}.").format(reason=without_full_stop(reason)),
        _("Rights to read the table of sockets."),
    )


CAUSES = (
    listener,
    dual_stack,
    other_user,
    dead_owner,
    kernel_socket,
    socket_unit,
    reuse_port_group,
    wildcard_and_specific,
    exclusive,
)
