"""The rules of nftables as ``nft -j list ruleset`` reports them (libnftables-json(5)). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from portview.firewall.linux.asking import asked_by, limits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Expression = dict[str, Any]

BUILT_IN_CHAINS = frozenset({"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"})
"""The base chains of iptables."""

_DORMANT = "dormant"
_KNOWN_FLAGS = frozenset({_DORMANT, "owner", "persist"})
"""Flags of tables (nft(8), TABLES): one puts it to sleep, the others say who may remove it."""

_CHANGING_STATEMENTS = ("set", "map", "meter")
# NF_IP_PRI_NAT_DST and _SRC: the kernel runs chains of type nat there, whatever they ask for.
_NAT_PRIORITIES = {"prerouting": -100, "output": -100, "input": 100, "postrouting": 100}


def table_name(key: ChainKey) -> str:
    """Return the table of a chain as nft writes it."""
    return f"{key.family} {key.table}"


class ChainKey(NamedTuple):
    """What names a chain, or a set: its family, its table and its name."""

    family: str
    table: str
    name: str

    def __str__(self) -> str:
        """Return the name as nft writes it."""
        return f"{self.family} {self.table} {self.name}"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule of a chain. ``text`` is how the system's own tool writes it."""

    chain: ChainKey
    handle: int
    expressions: tuple[Expression, ...]
    text: str = ""
    comment: str = ""

    @property
    def id(self) -> str:
        """Return what finds the rule again: family, table, chain and handle."""
        return f"{self.chain} {self.handle}"


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A chain; one with a ``hook`` is where packets come in (a base chain).

    ``devices`` are the interfaces of a chain on the ingress hook, empty for all.
    """

    key: ChainKey
    rules: tuple[Rule, ...] = ()
    hook: str | None = None
    priority: int = 0
    policy: str = "accept"
    kind: str = "filter"
    devices: frozenset[str] = frozenset()

    @property
    def effective_priority(self) -> int:
        """Return the place in its hook, where chains of type nat have one of their own."""
        if self.kind == "nat":
            return _NAT_PRIORITIES.get(self.hook or "", self.priority)
        return self.priority


@dataclass(frozen=True, slots=True, eq=False)
class NamedSet:
    """A named set or map and what is in it. ``changes`` where rules add to it by themselves."""

    key: ChainKey
    elements: tuple[Any, ...]
    changes: bool = False


@dataclass(frozen=True, eq=False)
class Ruleset:
    """All tables of the kernel at one moment.

    ``changes_by_itself`` where elements time out, traffic adds some, or tables are among them of
    whose changes nftables does not say. ``table_flags`` are the flags of each table that has some
    ("inet filter": "dormant").
    """

    chains: Mapping[ChainKey, Chain] = field(default_factory=dict)
    sets: Mapping[ChainKey, NamedSet] = field(default_factory=dict)
    changes_by_itself: bool = False
    table_flags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unions: dict[tuple[ChainKey, str, int], Any] = field(default_factory=dict, init=False)
    """Large sets as numbers, kept from one question to the next."""

    @cached_property
    def rule_count(self) -> int:
        """Return how many rules there are in all."""
        return sum(len(chain.rules) for chain in self.chains.values())

    @cached_property
    def base_chains(self) -> tuple[Chain, ...]:
        """Return the chains that packets come in through, in the order in which they run."""
        based = [chain for chain in self.chains.values() if chain.hook and not self._sleeps(chain)]
        return tuple(sorted(based, key=lambda one: (one.effective_priority, one.priority)))

    @cached_property
    def odd_tables(self) -> Mapping[str, str]:
        """Return the flags of tables that PortView does not know, by table."""
        odd = {table: flags - _KNOWN_FLAGS for table, flags in self.table_flags.items()}
        return {table: ", ".join(sorted(flags)) for table, flags in odd.items() if flags}

    @cached_property
    def asks(self) -> frozenset[str]:
        """Return what rules ask of this machine and of packets that only some rules do.

        "flags" (of TCP), "time", "listeners" (whether any listens, and whose they are), and
        "connections".
        """
        found: set[str] = set()
        for rule in self.rules():
            for expression in rule.expressions:
                found |= asked_by(expression)
        return frozenset(found)

    @cached_property
    def limits(self) -> frozenset[int]:
        """Return the limits on open connections that rules set."""
        found: set[int] = set()
        for rule in self.rules():
            for expression in rule.expressions:
                found |= limits_of(expression)
        return frozenset(found)

    def _sleeps(self, chain: Chain) -> bool:
        """Return whether the kernel leaves a chain out, with its whole table."""
        return _DORMANT in self.table_flags.get(table_name(chain.key), ())

    @cached_property
    def order(self) -> Mapping[Rule, int]:
        """Return the place of every rule on the way that packets take."""
        places: dict[Rule, int] = {}
        hooks = ("ingress", "prerouting", "input", "forward", "output", "postrouting", "egress")
        for hook in hooks:
            for base in self.base_chains:
                if base.hook == hook:
                    self._number(base, places, set())
        return places

    def _number(self, chain: Chain, places: dict[Rule, int], seen: set[ChainKey]) -> None:
        if chain.key in seen:
            return
        seen.add(chain.key)
        for rule in chain.rules:
            places.setdefault(rule, len(places))
            for target in targets_of(rule):
                if next_chain := self.chains.get(chain.key._replace(name=target)):
                    self._number(next_chain, places, seen)

    def rules(self) -> Iterator[Rule]:
        """Yield every rule."""
        for chain in self.chains.values():
            yield from chain.rules

    def with_texts(self, texts: Mapping[tuple[ChainKey, int], str]) -> Ruleset:
        """Return the same rules with the words that nft has for them."""

        def worded(rule: Rule) -> Rule:
            return replace(rule, text=texts.get((rule.chain, rule.handle), rule.text))

        return self.with_rules(worded)

    def with_rules(self, change: Any) -> Ruleset:
        """Return the ruleset with every rule replaced by what ``change`` makes of it."""
        chains = {
            key: replace(chain, rules=tuple(map(change, chain.rules)))
            for key, chain in self.chains.items()
        }
        return replace(self, chains=chains)

    def with_flags(self, flags: Mapping[str, frozenset[str]]) -> Ruleset:
        """Return the same rules with the flags of their tables."""
        return replace(self, table_flags=flags)

    def with_devices(self, devices: Mapping[ChainKey, frozenset[str]]) -> Ruleset:
        """Return the same rules, their chains bound to these devices."""
        chains = {
            key: replace(chain, devices=chain.devices | devices.get(key, frozenset()))
            for key, chain in self.chains.items()
        }
        return replace(self, chains=chains)

    def joined_with(self, other: Ruleset) -> Ruleset:
        """Return the rules of both, for tables that the kernel keeps in another place."""
        changes = self.changes_by_itself or other.changes_by_itself
        return replace(
            self,
            chains={**self.chains, **other.chains},
            sets={**self.sets, **other.sets},
            changes_by_itself=changes,
        )


_DEEPEST = 100
"""Levels of lists and objects; expressions of real rules have some ten."""


def _refuse_deep(document: object) -> None:
    """Raise ValueError for a document that is nested deeper than any rule: reading it recurses."""
    level: list[object] = [document]
    for _depth in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError("nft's answer is nested too deeply")


def parse_ruleset(text: str) -> Ruleset:
    """Read nft's JSON. Raises ValueError for what is not such a document."""
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise ValueError("nft's answer is nested too deeply") from error
    _refuse_deep(document)
    entries = document.get("nftables") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("nft's answer holds no list of tables")  # noqa: TRY004 - text, not type
    chains: dict[ChainKey, Chain] = {}
    sets: dict[ChainKey, NamedSet] = {}
    rules: dict[ChainKey, list[Rule]] = {}
    changes_by_itself = False
    flags: dict[str, frozenset[str]] = {}
    limits = _named_limits(entries)
    for entry in entries:
        kind, value = next(iter(entry.items()))
        if kind == "table" and value.get("flags"):
            flags[f"{value['family']} {value['name']}"] = frozenset(_listed(value["flags"]))
        elif kind == "chain":
            chain = _chain(value)
            chains[chain.key] = chain
        elif kind in {"set", "map"}:
            named = NamedSet(_key(value, "name"), tuple(value.get("elem", ())))
            sets[named.key] = named
            changes_by_itself |= bool({"timeout", "dynamic"} & set(_listed(value.get("flags"))))
        elif kind == "rule":
            rule = _rule(value, limits)
            rules.setdefault(rule.chain, []).append(rule)
    for key in _changing(rule for several in rules.values() for rule in several):
        if key in sets:
            sets[key] = replace(sets[key], changes=True)
            changes_by_itself = True
    filled = {key: replace(chain, rules=tuple(rules.get(key, ()))) for key, chain in chains.items()}
    return Ruleset(filled, sets, changes_by_itself, flags)


