"""Verdicts against a second, plain reading of the rules, connection by connection.

A world settles everything that a question leaves open: who the client is, and what nobody can read
in advance. A verdict of allowed or blocked must come true in every world.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

import pytest

from portview.domain.firewall import FirewallQuestion, FirewallVerdict
from portview.firewall.windows.policy import Store, StoredRule
from portview.firewall.windows.surroundings import Profile
from tests.windows_rules import (
    ACTIONS,
    MOSTLY_ON,
    PROTOCOLS,
    QUESTIONS,
    SERVER,
    SOME_OTHERS,
    SOME_PORTS,
    SOME_PROFILES,
    SOME_PROGRAMS,
    SOME_REMOTES,
    STORES,
    SVCHOST,
    firewall,
    rule_text,
)

REMOTES = [
    *("10.1.2.3", "10.9.9.9", "203.0.113.7", "198.51.100.1"),
    *("fe80::9", "2001:db8::9", "9000::1"),
]
LOCALS = ["192.0.2.5", "192.0.2.6", "fd00::5"]
LIMITED = {
    "10.0.0.0/255.0.0.0": "10.0.0.0/8",
    "10.1.0.0-10.1.255.255": "10.1.0.0/16",
    "0.0.0.0-127.255.255.255": "0.0.0.0/1",
    "128.0.0.0-255.255.255.255": "128.0.0.0/1",
}
CHANCES = [
    *("rpc", "user", "novelty", "variable", "service", "package", "whatever", "subnet"),
    "intranet",
]
NUMBERS = {"6": "tcp", "17": "udp"}
PROGRAMS = {
    r"%ProgramFiles%\Acme\server.exe": SERVER,
    "System": "System",
    r"C:\Windows\System32\svchost.exe": SVCHOST,
}


@dataclass(frozen=True)
class World:
    """One connection and the machine that it meets; ``chances`` settle what can't be read."""

    remote: str
    local: str
    source_port: int
    interface: str
    is_secure: bool
    program: str
    chances: frozenset[str]


def a_world(chance: Random, question: FirewallQuestion) -> World:
    local = question.local_address
    bound = ip_address(local) if local and local != "::" else None
    remotes = [question.remote] if question.remote else REMOTES
    if bound is not None and not question.remote:
        remotes = [one for one in remotes if ip_address(one).version == bound.version]
    remote = chance.choice(remotes)
    alike = [one for one in LOCALS if ip_address(one).version == ip_address(remote).version]
    is_fixed = bound is not None and not bound.is_unspecified
    return World(
        remote,
        str(bound) if is_fixed else chance.choice(alike),
        chance.choice([53, 50123]),
        chance.choice(["Lan", "Wireless"]),
        chance.random() < 0.5,
        question.program or chance.choice([SERVER, SVCHOST, "System"]),
        frozenset(word for word in CHANCES if chance.random() < 0.5),
    )


def a_rule(chance: Random, number: int) -> StoredRule:
    """Return a rule that names a few things; one that names many is about nothing in particular."""
    groups = [PROTOCOLS, SOME_PROFILES, SOME_PORTS, SOME_REMOTES, SOME_PROGRAMS]
    groups += [SOME_OTHERS, SOME_OTHERS]
    named = chance.sample(groups, chance.choice([0, 1, 1, 1, 2]))
    fields = [field for some in named for field in chance.choice(some)]
    text = rule_text(chance.choice(ACTIONS), *fields, active=chance.choice(MOSTLY_ON))
    return StoredRule(chance.choice([Store.LOCAL, *STORES]), str(number), text)


def a_policy(chance: Random) -> dict[str, dict[str, dict[str, int]]]:
    names = ["enablefirewall", "donotallowexceptions", "defaultinboundaction"]
    keys = ["domainprofile", "standardprofile", "publicprofile"]
    local = {
        key: {name: chance.randrange(2) for name in names if chance.random() < 0.1} for key in keys
    }
    merge = {"allowlocalpolicymerge": chance.randrange(2)}
    policy = {key: merge for key in ("domainprofile", "privateprofile") if chance.random() < 0.2}
    return {"local": local, "policy": policy}


def meets(text: str, question: FirewallQuestion, world: World) -> bool:
    """Tell whether a rule is about the connection, as a plain reading of its fields says."""
    named: dict[str, list[bool]] = {}
    for key, value in (part.split("=", 1) for part in text.split("|")[1:-1]):
        verdicts = (
            read(key, value, question, world)
            for read in (of_server, of_client, of_what_nobody_tells)
        )
        for verdict in verdicts:
            if verdict is not None:
                # Values of one key, and all that name remote addresses, are alternatives.
                group = "RA" if key.startswith("RA") else key.removesuffix("2_10")
                named.setdefault(group, []).append(verdict)
    is_bypass = "|Action=ByPass|" in text
    return all(map(any, named.values())) and (world.is_secure or not is_bypass)


