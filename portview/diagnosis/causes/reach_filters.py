"""Something between other machines and the server: firewalls, and what can't be seen from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.diagnosis.causes.reaching import outside_addresses, outside_listeners, served
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
from portview.diagnosis.remedies import Remediation, RemediationKind
from portview.diagnosis.wording import client_words, listed
from portview.domain.firewall import FirewallVerdict
from portview.domain.plain_text import inert
from portview.i18n import _

if TYPE_CHECKING:
    from portview.diagnosis.facts import Facts
    from portview.domain.firewall import FirewallAnswer

_MOST = 4


def firewall_blocks(facts: Facts) -> Finding | None:
    """Detect that this machine's firewall keeps clients from the port."""
    if not outside_listeners(facts):
        return None
    if facts.firewall.problem is not None:
        return _unreadable(facts, facts.firewall.problem.reason)
    answers = facts.firewall.value or {}
    blocked = {
        address: one
        for address, one in answers.items()
        if one.verdict in {FirewallVerdict.BLOCKED, FirewallVerdict.PARTLY}
    }
    if not blocked:
        unknown = [one for one in answers.values() if one.verdict is FirewallVerdict.UNKNOWN]
        if unknown:
            return _unreadable(facts, unknown[0].reason)
        if not answers:
            return None
        return ruled_out(
            "firewall_blocks", Side.REACH, _("This machine's firewall lets clients in.")
        )
    return _blocked(facts, blocked, is_everything=len(blocked) == len(answers))


def _blocked(facts: Facts, blocked: dict[str, FirewallAnswer], *, is_everything: bool) -> Finding:
    first = next(iter(blocked.values()))
    is_blocked = first.verdict is FirewallVerdict.BLOCKED
    if is_everything:
        sentence = (
            _("This machine's firewall blocks {clients} to {port}: {reason}")
            if is_blocked
            else _("This machine's firewall lets only some {clients} to {port}: {reason}")
        )
    else:
        sentence = (
            _("This machine's firewall blocks {clients} to {port} at {addresses}: {reason}")
            if is_blocked
            else _(
                "This machine's firewall lets only some {clients} to {port} at {addresses}: "
                "{reason}"
            )
        )
    command = (
        *(*facts.me.own_command, "firewall", "allow"),
        *(str(facts.port), "--proto", facts.protocol.value),
    )
    return Finding(
        "firewall_blocks",
        Side.REACH,
        Certainty.PROVED,
        sentence.format(
            clients=client_words(facts.protocol),
            port=facts.question.name,
            addresses=listed(blocked),
            reason=inert(first.reason, 400),
        ),
        tuple(
            Evidence(
                _("Firewall at {address}").format(address=address),
                inert(one.rule.text if one.rule else one.reason, 200),
                facts.firewall.source,
            )
            for address, one in list(blocked.items())[:_MOST]
        ),
        (
            Fix(
                _("Allow the port in the firewall."),
                command,
                needs_admin=True,
                harm=Harm.LITTLE,
                harm_words=_("The machines that the rule names can then reach the program."),
                undo=_("PortView removes the rule again: portview firewall revoke."),
                remediation=Remediation(
                    RemediationKind.ALLOW_IN_FIREWALL, facts.port, facts.protocol
                ),
            ),
        ),
    )


def _unreadable(facts: Facts, reason: str) -> Finding:
    return cannot_tell(
        "firewall_blocks",
        Side.REACH,
        _(
            "Whether this machine's firewall lets clients to {port} can't be determined: {reason}"
        ).format(port=facts.question.name, reason=inert(reason, 300)),
        _("Administrator rights, where the rules could not be read."),
    )


def outside_not_provable(facts: Facts) -> Finding | None:
    """Detect that what lies between this machine and another one can't be seen from here."""
    reachable = [one.address for one in outside_addresses(facts) if served(facts, one.address)]
    if not reachable:
        return None
    target = f"{_host(reachable[0])}:{facts.port}"
    command = _("portview probe {protocol} {target}").format(
        protocol=facts.protocol.value, target=target
    )  # untranslated: a command
    return cannot_tell(
        "outside_not_provable",
        Side.REACH,
        _(
            "Routers, other firewalls and Wi-Fi isolation between this machine and a client can't "
            "be seen from here."
        ),
        _("A test from the other machine: {command}").format(command=command),
    )


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


CAUSES = (firewall_blocks, outside_not_provable)