def targets_of(rule: Rule) -> Iterator[str]:
    """Yield the chains that a rule itself names as jumps; those in named maps are not followed."""
    for expression in rule.expressions:
        for kind in ("jump", "goto"):
            if isinstance(value := expression.get(kind), dict):
                yield str(value.get("target"))
        data = (expression.get("vmap") or {}).get("data")
        for element in data.get("set", ()) if isinstance(data, dict) else ():
            verdict = element[1] if isinstance(element, list) and len(element) > 1 else None
            for value in verdict.values() if isinstance(verdict, dict) else ():
                if isinstance(value, dict):
                    yield str(value.get("target"))


def _chain(value: Mapping[str, Any]) -> Chain:
    return Chain(
        _key(value, "name"),
        hook=value.get("hook"),
        priority=int(value.get("prio", 0)),
        policy=str(value.get("policy", "accept")),
        kind=str(value.get("type", "filter")),
        devices=frozenset(_listed(value.get("dev"))),
    )


def _named_limits(entries: Iterable[Any]) -> dict[ChainKey, Any]:
    """Return the limits that have a name, for rules that name them."""
    named = [entry["limit"] for entry in entries if isinstance(entry.get("limit"), dict)]
    return {_key(value, "name"): value for value in named}


def _rule(value: Mapping[str, Any], limits: Mapping[ChainKey, Any]) -> Rule:
    def resolved(expression: Expression) -> Expression:
        name = expression.get("limit")
        if not isinstance(name, str):
            return expression
        limit = limits.get(_key(value, "table")._replace(name=name))
        return expression if limit is None else {"limit": limit}

    listed = tuple(resolved(one) for one in value.get("expr", ()) if isinstance(one, dict) and one)
    return Rule(
        _key(value, "chain"),
        int(value.get("handle", 0)),
        in_cheap_order(listed),
        text=rough_text(listed),
        comment=str(value.get("comment", "")),
    )