def of_server(key: str, value: str, question: FirewallQuestion, world: World) -> bool | None:
    match key:
        case "Protocol":
            return NUMBERS[value] == question.protocol
        case "LPort" if value == "RPC":
            return "rpc" in world.chances
        case "LPort" | "LPort2_10":
            first, _, last = value.partition("-")
            return int(first) <= question.port <= int(last or first)
        case "App" if value.startswith("%Unknown%"):
            return "variable" in world.chances and world.program == SERVER
        case "App":
            return PROGRAMS[value] == world.program
    return None


def of_client(key: str, value: str, question: FirewallQuestion, world: World) -> bool | None:
    if key.startswith("RA"):
        return is_from(key, value, world)
    seen = {"RPort": str(world.source_port), "LA4": world.local, "IFType": world.interface}
    if key in seen:
        return value == seen[key]
    return {"Security": world.is_secure, "TTK2_22": False}.get(key)


def of_what_nobody_tells(
    key: str, value: str, question: FirewallQuestion, world: World
) -> bool | None:
    match key:
        case "Svc" if question.services:
            return value in question.services
        case "AppPkgId" if question.package:
            return value == question.package
        case "AppPkgId":
            return question.program is None and "package" in world.chances
    words = {"Svc": "service", "LUOwn": "user", "Novelty": "novelty"}
    return words[key] in world.chances if key in words else None


def is_from(key: str, value: str, world: World) -> bool:
    remote = ip_address(world.remote)
    if remote.version != int(key[2]):
        return False
    if value == "LocalSubnet":
        return "subnet" in world.chances or remote.is_link_local
    if value == "IntrAnet":
        return "intranet" in world.chances
    return remote in ip_network(LIMITED.get(value, value))


def passes(rules: list[StoredRule], state: Any, question: FirewallQuestion, world: World) -> bool:
    """Tell what becomes of the connection in one profile, rule by rule."""

    def counts(rule: StoredRule) -> bool:
        fields = rule.text.split("|")
        profiles = [part for part in fields if part.startswith("Profile=")]
        return (
            "Active=TRUE" in fields
            and (not profiles or f"Profile={state.name.capitalize()}" in profiles)
            and (state.counts_local_rules or rule.store is not Store.LOCAL)
            and meets(rule.text, question, world)
        )

    def actions(some: list[StoredRule]) -> set[str]:
        whatever = "Allow" if "whatever" in world.chances else "Block"
        return {
            rule.text.split("|")[1].removeprefix("Action=").replace("Whatever", whatever)
            for rule in some
        }

    met = [rule for rule in rules if counts(rule)]
    restricting = actions([rule for rule in met if rule.store.is_hardening])
    if "Block" in restricting and "Allow" not in restricting:
        return False
    if not state.is_on or state.blocks_all_inbound:
        return not state.is_on
    found = actions([rule for rule in met if not rule.store.is_hardening])
    for action in ("ByPass", "Block", "Allow"):
        if action in found:
            return action != "Block"
    return bool(state.inbound_default == "allow")


@pytest.mark.parametrize("seed", range(8))
def test_a_clear_verdict_comes_true_in_every_world(seed: int) -> None:
    chance = Random(seed)
    clear: Counter[FirewallVerdict] = Counter()
    for _ in range(250):
        stored = [a_rule(chance, number) for number in range(chance.randrange(6))]
        active = [profile for profile in Profile if chance.random() < 0.5]
        question = FirewallQuestion(**{key: chance.choice(QUESTIONS[key]) for key in QUESTIONS})
        rules = firewall(*stored, active=active, **a_policy(chance))
        answer = rules.decide(question)
        clear[answer.verdict] += 1
        if answer.verdict not in {FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED}:
            continue
        if not can_meet(question):
            continue
        for state in (one for one in rules.status.profiles if one.name in answer.profiles):
            for _ in range(25):
                world = a_world(chance, question)
                is_allowed = answer.verdict is FirewallVerdict.ALLOWED
                assert passes(stored, state, question, world) == is_allowed, (
                    f"{answer.reason}\n{question}\n{world}\n{state}\n{stored}"
                )
    # Else the test would tell nothing.
    assert all(clear[verdict] >= 10 for verdict in FirewallVerdict)


def can_meet(question: FirewallQuestion) -> bool:
    """Tell whether client and server are of one family; else no rule is asked."""
    remote, local = question.remote, question.local_address
    if remote is None or local in {None, "::"}:
        return True
    return ip_address(remote).version == ip_address(local).version
