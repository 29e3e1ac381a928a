"""Reading 1,000 rules of Windows' firewall and asking them about a port."""

from __future__ import annotations

import random
import sys
import time
from contextlib import contextmanager
from statistics import median
from typing import TYPE_CHECKING, Any

from portview.domain.firewall import FirewallQuestion
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.windows.backend import WindowsFirewall
from portview.firewall.windows.policy import Policy, Store, StoredRule
from portview.firewall.windows.programs import path_reader
from portview.firewall.windows.registry import LOCAL_KEY, STORE_KEYS
from portview.firewall.windows.rule import read_rule
from portview.firewall.windows.rules import WindowsRules
from portview.firewall.windows.surroundings import Profile, Surroundings
from tests.benchmarks.report import Report

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.options import Options
    from tests.benchmarks.report import Cell

NAME = "firewall"
IS_LONG = False

_COUNT = 1000
_BAR_MS = 50
_VARIABLES = {"systemroot": r"C:\Windows", "programfiles": r"C:\Program Files"}
_PORTS = 100


def run(options: Options) -> Report:
    """Read and ask in rounds: rules from memory everywhere, and from the registry on Windows."""
    rules = _made_up_rules()
    took: dict[str, list[float]] = {}
    for _ in range(options.rounds):
        _measure_memory(rules, took)
    notes = [
        f"{_COUNT} made-up rules, a third of them on and inbound; {options.rounds} rounds.",
        f"The bar is {_BAR_MS} ms for reading the registry and asking about a port.",
    ]
    if sys.platform == "win32":
        with _in_registry(rules) as is_own:
            for _ in range(options.rounds):
                _measure_registry(took, is_own=is_own)
        notes.append("The registry held the made-up rules." if is_own else "It held its own rules.")
    else:
        notes.append("The registry is read on Windows and its bench only.")
    rows: list[tuple[Cell, ...]] = [
        (name, median(times), min(times), max(times)) for name, times in took.items()
    ]
    columns = ("what", "median ms", "min ms", "max ms")
    return Report("The rules of Windows' firewall", columns, tuple(rows), tuple(notes))


def _measure_memory(stored: tuple[StoredRule, ...], took: dict[str, list[float]]) -> None:
    normal = path_reader(_VARIABLES)
    _timed(took, "parse each rule", lambda: [read_rule(rule, normal) for rule in stored])
    around = Surroundings(frozenset({Profile.PRIVATE}), _VARIABLES, version=(10, 0))
    rules = _timed(took, "sort all in", lambda: WindowsRules(1, Policy(stored), around))
    _timed(took, "ask about one port, parsing what it needs", lambda: rules.decide(_question(8080)))
    ports = range(8000, 8000 + _PORTS)
    _timed(
        took,
        f"ask about {_PORTS} ports",
        lambda: [rules.decide(_question(port)) for port in ports],
    )
    unknown = FirewallQuestion(Protocol.TCP, 8080)
    _timed(took, "ask about a port of an unknown program", lambda: rules.decide(unknown))
    _timed(took, "ask about it again", lambda: rules.decide(unknown))


def _measure_registry(took: dict[str, list[float]], *, is_own: bool) -> None:
    firewall = WindowsFirewall()
    try:
        _timed(
            took,
            "registry: read all and ask about a port",
            lambda: firewall.read().decide(_question(8080)),
        )
        _timed(took, "registry: read again, nothing changed", firewall.read)
        if is_own:
            _write(StoredRule(Store.LOCAL, "changed", _rule_text(random.Random(), 7)))
            _timed(
                took,
                "registry: read again after a change and ask",
                lambda: firewall.read().decide(_question(8080)),
            )
    finally:
        firewall.close()


@contextmanager
def _in_registry(rules: tuple[StoredRule, ...]) -> Iterator[bool]:
    """Have the rules in the registry; no machine that has rules of its own is touched."""
    try:
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, LOCAL_KEY).Close()
    except FileNotFoundError:
        pass
    else:
        yield False
        return
    try:
        for rule in rules:
            _write(rule)
        yield True
    finally:
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, STORE_KEYS[Store.LOCAL])
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, LOCAL_KEY)


def _write(rule: StoredRule) -> None:
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, STORE_KEYS[rule.store]) as key:
        winreg.SetValueEx(key, rule.id, 0, winreg.REG_SZ, rule.text)


def _timed(took: dict[str, list[float]], name: str, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = work()
    took.setdefault(name, []).append((time.perf_counter() - started) * 1000)
    return result


def _question(port: int) -> FirewallQuestion:
    return FirewallQuestion(Protocol.TCP, port, program=_program(port % 300))


def _program(number: int) -> str:
    return rf"C:\Program Files\Product {number}\program{number}.exe"


def _made_up_rules() -> tuple[StoredRule, ...]:
    chance = random.Random(1)
    return tuple(
        StoredRule(Store.LOCAL, f"{{{number:08X}}}", _rule_text(chance, number))
        for number in range(_COUNT)
    )


def _rule_text(chance: random.Random, number: int) -> str:
    """Write a rule as installers, people and Windows itself do."""
    fields = [
        f"Action={chance.choice(['Allow', 'Allow', 'Allow', 'Block'])}",
        f"Active={chance.choice(['TRUE', 'TRUE', 'FALSE'])}",
        f"Dir={chance.choice(['In', 'Out'])}",
        f"Protocol={chance.choice([6, 17])}",
        *chance.choice([[], ["Profile=Private"], ["Profile=Domain", "Profile=Private"]]),
        *chance.choice([[], [f"LPort={chance.randrange(1, 65536)}"], ["LPort2_10=8000-8100"]]),
        *chance.choice([[], [], ["RA4=LocalSubnet", "RA6=LocalSubnet"], ["RA4=10.0.0.0/8"]]),
        rf"App=%ProgramFiles%\Product {number % 300}\program{number % 300}.exe",
        *chance.choice([[], [], [r"Svc=Service"]]),
        f"Name=Product {number}",
        f"Desc=Lets product {number} be reached from other machines",
        "EmbedCtxt=Products",
        *chance.choice([[], ["Edge=TRUE"], ["Defer=User"]]),
    ]
    return f"v2.31|{'|'.join(fields)}|"
