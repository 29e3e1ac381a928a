"""Rules sorted by what most of them name, so that a question meets only those it may be about."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from portview.firewall.windows.programs import is_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from portview.firewall.windows.fit import Traffic
    from portview.firewall.windows.rule import WindowsRule

_MOST_PORTS = 16


class RuleIndex:
    """The inbound rules that are switched on. Immutable; any thread."""

    def __init__(self, rules: Iterable[WindowsRule]) -> None:
        """Sort the rules in."""
        self._by_program: defaultdict[str, list[WindowsRule]] = defaultdict(list)
        self._by_port: defaultdict[int, list[WindowsRule]] = defaultdict(list)
        self._others: list[WindowsRule] = []
        for rule in rules:
            if rule.is_enabled and rule.is_inbound is not False:
                self._put(rule)

    def about(self, traffic: Traffic) -> Iterator[WindowsRule]:
        """Return every rule that may be about some traffic, and few others, in any order."""
        by_program = (
            chain.from_iterable(self._by_program.values())
            if traffic.program is None
            else self._by_program.get(traffic.program, ())
        )
        return chain(by_program, self._by_port.get(traffic.question.port, ()), self._others)

    def _put(self, rule: WindowsRule) -> None:
        ports = rule.local_ports and rule.local_ports.single_ports
        if rule.path and not is_open(rule.path):
            self._by_program[rule.path].append(rule)
        elif ports and len(ports) <= _MOST_PORTS:
            for port in set(ports):
                self._by_port[port].append(rule)
        else:
            self._others.append(rule)
