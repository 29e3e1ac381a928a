"""A firewall that says what a test wants, when it wants, and counts how often it is asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.destination import Destination
from portview.domain.facts import Known
from portview.domain.firewall import (
    FirewallAnswer,
    FirewallRule,
    FirewallStatus,
    FirewallVerdict,
    RuleEffect,
    RuleFit,
    RuleMatch,
)

if TYPE_CHECKING:
    from portview.domain.destination import ClientOrigin
    from portview.domain.errors import PortViewError
    from portview.domain.facts import Fact
    from portview.domain.firewall import FirewallQuestion, ManagedRule
    from portview.domain.sockets.socket_row import Protocol
    from portview.firewall.drop_log.packet import DroppedPacket

ON = FirewallStatus("nftables", is_on=True, summary="nftables keeps the rules.", rule_count=3)


def rule(
    name: str, effect: RuleEffect = RuleEffect.ALLOW, text: str = "as written"
) -> FirewallRule:
    return FirewallRule(
        f"id of {name[:9]}", name, effect, "chain inet filter input", text, ("TCP",)
    )


def answer(
    verdict: FirewallVerdict, *rules: FirewallRule, reason: str = "Because.", next_step: str = ""
) -> FirewallAnswer:
    """Return an answer in which the last rule decides."""
    matches = tuple(RuleMatch(one, RuleFit.FULL, decides=one is rules[-1]) for one in rules)
    return FirewallAnswer(verdict, reason, rules[-1] if rules else None, matches, (), next_step)


ALLOWED = answer(FirewallVerdict.ALLOWED)
BLOCKED = answer(FirewallVerdict.BLOCKED)


@dataclass(frozen=True)
class Readings:
    """One reading of it."""

    firewall: CountedFirewall
    generation: int
    status: FirewallStatus
    managed_rules: tuple[ManagedRule, ...]

    def destinations(
        self, question: FirewallQuestion, origin: ClientOrigin
    ) -> Fact[tuple[Destination, ...]]:
        return Known((Destination(origin, question.port),))

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        return self.firewall.decide(question)


class CountedFirewall:
    """Answers by port; a real one can neither be made to wait nor to fail."""

    def __init__(self) -> None:
        self.status = ON
        self.generation = 1
        self.managed_rules: tuple[ManagedRule, ...] = ()
        self.answers: dict[int, FirewallAnswer] = {}
        self.otherwise = ALLOWED
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.reads = 0
        self.most_at_once = 0
        self.asked: list[FirewallQuestion] = []
        self.threads: set[int] = set()
        self.is_closed = False
        self.drops: list[DroppedPacket] = []
        self.drops_error: PortViewError | None = None
        self.drops_asked: list[int] = []
        self._at_once = 0

    def read(self) -> Readings:
        self.threads.add(threading.get_ident())
        self.reads += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            assert self.gate.wait(30)
            return Readings(self, self.generation, self.status, self.managed_rules)
        finally:
            self._at_once -= 1

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        if self.error:
            raise self.error
        self.threads.add(threading.get_ident())
        self.asked.append(question)
        return self.answers.get(question.port, self.otherwise)

    def read_drops(
        self, status: FirewallStatus, port: int, protocol: Protocol
    ) -> tuple[DroppedPacket, ...]:
        self.drops_asked.append(port)
        if self.drops_error:
            raise self.drops_error
        return tuple(drop for drop in self.drops if drop.port == port)

    def close(self) -> None:
        self.is_closed = True
