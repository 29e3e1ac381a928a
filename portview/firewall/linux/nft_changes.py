"""Changes of nftables as argument lists: for nft, or for iptables in its own tables. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from portview.domain.firewall import RuleEffect
from portview.firewall.linux.iptables_text import LEGACY
from portview.firewall.linux.placing import OWN_TABLE, Placement, chain_takes_both, try_out
from portview.firewall.linux.ruleset import BUILT_IN_CHAINS, ChainKey
from portview.firewall.tag import find_tag
from portview.i18n import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from portview.domain.firewall import RuleSpec
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.ruleset import Rule, Ruleset
    from portview.firewall.linux.scope import Scope

Command = tuple[str, ...]

_LIVE_ONLY = N_(
    "The rule lasts until this machine restarts or its rules are loaded again; to keep it, it has "
    "to be written into the file that they are loaded from."
)


class Changes(NamedTuple):
    """Commands in order, why they may not help, and what is good to know: that they don't last."""

    commands: tuple[Command, ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_rule(
    rule_spec: RuleSpec, scope: Scope, tag: str, ruleset: Ruleset, machine: Machine
) -> Changes:
    """Return the commands that make a rule take effect, wherever others would decide."""
    trial = try_out(rule_spec, scope, ruleset, machine)
    commands: list[Command] = []
    for placement in trial.placements:
        if placement.is_new_chain:
            commands += _new_chain(placement)
        if is_of_iptables(placement.chain.key, ruleset):
            commands += _by_iptables(placement, rule_spec, scope, tag)
        else:
            commands.append(_by_nft(placement, rule_spec, scope, tag))
    planned = changes(commands, rule_spec, trial.obstacle, lasts_until_restart=bool(commands))
    others = sorted({one.port for one in trial.placements if one.port} - {rule_spec.port})
    if not others:
        return planned
    note = _("The rule is for port {port}, to which another rule sends packets for port {called}.")
    reported = note.format(port=", ".join(map(str, others)), called=rule_spec.port)
    return planned._replace(notes=(*planned.notes, reported))


def changes(
    commands: Iterable[Command], rule_spec: RuleSpec, obstacle: str, *, lasts_until_restart: bool
) -> Changes:
    """Return commands with why they may not help, and with the note that they don't last."""
    warnings: tuple[str, ...] = ()
    if obstacle:
        is_allow = rule_spec.effect is RuleEffect.ALLOW
        sentence = (
            _("Even then the firewall would not allow all of these clients: {obstacle}.")
            if is_allow
            else _("Even then the firewall would not block all of these clients: {obstacle}.")
        )
        warnings = (sentence.format(obstacle=obstacle),)
    return Changes(tuple(commands), warnings, (_(_LIVE_ONLY),) if lasts_until_restart else ())


def plan_removal(rules: Sequence[Rule], ruleset: Ruleset) -> tuple[Command, ...]:
    """Return the commands that remove rules, and PortView's own table with its last one."""
    commands: list[Command] = []
    # From the end of each chain, because a number counts the rules before it.
    for rule in reversed(rules):
        family, table, chain = rule.chain
        if table.endswith(LEGACY):
            tool = "iptables-legacy" if family == "ip" else "ip6tables-legacy"
            own_table = ("-t", table.removesuffix(LEGACY))
            commands.append((tool, "-w", *own_table, "-D", chain, str(rule.handle)))
        else:
            commands.append(
                ("nft", "delete", "rule", family, table, chain, "handle", str(rule.handle))
            )
    own = [rule for rule in ruleset.rules() if rule.chain.table == OWN_TABLE]
    if own and set(own) <= set(rules):
        commands.append(("nft", "delete", "table", "inet", OWN_TABLE))
    return tuple(commands)


def tagged_rules(ruleset: Ruleset) -> Iterator[tuple[str, Rule]]:
    """Yield the rules that PortView made, each with its id."""
    for rule in ruleset.rules():
        tag = find_tag(rule.comment)
        if tag:
            yield tag.id, rule


def is_of_iptables(key: ChainKey, ruleset: Ruleset) -> bool:
    """Return whether iptables made a chain's table, and expects to be the one that changes it."""
    if key.family not in {"ip", "ip6"}:
        return False
    return any(
        (chain := ruleset.chains.get(key._replace(name=name))) is not None and chain.hook
        for name in BUILT_IN_CHAINS
    )


def _new_chain(placement: Placement) -> list[Command]:
    chain = placement.chain
    body = _("{{ type filter hook {hook} priority {priority} ; policy accept ; }}").format(
        hook=chain.hook, priority=chain.priority
    )
    return [
        ("nft", "add", "table", chain.key.family, chain.key.table),
        ("nft", "add", "chain", *chain.key, body),
    ]


def _by_nft(placement: Placement, rule_spec: RuleSpec, scope: Scope, tag: str) -> Command:
    before = placement.before
    where: Command = ("add", "rule", *placement.chain.key)
    if before is not None:
        where = ("insert", "rule", *placement.chain.key, "handle", str(before.handle))
    match: list[str] = []
    client, port = placement.sides
    if placement.chain.key.table == OWN_TABLE:
        match += ["iifname", "!=", '"lo"']
        if placement.chain.hook == "prerouting":
            match += ["fib", "daddr", "type", "local"]
    if version := placement.version:
        family = "ip" if version == 4 else "ip6"  # noqa: PLR2004 - IP version
        if networks := scope.sources_named(version):
            match += [family, client, "{", ", ".join(networks), "}"]
        elif chain_takes_both(placement):
            match += ["meta", "nfproto", f"ipv{version}"]
    verdict = "accept" if rule_spec.effect is RuleEffect.ALLOW else "drop"
    match += [rule_spec.protocol.value, port, str(placement.port or rule_spec.port), verdict]
    return ("nft", *where, *match, "comment", f'"{tag}"')


def _by_iptables(
    placement: Placement, rule_spec: RuleSpec, scope: Scope, tag: str
) -> list[Command]:
    family, table, chain = placement.chain.key
    is_v4 = family == "ip"
    tool = "iptables" if is_v4 else "ip6tables"
    tool += "-legacy" if table.endswith(LEGACY) else "-nft"
    where: Command = ("-A", chain)
    if placement.before is not None:
        where = ("-I", chain, str(placement.place + 1))
    networks = scope.sources_named(4 if is_v4 else 6)
    client, side = ("-d", "--sport") if placement.is_answer else ("-s", "--dport")
    source: Command = (client, ",".join(networks)) if networks else ()
    port = ("-p", rule_spec.protocol.value, *source, side, str(placement.port or rule_spec.port))
    verdict = "ACCEPT" if rule_spec.effect is RuleEffect.ALLOW else "DROP"
    comment = ("-m", "comment", "--comment", tag)
    own_table = ("-t", table.removesuffix(LEGACY))
    return [(tool, "-w", *own_table, *where, *port, *comment, "-j", verdict)]
