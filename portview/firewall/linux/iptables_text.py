"""Rules as ``iptables-save`` writes them, put into the expressions of nftables. Pure.

nft's JSON gives only the names of iptables' extensions, so that the same rules are read once more
from here. What of a rule is not understood becomes an unknown match or end, never nothing.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from portview.firewall.linux.iptables_matches import (
    MATCHES,
    WHOLE_MATCHES,
    Option,
    compared,
    prefix,
    readable,
)
from portview.firewall.linux.iptables_targets import TARGETS
from portview.firewall.linux.ruleset import Chain, ChainKey, Rule, Ruleset
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from portview.firewall.linux.ruleset import Expression

# Where the kernel runs the built-in chains (linux/netfilter_ipv4.h).
_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
LEGACY = " (legacy)"
"""What is put after the name of a table that iptables keeps in the kernel without nftables."""

_HOOKS = {
    "PREROUTING": "prerouting",
    "INPUT": "input",
    "FORWARD": "forward",
    "OUTPUT": "output",
    "POSTROUTING": "postrouting",
}
_SHORT = {
    "-p": "--protocol",
    "-s": "--source",
    "-d": "--destination",
    "-i": "--in-interface",
    "-o": "--out-interface",
    "-f": "--fragment",
    "-j": "--jump",
    "-g": "--goto",
    "-m": "--match",
}
_COUNTERS = re.compile(r"^\[\d+:\d+\] ")


@dataclass(frozen=True, slots=True)
class SavedTable:
    """A table of ``iptables-save``: the policy of each chain, and the lines of its rules."""

    name: str
    policies: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[str]] = field(default_factory=dict)


def parse_save(text: str) -> dict[str, SavedTable]:
    """Read the output of ``iptables-save`` or ``ip6tables-save`` into its tables by name."""
    tables: dict[str, SavedTable] = {}
    table: SavedTable | None = None
    for raw in text.splitlines():
        line = _COUNTERS.sub("", raw.strip())
        if line.startswith("*"):
            table = tables.setdefault(line[1:], SavedTable(line[1:]))
        elif table is None:
            continue
        elif line.startswith(":"):
            name, policy = [*line[1:].split(), "-"][:2]
            table.policies[name] = policy
        elif line.startswith("-A ") and len(parts := line.split(None, 2)) > 1:
            table.lines.setdefault(parts[1], []).append(line)
    return tables


def legacy_ruleset(tables: dict[str, SavedTable], family: str) -> Ruleset:
    """Return the tables that iptables itself keeps in the kernel (legacy) as a ruleset."""
    chains: dict[ChainKey, Chain] = {}
    for table in tables.values():
        for name in {**table.policies, **table.lines}:
            key = ChainKey(family, f"{table.name}{LEGACY}", name)
            rules = tuple(
                Rule(key, place, tuple(expressions_of(line, table, family)), line, comment_of(line))
                for place, line in enumerate(table.lines.get(name, ()), start=1)
            )
            policy = table.policies.get(name, "-")
            hook = _HOOKS.get(name) if policy != "-" else None
            priority = _PRIORITIES.get(table.name, 0)
            kind = "nat" if table.name == "nat" else "filter"
            chains[key] = Chain(key, rules, hook, priority, policy.lower(), kind)
    # nftables' own count of changes says nothing of these.
    return Ruleset(chains, changes_by_itself=bool(chains))


def with_saved(ruleset: Ruleset, tables: dict[str, SavedTable], family: str) -> Ruleset:
    """Return a ruleset with the rules of iptables as iptables itself writes them.

    A chain that has another number of rules there has been changed in between, or by nft: it is
    left as it is.
    """
    chains = dict(ruleset.chains)
    for key, chain in ruleset.chains.items():
        table = tables.get(key.table)
        lines = table.lines.get(key.name, []) if table and key.family == family else []
        if table and lines and len(lines) == len(chain.rules):
            rules = tuple(
                _reported_by(line, rule, table)
                for line, rule in zip(lines, chain.rules, strict=True)
            )
            chains[key] = replace(chain, rules=rules)
    return replace(ruleset, chains=chains)


def _reported_by(line: str, rule: Rule, table: SavedTable) -> Rule:
    comment = rule.comment or comment_of(line)
    has_unknown = any("xt" in expression for expression in rule.expressions)
    expressions = tuple(expressions_of(line, table, rule.chain.family))
    kept = expressions if has_unknown else rule.expressions
    return replace(rule, expressions=kept, text=line, comment=comment)


def comment_of(line: str) -> str:
    """Return the comment of a rule, empty where it has none."""
    return next(
        (" ".join(one.values) for one in _options(line) if one.name == "--comment"),
        "",
    )


def expressions_of(line: str, table: SavedTable, family: str) -> list[Expression]:
    """Return one ``-A`` line as expressions of nftables."""
    result: list[Expression] = []
    end: list[Expression] = []
    modules: list[tuple[str, list[Option]]] = []
    options = iter(list(_options(line)))
    for option in options:
        name, values = option.name, option.values
        if name == "--match":
            modules.append((values[0] if values else "", []))
        elif name in {"--jump", "--goto"}:
            rest = {one.name: one.values for one in options}
            end = _end(name, values[0] if values else "", rest, table)
        elif basic := _basic(option, family):
            result += basic
        elif modules:
            modules[-1][1].append(option)
        elif name != "--append":
            result.append(_unknown(name))
    for module, own in modules:
        result += _module(module, own, family)
    return [*result, *end]


def _basic(option: Option, family: str) -> list[Expression] | None:
    """Return what iptables itself matches; None where the option is an extension's."""
    value = option.values[0] if option.values else ""
    protocol = "ip" if family == "ip" else "ip6"
    match option.name:
        case "--protocol" if value in {"all", "0"}:
            return [{"counter": None}]
        case "--protocol":
            return [
                compared({"meta": {"key": "l4proto"}}, readable(value), is_turned=option.is_turned)
            ]
        case "--source" | "--destination":
            side = "saddr" if option.name == "--source" else "daddr"
            left = {"payload": {"protocol": protocol, "field": side}}
            return [compared(left, prefix(value), is_turned=option.is_turned)]
        case "--in-interface" | "--out-interface":
            key = "iifname" if option.name == "--in-interface" else "oifname"
            name = value[:-1] + "*" if value.endswith("+") else value
            return [compared({"meta": {"key": key}}, name, is_turned=option.is_turned)]
        case "--fragment":
            offset = {"&": [{"payload": {"protocol": "ip", "field": "frag-off"}}, 0x1FFF]}
            return [compared(offset, 0, is_turned=not option.is_turned)]
    return None


