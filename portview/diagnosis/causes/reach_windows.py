"""What keeps clients from a server on Windows alone: app packages, virtual machines, forwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.finding import Certainty, Evidence, Finding, Fix, Harm, Side
from portview.diagnosis.wording import describe_owner, socket_evidence
from portview.domain.facts import known_or
from portview.domain.plain_text import inert
from portview.domain.sockets.socket_row import is_loopback
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.domain.port_proxy import PortProxyRule

_APP_FOLDER = "\\windowsapps\\"
_EXEMPTION_END = "CheckNetIsolation LoopbackExempt -d -n=PACKAGE-FAMILY"  # untranslated: a command
_WSL_CREATOR = "{40E0AC32-46A5-438A-A0B2-2B479E8F2E90}"
"""The VMCreatorId of WSL (Get-NetFirewallHyperVVMCreator)."""


def app_container(facts: Facts) -> Finding | None:
    """Detect that the server is an app package, which loopback may not reach."""
    if facts.platform != "win32":
        return None
    found = [
        one
        for one in facts.listeners
        if is_loopback(one.address)
        and any(_APP_FOLDER in (info.executable or "").lower() for info in one.owners)
    ]
    if not found:
        return None
    return Finding(
        "app_container",
        Side.REACH,
        Certainty.POSSIBLE,
        _(
            "{owner} is an app package. Windows keeps other programs from the loopback of such an "
            "app, unless it is exempted."
        ).format(owner=describe_owner(found)),
        socket_evidence(facts, found),
        (
            Fix(_("See which apps are exempted."), ("CheckNetIsolation", "LoopbackExempt", "-s")),
            Fix(
                _("Exempt the app."),
                ("CheckNetIsolation", "LoopbackExempt", "-a", "-n=PACKAGE-FAMILY"),
                needs_admin=True,
                harm=Harm.SHARED,
                harm_words=_("Every program of this machine can then call the app."),
                undo=_EXEMPTION_END,
            ),
        ),
    )


def hyper_v_firewall(facts: Facts) -> Finding | None:
    """Detect that a program inside WSL is behind the firewall of virtual machines."""
    error = facts.question.error
    is_asked = error is not None and error.is_about_connecting
    if facts.wsl_mode.value != "mirrored" or facts.listeners or not is_asked:
        return None
    return Finding(
        "hyper_v_firewall",
        Side.REACH,
        Certainty.POSSIBLE,
        _(
            "The Windows Subsystem for Linux uses mirrored networking: a server in there is behind "
            "the Hyper-V firewall, and rules of Windows Defender have no effect on it."
        ),
        (Evidence("networkingMode", "mirrored", facts.wsl_mode.source),),
        (
            Fix(
                _("See the rules of that firewall."),
                ("powershell", "Get-NetFirewallHyperVRule", "-VMCreatorId", _WSL_CREATOR),
            ),
        ),
    )


def idle_port_proxy(facts: Facts) -> Finding | None:
    """Detect that a port proxy is set, and nothing carries it out."""
    rules = [one for one in known_or(facts.port_proxies.fact, ()) if _is_for(one, facts)]
    if not rules or facts.listeners or facts.sockets.problem is not None:
        return None
    rule = rules[0]
    target = inert(f"{rule.connect_address}:{rule.connect_port}", 120)
    return Finding(
        "port_proxy",
        Side.REACH,
        Certainty.LIKELY,
        _(
            "A port proxy of Windows is set from {port} to {target}, but nothing listens for it: "
            "the service IP Helper (iphlpsvc) does not run, or could not take the port."
        ).format(port=facts.question.name, target=target),
        (Evidence(_("Port proxy"), target, facts.port_proxies.source),),
        (
            Fix(
                _("Start the service IP Helper."),
                (*facts.me.own_command, "service", "start", "iphlpsvc"),
                needs_admin=True,
                harm=Harm.LITTLE,
                undo=_("Stop the service again."),
            ),
        ),
    )


def _is_for(rule: PortProxyRule, facts: Facts) -> bool:
    return rule.listen_port == facts.port


CAUSES = (app_container, hyper_v_firewall, idle_port_proxy)
