"""Rulesets by chance: the verdict is what a plain interpreter finds for single packets."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.firewall import FirewallQuestion, FirewallVerdict
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.deciding import decide
from portview.firewall.linux.machine import Interface, Machine
from portview.firewall.linux.ruleset import Ruleset, parse_ruleset

MACHINE = Machine(
    (
        Interface("lo", ("127.0.0.1/8",)),
        Interface("eth0", ("198.51.100.1/24",)),
    )
)
CLIENTS = ("198.51.100.7", "198.51.100.8", "203.0.113.9")
NETWORKS = ("198.51.100.0/24", "198.51.100.8/32", "203.0.113.0/24", "0.0.0.0/0")
PORT = 8080


@dataclass(frozen=True)
class Condition:
    """What a rule asks: a source, a port, an interface, or something that nobody knows."""

    kind: str
    value: Any
    is_turned: bool = False

    def expression(self) -> dict[str, Any]:
        left: Any = {"meta": {"key": "cpu"}}
        right = self.value
        if self.kind == "source":
            left = {"payload": {"protocol": "ip", "field": "saddr"}}
            address, _, length = self.value.partition("/")
            right = {"prefix": {"addr": address, "len": int(length)}}
        elif self.kind == "port":
            left = {"payload": {"protocol": "tcp", "field": "dport"}}
            right = {"range": list(self.value)}
        elif self.kind == "interface":
            left = {"meta": {"key": "iifname"}}
        return {"match": {"op": "!=" if self.is_turned else "==", "left": left, "right": right}}

    def holds(self, client: str, guess: bool) -> bool:
        if self.kind == "unknown":
            return guess
        found = {
            "source": lambda: ip_address(client) in ip_network(self.value),
            "port": lambda: self.value[0] <= PORT <= self.value[1],
            "interface": lambda: self.value in {"eth0", "eth*"},
        }[self.kind]()
        return found != self.is_turned


@dataclass(frozen=True)
class RuleText:
    conditions: tuple[Condition, ...]
    verdict: str

    def expressions(self) -> list[dict[str, Any]]:
        kind, _, target = self.verdict.partition(" ")
        end = {kind: {"target": target} if target else None}
        return [*(one.expression() for one in self.conditions), end]


CONDITIONS = [
    *(Condition("source", one, turned) for one in NETWORKS for turned in (False, True)),
    *(Condition("port", one) for one in ((8080, 8080), (1, 100))),
    Condition("port", (8000, 9000), is_turned=True),
    *(Condition("interface", one) for one in ("eth0", "eth*", "lo")),
    Condition("interface", "eth1", is_turned=True),
    *[Condition("unknown", 1)] * 3,
]
SOME = [(), *((one,) for one in CONDITIONS), *itertools.combinations(CONDITIONS, 2)]
ENDS = ["accept", "drop", "reject", "return", "counter"]


def rules(targets: tuple[str, ...] = (), most: int = 4) -> st.SearchStrategy[list[RuleText]]:
    jumps = [f"{kind} {target}" for kind in ("jump", "goto") for target in targets]
    every = [RuleText(some, end) for some in SOME for end in (*ENDS, *jumps)]
    return st.lists(st.sampled_from(every), max_size=most)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, list[RuleText]]:
    """Two base chains and two others; a chain jumps only to later ones."""
    return {
        "first accept": draw(rules(("a", "b"))),
        "second drop" if draw(st.booleans()) else "second accept": draw(rules(("b",))),
        "a": draw(rules(("b",), most=3)),
        "b": draw(rules(most=3)),
    }


def ruleset_of(document: dict[str, list[RuleText]]) -> Ruleset:
    entries: list[dict[str, Any]] = []
    for place, (title, chain) in enumerate(document.items()):
        name, _, policy = title.partition(" ")
        base = {"type": "filter", "hook": "input", "prio": place, "policy": policy}
        where = {"family": "inet", "table": "t"}
        entries.append({"chain": {**where, "name": name, **(base if policy else {})}})
        for handle, rule in enumerate(chain):
            body = {"chain": name, "handle": handle, "expr": rule.expressions()}
            entries.append({"rule": {**where, **body}})
    return parse_ruleset(json.dumps({"nftables": entries}))


def is_let_in(
    document: dict[str, list[RuleText]], client: str, guesses: dict[Condition, bool]
) -> bool:
    """Follow one packet, rule by rule; a guess stands for each unknown condition by identity."""

    def run(name: str) -> str:
        for rule in document[name]:
            if not all(one.holds(client, guesses.get(id(one), False)) for one in rule.conditions):  # type: ignore[call-overload]
                continue
            kind, _, target = rule.verdict.partition(" ")
            if kind in {"accept", "drop", "reject"}:
                return kind
            if kind == "return":
                return ""
            if kind in {"jump", "goto"}:
                end = run(target)
                if end or kind == "goto":
                    return end
        return ""

    for title in document:
        _, _, policy = title.partition(" ")
        if policy and (run(title) or policy) != "accept":
            return False
    return True


def possible_ends(document: dict[str, list[RuleText]], client: str) -> set[bool]:
    unknown = [
        id(one)
        for chain in document.values()
        for rule in chain
        for one in rule.conditions
        if one.kind == "unknown"
    ]
    unknown = list(dict.fromkeys(unknown))[:10]
    return {
        is_let_in(document, client, dict(zip(unknown, guess, strict=True)))
        for guess in itertools.product([False, True], repeat=len(unknown))
    }


def fresh(document: dict[str, list[RuleText]]) -> dict[str, list[RuleText]]:
    """Return the document with every condition a thing of its own, to be guessed for itself."""
    return {
        title: [
            RuleText(
                tuple(Condition(one.kind, one.value, one.is_turned) for one in rule.conditions),
                rule.verdict,
            )
            for rule in chain
        ]
        for title, chain in document.items()
    }


def verdict_on(document: dict[str, list[RuleText]], client: str | None) -> FirewallVerdict:
    question = FirewallQuestion(Protocol.TCP, PORT, remote=client)
    return decide(question, ruleset_of(document), MACHINE).verdict


@given(documents().map(fresh), st.sampled_from(CLIENTS))
def test_the_verdict_on_one_client_is_what_can_happen(
    document: dict[str, list[RuleText]], client: str
) -> None:
    ends = possible_ends(document, client)
    verdict = verdict_on(document, client)
    if verdict is FirewallVerdict.ALLOWED:
        assert ends == {True}
    elif verdict is FirewallVerdict.BLOCKED:
        assert ends == {False}
    else:
        assert verdict is FirewallVerdict.UNKNOWN
        assert ends == {True, False}


@given(documents().map(fresh))
def test_the_verdict_on_any_client_is_that_on_each(document: dict[str, list[RuleText]]) -> None:
    whole = verdict_on(document, None)
    each = {verdict_on(document, client) for client in CLIENTS}
    if whole in {FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED}:
        assert each == {whole}
    elif whole is FirewallVerdict.PARTLY:
        assert FirewallVerdict.UNKNOWN not in each


@given(documents(), rules())
def test_what_comes_after_an_unconditional_drop_changes_nothing(
    document: dict[str, list[RuleText]], more: list[RuleText]
) -> None:
    name = "first accept"
    dropped = {**document, name: [*document[name], RuleText((), "drop")]}
    longer = {**dropped, name: [*dropped[name], *more]}
    assert verdict_on(longer, None) is verdict_on(dropped, None)


@given(documents(), st.sampled_from(SOME), st.sampled_from(CLIENTS))
def test_an_earlier_drop_never_opens_what_was_blocked(
    document: dict[str, list[RuleText]], conditions: tuple[Condition, ...], client: str
) -> None:
    name = "first accept"
    stricter = {**document, name: [RuleText(conditions, "drop"), *document[name]]}
    before, after = verdict_on(document, client), verdict_on(stricter, client)
    if before is FirewallVerdict.BLOCKED:
        assert after is FirewallVerdict.BLOCKED
    if not conditions:
        assert after is FirewallVerdict.BLOCKED


@given(documents())
def test_an_answer_says_which_rule_and_why(document: dict[str, list[RuleText]]) -> None:
    question = FirewallQuestion(Protocol.TCP, PORT)
    answer = decide(question, ruleset_of(document), MACHINE)
    assert answer.reason.endswith(".")
    if answer.verdict is FirewallVerdict.UNKNOWN:
        assert answer.rule is not None
    deciding = [match.rule for match in answer.matches if match.decides]
    if answer.rule is not None:
        assert answer.rule in deciding
    assert answer == decide(question, ruleset_of(document), MACHINE)
