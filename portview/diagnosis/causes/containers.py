"""Containers, the Windows Subsystem for Linux and forwards that hold a port for somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.actions.specs.setting import SettingChange, SettingKind
from portview.diagnosis.causes.holding import of_code
from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Harm, Side
from portview.diagnosis.fixes import change_setting, use_another_port
from portview.diagnosis.wording import bind_evidence, describe_owner, place_words, socket_evidence
from portview.domain.facts import known_or
from portview.domain.owners.container_owners import Runtime, container_relay
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.domain.port_proxy import PortProxyRule

_REFUSED = frozenset({13, 10013, 48, 98, 10048})


def docker(facts: Facts) -> Finding | None:
    """Detect that a container publishes the port."""
    found = of_code(facts, "docker")
    if not found:
        return None
    relays = [
        relay
        for one in found
        for info in one.owners
        if (relay := container_relay(info)) is not None
    ]
    names = [one.container for one in relays if one.container]
    names += [
        owner.container for one in found for owner in facts.owner_facts(one) if owner.container
    ]
    targets = [one.target for one in relays if one.target]
    is_podman = any(one.runtime is Runtime.PODMAN for one in relays)
    tool = "podman" if is_podman else "docker"
    evidence = [*socket_evidence(facts, found)]
    if targets:
        evidence.append(Evidence(_("Forwarded to"), inert(targets[0], 80), facts.sockets.source))
    name = inert(names[0], 80) if names else ""
    if name:
        sentence = _("The container {name} publishes {port} at {places}.")
        stop: tuple[str, ...] = (tool, "stop", name)
    else:
        sentence = _("{owner} holds {port} at {places} for a container that publishes it.")
        stop = (tool, "ps", "--filter", f"publish={facts.port}")
    return Finding(
        "docker",
        Side.BIND,
        Certainty.PROVED,
        sentence.format(
            name=name,
            owner=describe_owner(found),
            port=facts.question.name,
            places=place_words(found, facts.port),
        ),
        (*evidence, *bind_evidence(facts)),
        (
            *use_another_port(facts),
            Fix(
                _("Stop the container {name}.").format(name=name)
                if name
                else _("Find the container that publishes the port, and stop it."),
                stop,
                needs_admin=False,
                harm=Harm.SHARED if name else Harm.NONE,
                harm_words=_("What runs in the container ends.") if name else "",
                undo=_("{tool} start {name}").format(tool=tool, name=name) if name else "",
            ),
        ),
    )


def wsl_relay(facts: Facts) -> Finding | None:
    """Detect that Windows hands the port to a program in the Windows Subsystem for Linux."""
    found = of_code(facts, "wsl_relay")
    if not found:
        return None
    return Finding(
        "wsl_relay",
        Side.BIND,
        Certainty.PROVED,
        _(
            "{owner} holds {port} for a program in the "
            "Windows Subsystem for Linux, or is left over "
            "from one that has ended."
        ).format(owner=describe_owner(found), port=facts.question.name),
        (*socket_evidence(facts, found), *bind_evidence(facts)),
        (
            *use_another_port(facts),
            Fix(
                _("See which program in there listens, and stop it."),
                ("wsl", "-e", "ss", "-ltnp", "sport", "=", f":{facts.port}"),
            ),
            Fix(
                _("End the subsystem, where the relay is left over."),
                ("wsl", "--shutdown"),
                needs_admin=False,
                harm=Harm.SHARED,
                harm_words=_("Every distribution and what runs in it ends."),
                undo=_("Start the distribution again."),
            ),
        ),
    )


def wsl_mirrored(facts: Facts) -> Finding | None:
    """Detect that a program inside WSL has the port (mirrored networking)."""
    mode = facts.wsl_mode.value
    if facts.platform != "win32" or mode != "mirrored" or facts.known_sockets:
        return None
    if not any(one.code in _REFUSED for one in facts.refused):
        return None
    ranges = facts.ranges.value
    if ranges is None or ranges.exclusion_of(facts.port):
        return None
    return Finding(
        "wsl_mirrored",
        Side.BIND,
        Certainty.LIKELY,
        _(
            "The Windows Subsystem for Linux uses mirrored networking, and no Windows program has "
            "{port}: most likely a program in there has it."
        ).format(port=facts.question.name),
        (
            Evidence("networkingMode", mode, facts.wsl_mode.source),
            *bind_evidence(facts),
        ),
        (
            *use_another_port(facts),
            Fix(
                _("See which program in there listens, and stop it."),
                ("wsl", "-e", "ss", "-ltnp", "sport", "=", f":{facts.port}"),
            ),
        ),
    )


def port_proxy(facts: Facts) -> Finding | None:
    """Detect that a forward of Windows' IP Helper holds the port."""
    rules = tuple(
        one for one in known_or(facts.port_proxies.fact, ()) if one.listen_port == facts.port
    )
    found = of_code(facts, "port_proxy")
    if not rules or not found:
        return None
    return Finding(
        "port_proxy",
        Side.BIND,
        Certainty.PROVED,
        _(
            "A port proxy of Windows (netsh interface portproxy) forwards {port} to {target}."
        ).format(
            port=facts.question.name,
            target=inert(f"{rules[0].connect_address}:{rules[0].connect_port}", 120),
        ),
        (
            *(_rule_evidence(one, facts) for one in rules),
            *socket_evidence(facts, found),
            *bind_evidence(facts),
        ),
        (*use_another_port(facts), *(_removal(one, facts) for one in rules)),
    )


def _rule_evidence(rule: PortProxyRule, facts: Facts) -> Evidence:
    value = (
        f"{rule.kind} {rule.listen_address}:{rule.listen_port} -> "
        f"{rule.connect_address}:{rule.connect_port}"
    )
    return Evidence(_("Port proxy"), inert(value, 160), facts.port_proxies.source)


def _removal(rule: PortProxyRule, facts: Facts) -> Fix:
    target = f"{rule.connect_address}/{rule.connect_port}"
    value = f"{rule.kind} {rule.listen_address}/{rule.listen_port} {target}"
    return change_setting(
        facts,
        _("Remove the port proxy to {target}.").format(
            target=inert(f"{rule.connect_address}:{rule.connect_port}", 120)
        ),
        SettingChange(SettingKind.REMOVE_FORWARD, value),
        harm=Harm.SHARED,
        harm_words=_(
            "What the forward leads to, such as a virtual machine, can no longer be "
            "reached through it."
        ),
        undo=SettingChange(SettingKind.RESTORE_FORWARD, value),
    )


CAUSES = (docker, wsl_relay, wsl_mirrored, port_proxy)