def in_cheap_order(expressions: Iterable[Expression]) -> tuple[Expression, ...]:
    """Return the same conditions, those that distinguish most packets for little before others.

    Matches have no effects of their own, so that their order among themselves does not count.
    """
    result: list[Expression] = []
    run: list[Expression] = []
    for expression in expressions:
        if "match" in expression:
            run.append(expression)
            continue
        result += sorted(run, key=_cost)
        run.clear()
        result.append(expression)
    return (*result, *sorted(run, key=_cost))


def _cost(expression: Expression) -> int:
    left = expression["match"].get("left") if isinstance(expression["match"], dict) else None
    if not isinstance(left, dict):
        return 3
    payload = left.get("payload")
    if isinstance(payload, dict):
        return 1 if payload.get("field") in {"saddr", "daddr"} else 0
    return 0 if {"meta", "ct", "fib"} & set(left) else 2


def rough_text(expressions: Iterable[Expression]) -> str:
    """Return a rule as compact JSON, for where the system gives no better words."""
    return ", ".join(json.dumps(one, separators=(",", ":")) for one in expressions)


def _key(value: Mapping[str, Any], name: str) -> ChainKey:
    return ChainKey(str(value["family"]), str(value["table"]), str(value[name]))


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _changing(rules: Iterable[Rule]) -> Iterator[ChainKey]:
    for rule in rules:
        for expression in rule.expressions:
            for kind in _CHANGING_STATEMENTS:
                body = expression.get(kind)
                name = (body.get(kind) or body.get("name")) if isinstance(body, dict) else None
                if isinstance(name, str):
                    yield rule.chain._replace(name=name.lstrip("@"))
