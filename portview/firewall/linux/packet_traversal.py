"""The way of packets through all chains of the kernel, from the wire to the server. Pure.

An accept ends only the chain's own run: the next chain on the same hook still has its say, and a
drop anywhere is final (nft(8), VERDICT STATEMENT).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from portview.domain.firewall import FirewallVerdict, RuleEffect, RuleFit
from portview.firewall.linux.hooks import chains_on, unfollowed_rule
from portview.firewall.linux.machine import LOOPBACK
from portview.firewall.linux.matching import Matching
from portview.firewall.linux.readdressing import readdressed
from portview.firewall.linux.steps import (
    UNKNOWN_END,
    ApplyVerdict,
    Branch,
    Continue,
    Step,
    steps_of,
)
from portview.firewall.linux.traversal_result import (
    PacketFate,
    TooManyCasesError,
    TraversalResult,
    UndecidableRule,
    credited,
    ended,
    of_choice,
    of_parts,
    of_rate,
    sent_on,
)
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.packet import Packet
    from portview.firewall.linux.ruleset import Chain, Rule, Ruleset

    _Stack: TypeAlias = tuple[Chain, int, "_Stack"] | None  # where a jump returns to
    _Place: TypeAlias = tuple[Chain, int, _Stack]
    _Base: TypeAlias = tuple[str, int]  # a hook, and the place of the chain that runs there
    _Join: TypeAlias = Callable[[TraversalResult], TraversalResult]

_MOST_STEPS = 200_000
_DEEPEST = 80
_TRACKING, _NAT_OF_TARGET, _NAT_OF_SOURCE = -200, -100, 100
"""Where in their hooks connection tracking and NAT run (linux/netfilter_ipv4.h)."""
_FIRST_HOOKS, _LAST_HOOKS = frozenset({"prerouting", "output"}), frozenset({"input", "postrouting"})
_ALLOW = RuleEffect.ALLOW
_BLOCKS = {"drop": RuleEffect.BLOCK, "reject": RuleEffect.REJECT}


class PacketTraversal:
    """Follows packets through one ruleset on one machine; serves one question."""

    def __init__(self, ruleset: Ruleset, machine: Machine) -> None:
        """Create a walk through a ruleset."""
        self._ruleset = ruleset
        self._machine = machine
        self._matching = Matching(ruleset, machine)
        self._known: dict[object, TraversalResult] = {}
        self._chain_lists: dict[object, Sequence[Chain]] = {}
        self._steps = 0
        self._depth = 0
        self._passed: set[Rule] = set()
        self.fits: dict[Rule, RuleFit] = {}
        """How far each rule on the way is about the packets."""

    def travel(self, packet: Packet) -> TraversalResult:
        """Return what becomes of packets from where they start. Raises TooManyCasesError.

        Those of this machine go out first; to another of its programs they come in again.
        """
        unknown = unfollowed_rule(self._ruleset, self._machine, packet)
        outcome = self._enter("output" if packet.is_local_source else "ingress", 0, packet)
        if unknown is None or outcome.verdict is FirewallVerdict.BLOCKED:
            return outcome
        blocked = ended(PacketFate(packet, RuleEffect.BLOCK, unknown.rule))
        return of_choice([blocked, outcome], unknown)

    def _enter(self, hook: str, place: int, packet: Packet) -> TraversalResult:
        """Return what becomes of packets at one of the chains of a hook."""
        chains = self._chains(hook, packet)
        while place < len(chains):
            chain = chains[place]
            packet = _seen(packet, hook, chain.effective_priority)
            is_placed = packet.is_placed and hook in _FIRST_HOOKS
            if chain.kind == "nat" and (packet.tracked != "new" or is_placed):
                place += 1
                continue
            return self._run(chain, 0, packet, None, (hook, place))
        packet = _seen(packet, hook, None)
        if hook in _FIRST_HOOKS and not packet.is_placed:
            packet = replace(packet, is_placed=True)
        return self._leave(hook, packet)

    def _leave(self, hook: str, packet: Packet) -> TraversalResult:  # noqa: PLR0911 - a line for each hook
        match hook:
            case "ingress":
                return self._enter("prerouting", 0, packet)
            case "prerouting" if packet.is_local_target:
                return self._enter("input", 0, packet)
            case "prerouting":
                if packet.version not in self._machine.forwards:
                    because = _("this machine does not pass packets on to others")
                    return ended(PacketFate(packet, RuleEffect.BLOCK, because=because))
                return self._enter("forward", 0, packet)
            case "forward" | "output":
                return self._enter("postrouting", 0, packet)
            case "postrouting":
                return self._enter("egress", 0, packet)
            case "egress" if packet.outward == LOOPBACK and packet.is_local_source:
                inside = replace(packet, inward=LOOPBACK, outward="", is_placed=True)
                return self._enter("ingress", 0, inside)
        return ended(PacketFate(packet, RuleEffect.ALLOW))

    def _chains(self, hook: str, packet: Packet) -> Sequence[Chain]:
        device = packet.outward if hook == "egress" else packet.inward
        key = (hook, packet.version, device)
        if key not in self._chain_lists:
            self._chain_lists[key] = chains_on(
                self._ruleset, self._machine, hook, packet.version, device
            )
        return self._chain_lists[key]

    def _run(
        self, chain: Chain, place: int, packet: Packet, stack: _Stack, base: _Base
    ) -> TraversalResult:
        key = (chain.key, place, packet, _names(stack), base)
        if key not in self._known:
            self._depth += 1
            if self._depth > _DEEPEST:
                raise TooManyCasesError
            self._known[key] = self._run_rules(chain, place, packet, stack, base)
            self._depth -= 1
        return self._known[key]

    def _run_rules(
        self, chain: Chain, place: int, packet: Packet, stack: _Stack, base: _Base
    ) -> TraversalResult:
        # One rule after the other in a loop, so that a long chain needs no deep stack.
        pending: list[tuple[list[TraversalResult], _Join]] = []
        while True:
            if place >= len(chain.rules):
                if stack is None:
                    result = self._policy(packet, base)
                    break
                chain, place, stack = stack
                continue
            rule = chain.rules[place]
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise TooManyCasesError
            steps = _settled(steps_of(rule, packet, self._matching), packet)
            self._note(rule, steps)
            if moved := self._moved(steps, (chain, place, stack)):
                chain, place, stack = moved
                continue
            here = (chain, place, stack)
            parts, following = self._take(rule, steps, here, base)
            if following is None:
                result = of_parts(parts)
                break
            packet, join = following
            pending.append((parts, join))
            place += 1
        for parts, join in reversed(pending):
            result = of_parts([*parts, join(result)])
        return result

    def _moved(self, steps: Sequence[Step], here: _Place) -> _Place | None:
        """Return where all packets continue after a jump or a return that is about all of them."""
        if len(steps) != 1 or not isinstance(step := steps[0], ApplyVerdict):
            return None
        chain, place, stack = here
        if step.verdict == "return":
            return stack
        if step.verdict in {"jump", "goto"} and (target := self._target(chain, step)):
            return target, 0, (chain, place + 1, stack) if step.verdict == "jump" else stack
        return None

    def _target(self, chain: Chain, step: ApplyVerdict) -> Chain | None:
        name = str((step.body or {}).get("target"))
        return self._ruleset.chains.get(chain.key._replace(name=name))

    def _take(
        self, rule: Rule, steps: Sequence[Step], here: _Place, base: _Base
    ) -> tuple[list[TraversalResult], tuple[Packet, _Join] | None]:
        """Return the outcomes of all steps but one that continues, and how to join its outcome."""
        parts: list[TraversalResult] = []
        following: tuple[Packet, _Join] | None = None
        for step in steps:
            if following is None and isinstance(step, Continue):
                following = step.packet, lambda rest: rest
            elif following is None and isinstance(step, Branch) and _is_match_or_not(step):
                following = step.packet, self._joining(rule, step, here, base)
            else:
                parts.append(self._follow(rule, step, here, base))
        return parts, following

    def _joining(self, rule: Rule, choice: Branch, here: _Place, base: _Base) -> _Join:
        is_second = choice.options[1] == (Continue(choice.packet),)
        other = choice.options[0 if is_second else 1]
        taken = of_parts([self._follow(rule, step, here, base) for step in other])

        def join(rest: TraversalResult) -> TraversalResult:
            options = [taken, rest] if is_second else [rest, taken]
            return _decided(options, rule, choice)

        return join

    def _follow(self, rule: Rule, step: Step, here: _Place, base: _Base) -> TraversalResult:
        """Return what becomes of packets after one step."""
        if isinstance(step, ApplyVerdict):
            return self._do(rule, step, here, base)
        if isinstance(step, Continue):
            chain, place, stack = here
            return self._run(chain, place + 1, step.packet, stack, base)
        options = [
            of_parts([self._follow(rule, one, here, base) for one in option])
            for option in step.options
        ]
        return _decided(options, rule, step)

    def _do(  # noqa: PLR0911 - a line for each verdict
        self, rule: Rule, step: ApplyVerdict, here: _Place, base: _Base
    ) -> TraversalResult:
        chain, place, _unused = here
        packet = step.packet
        if step.verdict in _BLOCKS:
            return ended(PacketFate(packet, _BLOCKS[step.verdict], rule))
        if moved := self._moved([step], here):
            return self._run(moved[0], moved[1], packet, moved[2], base)
        match step.verdict:
            case "accept":
                return self._accepted(rule, packet, base)
            case "return":
                return self._policy(packet, base)
            case "continue":
                return self._run(chain, place + 1, packet, here[2], base)
            case "snat" | "masquerade":
                if base[0] == "input":
                    what = _("where answers go to a client whose address is changed")
                    return self._any_end(rule, ApplyVerdict(packet, UNKNOWN_END, what), here, base)
                return self._enter(base[0], base[1] + 1, packet)
            case "dnat" | "redirect":
                return self._send_on(rule, step, here, base)
        return self._any_end(rule, step, here, base)

    def _any_end(
        self, rule: Rule, step: ApplyVerdict, here: _Place, base: _Base
    ) -> TraversalResult:
        """Return the outcome of a statement that may do anything."""
        what = str(step.body) if step.verdict == UNKNOWN_END else step.verdict
        chain, place, stack = here
        options = [
            ended(PacketFate(step.packet, RuleEffect.BLOCK, rule)),
            self._accepted(rule, step.packet, base),
            self._run(chain, place + 1, step.packet, stack, base),
        ]
        return of_choice(options, UndecidableRule(rule, what))

    def _accepted(self, rule: Rule, packet: Packet, base: _Base) -> TraversalResult:
        chain = self._chains(base[0], packet)[base[1]]
        outcome = self._enter(base[0], base[1] + 1, packet)
        # Who lets a packet into an earlier stage has not let it in.
        is_last = chain.kind == "filter" and base[0] in {"input", "forward"}
        return credited(outcome, rule, chain) if is_last else outcome

    def _policy(self, packet: Packet, base: _Base) -> TraversalResult:
        chain = self._chains(base[0], packet)[base[1]]
        if chain.policy != "accept":
            return ended(PacketFate(packet, RuleEffect.BLOCK, chain=chain))
        outcome = self._enter(base[0], base[1] + 1, packet)
        is_last = chain.kind == "filter" and base[0] in {"input", "forward"}
        return credited(outcome, None, chain) if is_last else outcome

    def _send_on(
        self, rule: Rule, step: ApplyVerdict, here: _Place, base: _Base
    ) -> TraversalResult:
        """Return what becomes of packets that get another address or port."""
        packet, (chain, place, stack) = step.packet, here
        changed = readdressed(step.verdict, step.body, packet, base[0], self._machine)
        if changed is None:
            return self._run(chain, place + 1, packet, stack, base)
        if isinstance(changed, str):
            ends = [ended(PacketFate(packet, effect, rule)) for effect in (_BLOCKS["drop"], _ALLOW)]
            return of_choice(ends, UndecidableRule(rule, changed))
        parts = []
        for one in changed:
            outcome = self._enter(base[0], base[1] + 1, replace(one, is_placed=True))
            parts.append(sent_on(outcome, rule) if one.called else outcome)
        return of_parts(parts)

    def _note(self, rule: Rule, steps: Sequence[Step]) -> None:
        """Remember how far a rule is about the packets, if it does anything to them."""
        acting = [step for step in steps if not isinstance(step, Continue)]
        if not acting:
            self._passed.add(rule)
            if self.fits.get(rule) is RuleFit.FULL:
                self.fits[rule] = RuleFit.PART
            return
        if all(_is_plain_jump(step) for step in acting):
            return
        is_all = len(acting) == len(steps) and rule not in self._passed
        fit = RuleFit.FULL if is_all else RuleFit.PART
        if any(_is_unsure(step) for step in acting):
            fit = RuleFit.MAYBE
        before = self.fits.get(rule, fit)
        self.fits[rule] = fit if fit is before else RuleFit.PART


def _names(stack: _Stack) -> tuple[object, ...]:
    names: list[object] = []
    while stack is not None:
        names += [stack[0].key, stack[1]]
        stack = stack[2]
    return tuple(names)


def _seen(packet: Packet, hook: str, priority: int | None) -> Packet:
    """Return a packet as it is before a chain of some priority, or (None) at the end of a hook.

    In between connection tracking may have looked at it, and NAT may have changed its addresses.
    """

    def is_past(place: int) -> bool:
        return priority is None or priority > place

    if hook in _FIRST_HOOKS:
        if is_past(_TRACKING):
            packet = packet.looked_at()
        if is_past(_NAT_OF_TARGET):
            packet = packet.readdressed()
    elif hook in _LAST_HOOKS and is_past(_NAT_OF_SOURCE):
        packet = packet.addressed_back()
    return packet


def _is_plain_jump(step: Step) -> bool:
    return isinstance(step, ApplyVerdict) and step.verdict in {"jump", "goto", "return", "continue"}


def _is_unsure(step: Step) -> bool:
    if isinstance(step, ApplyVerdict):
        return step.verdict == UNKNOWN_END
    return isinstance(step, Branch) and not step.is_rate


def _is_match_or_not(choice: Branch) -> bool:
    """Return whether one of two options is that the rule does nothing."""
    if len(choice.options) != 2:  # noqa: PLR2004 - match, or not
        return False
    return any(option == (Continue(choice.packet),) for option in choice.options)


def _settled(steps: Sequence[Step], packet: Packet) -> list[Step]:
    """Return the steps of a rule, with all of its packets together where it does nothing."""
    settled = [_without_consequence(step) for step in steps]
    goes_on = [step.packet for step in settled if isinstance(step, Continue)]
    if len(goes_on) == len(settled) > 1 and all(_is_part(one, packet) for one in goes_on):
        return [Continue(packet)]
    return settled


def _is_part(packet: Packet, whole: Packet) -> bool:
    """Return whether packets differ from others only in being fewer."""
    return whole == replace(
        packet, saddr=whole.saddr, daddr=whole.daddr, sport=whole.sport, dport=whole.dport
    )


def _without_consequence(step: Step) -> Step:
    """Return a step as one that continues, where each of its options is that."""
    if isinstance(step, Branch):
        ends = {Continue(one.packet) for option in step.options for one in option if _is_go(one)}
        if len(ends) == 1 and all(_is_go(one) for option in step.options for one in option):
            return ends.pop()
    return step


def _is_go(step: Step) -> bool:
    return isinstance(_without_consequence(step), Continue)


def _decided(options: list[TraversalResult], rule: Rule, choice: Branch) -> TraversalResult:
    if choice.is_rate:
        return of_rate(options[0], options[1], UndecidableRule(rule, choice.what))
    return of_choice(options, UndecidableRule(rule, choice.what))
