"""Rules sorted by what most of them name, so that a question meets only those it may be about."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from portview.firewall.windows.programs import base_name, path_reader
from portview.firewall.windows.rule import WindowsRule, is_dormant, read_rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from portview.firewall.windows.fit import Traffic
    from portview.firewall.windows.policy import StoredRule

_PROGRAM = re.compile(r"\|app=([^|]*)\|")
_MOST_PORTS = 16


class RuleIndex:
    """The inbound rules that are switched on. Any thread.

    To read a rule takes far longer than to see which file name its program has, so rules are read
    when the first question may be about them.
    """

    def __init__(self, rules: Iterable[StoredRule], variables: Mapping[str, str]) -> None:
        """Sort the rules in; ``variables`` are environment variables by name in lower case."""
        self._normal = path_reader(variables)
        self._unread: defaultdict[str, list[StoredRule]] = defaultdict(list)
        for rule in rules:
            text = rule.text.lower()
            if not is_dormant(text):
                self._unread[_file_name(text)].append(rule)
        self._by_file: dict[str, tuple[WindowsRule, ...]] = {}
        self._by_port: dict[int | None, list[WindowsRule]] | None = None

    def about(self, traffic: Traffic) -> Iterator[WindowsRule]:
        """Return every rule that may be about some traffic, and some others, in any order."""
        name = base_name(traffic.program) if traffic.program is not None else "~"
        names = self._unread if "~" in name else (name,)
        by_file = chain.from_iterable(self._of_file(name) for name in names if name)
        by_port = self._without_file()
        return chain(by_file, by_port.get(traffic.question.port, ()), by_port.get(None, ()))

    def _of_file(self, name: str) -> tuple[WindowsRule, ...]:
        # Two threads may both read the rules of a name, and get the same.
        found = self._by_file.get(name)
        if found is None:
            found = self._by_file[name] = tuple(self._read(self._unread.get(name, ())))
        return found

    def _without_file(self) -> dict[int | None, list[WindowsRule]]:
        """Return the rules that name no program for certain, by port where they name a few."""
        if self._by_port is None:
            by_port: defaultdict[int | None, list[WindowsRule]] = defaultdict(list)
            for rule in self._read(self._unread.get("", ())):
                ports = rule.local_ports and rule.local_ports.single_ports
                few = set(ports) if ports and len(ports) <= _MOST_PORTS else {None}
                for port in few:
                    by_port[port].append(rule)
            self._by_port = dict(by_port)
        return self._by_port

    def _read(self, rules: Iterable[StoredRule]) -> Iterator[WindowsRule]:
        return (read_rule(rule, self._normal) for rule in rules)


def _file_name(text: str) -> str:
    """Return the file name of the program that a rule in lower case names, empty if unsure."""
    found = _PROGRAM.findall(text)
    if len(found) != 1:
        return ""
    name = base_name(found[0].replace("/", "\\").strip().strip('"'))
    # A variable may hold anything, the name of the file included.
    # An 8.3 name stands for another one.
    return "" if "%" in name or "~" in name else name