def _module(name: str, options: Sequence[Option], family: str) -> list[Expression]:
    reader = MATCHES.get(name)
    if whole := WHOLE_MATCHES.get(name):
        found = [whole(options)]
    else:
        found = [reader(option, family) for option in options] if reader else [None]
    known = [expressions for expressions in found if expressions is not None]
    if len(known) < len(found):
        return [_unknown(name)]
    return [expression for expressions in known for expression in expressions]


def _end(
    kind: str, name: str, options: dict[str, Sequence[str]], table: SavedTable
) -> list[Expression]:
    if name in table.policies:
        return [{"goto" if kind == "--goto" else "jump": {"target": name}}]
    reader = TARGETS.get(name)
    found = reader(options) if reader else None
    return [{"xt": {"type": "target", "name": name}}] if found is None else found


def _unknown(name: str) -> dict[str, Any]:
    return {"xt": {"type": "match", "name": name}}


def _options(line: str) -> Iterator[Option]:
    """Yield the options of a line; those of a target come after ``--jump``."""
    try:
        words = shlex.split(line)
    except ValueError:
        yield Option(_("an unreadable rule"))
        return
    found: list[tuple[str, bool, list[str]]] = []
    is_turned = False
    for word in words:
        if word == "!":
            is_turned = True
        elif not found or _is_option(word, found[-1][0], found[-1][2]):
            found.append(({**_SHORT, "-A": "--append"}.get(word, word), is_turned, []))
            is_turned = False
        else:
            found[-1][2].append(word)
    for name, was_turned, values in found:
        yield Option(name, values, was_turned)


def _is_option(word: str, before: str, values: Sequence[str]) -> bool:
    # A comment is free text and may look like an option.
    if before in {"--comment", "--log-prefix"} and not values:
        return False
    return word in _SHORT or word == "-A" or (word.startswith("--") and len(word) > 2)  # noqa: PLR2004
