"""The reachability ladder: from "bound to what?" to "what would another machine see?"."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.domain.address_matching import takes_clients_of
from portview.domain.cancellation import CancelToken
from portview.domain.destination import ClientOrigin, redirected, shadows
from portview.domain.facts import Known, Unreadable
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    State,
    endpoint_text,
    is_loopback,
)
from portview.domain.user_input.targets import Target, UrlTarget
from portview.domain.verdicts import Verdict, best_verdict
from portview.i18n import _, join_list, without_full_stop
from portview.probes.connecting import close_at_once
from portview.probes.first_open import NotConnectedError, connect_first_open
from portview.probes.greeting import read_greeting
from portview.probes.http import probe_http
from portview.probes.ladder_elsewhere import describe_redirection
from portview.probes.ladder_facts import (
    FirewallCheckVerdict,
    InnerAddress,
    LadderFacts,
    LadderSentence,
    Redirection,
    inner_clients,
)
from portview.probes.ladder_sentence import sentence_for
from portview.probes.local_listener import describe_localhost, read_local_listeners
from portview.probes.own_addresses import OwnAddress, own_addresses
from portview.probes.redirected import partly_redirected_sentence
from portview.probes.tcp import probe_tcp
from portview.readers.own_networks import read_own_networks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from portview.domain.destination import Destination
    from portview.domain.sockets.socket_row import SocketRow
    from portview.probes.local_listener import ListenerTrouble
    from portview.probes.redirected import DestinationsOf
    from portview.probes.tcp import ProbeReport
    from portview.readers.own_networks import OwnNetwork

DEFAULT_STEP_TIMEOUT_MS = 2000
_GREETING_MS = 600
_MOST_AT_ONCE = 8


class LadderStage(StrEnum):
    """The rungs, in their order."""

    BOUND = "bound"
    OWNER = "owner"
    LOOPBACK = "loopback"
    OWN_ADDRESS = "own_address"
    NAT = "nat"
    FIREWALL = "firewall"
    GREETING = "greeting"


class StepOutcome(StrEnum):
    """How a rung held. NOTE is neither good nor bad."""

    GOOD = "good"
    BAD = "bad"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One rung: what was asked, what came back. Greetings are untrusted text, made printable."""

    kind: LadderStage
    outcome: StepOutcome
    text: str
    verdict: Verdict | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True)
class FirewallCheck:
    """What the firewall says about a port, with its reason in words."""

    word: FirewallCheckVerdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LadderReport:
    """All rungs, and the sentence on what another machine would see."""

    port: int
    steps: tuple[LadderStep, ...]
    conclusion: LadderSentence


def climb(
    port: int,
    rows: Iterable[SocketRow],
    *,
    firewall: Callable[[int, CancelToken], FirewallCheck] | None = None,
    destinations: DestinationsOf | None = None,
    timeout_ms: float = DEFAULT_STEP_TIMEOUT_MS,
    cancel: CancelToken | None = None,
    on_step: Callable[[LadderStep], None] | None = None,
) -> LadderReport:
    """Test a TCP port of this machine rung by rung; ``on_step`` gets each as it comes.

    ``rows`` is the socket table of a moment ago, ``firewall`` what to ask about inbound
    connections to a port (None: not asked), ``destinations`` what to ask where NAT rules send
    clients. Any thread; ``on_step`` is called on it. Raises
    Cancelled at once.
    """
    whole = _Climb(port, timeout_ms, cancel or CancelToken(), on_step)
    return whole.run(rows, firewall, destinations)


class _Climb:
    def __init__(
        self,
        port: int,
        timeout_ms: float,
        cancel: CancelToken,
        on_step: Callable[[LadderStep], None] | None,
    ) -> None:
        self._port = port
        self._timeout_ms = timeout_ms
        self._cancel = cancel
        self._on_step = on_step
        self._steps: list[LadderStep] = []

    def run(
        self,
        rows: Iterable[SocketRow],
        firewall: Callable[[int, CancelToken], FirewallCheck] | None,
        destinations: DestinationsOf | None,
    ) -> LadderReport:
        listening, bound = self._look_at_table(rows)
        trouble = self._look_at_owner() if listening else None
        own = own_addresses()
        loopback = self._connect_to_each(
            LadderStage.LOOPBACK, _loopback_to_try(own, listening), listening
        )
        interfaces = {one.address: one.interface for one in own if not one.is_loopback}
        networks = read_own_networks(interfaces)
        tried = self._connect_to_each(LadderStage.OWN_ADDRESS, interfaces, listening, networks)
        reached = tuple(one for one in tried if networks[one[0]].leads_outside)
        inner = tuple(
            InnerAddress(address, verdict, networks[address])
            for address, verdict in tried
            if not networks[address].leads_outside
        )
        redirection, nat_note = self._ask_nat(destinations, [one for one, _verdict in reached])
        if redirection is not None:
            reached = tuple(one for one in reached if one[0] not in redirection.called)
        is_local = bool(listening) and all(map(is_loopback, listening))
        answer = self._ask_firewall(None if is_local and redirection is None else firewall)
        opened = [address for address, verdict in (*loopback, *reached) if verdict is Verdict.OPEN]
        if opened:
            self._listen_for_greeting(opened[0])
        facts = LadderFacts(
            self._port,
            listening,
            bound,
            loopback,
            reached,
            answer.word,
            answer.detail,
            trouble,
            inner,
            redirection,
            nat_note,
            {address: interfaces[address] for address, _verdict in reached},
        )
        return LadderReport(self._port, tuple(self._steps), sentence_for(facts))

    def _notify(self, step: LadderStep) -> None:
        self._steps.append(step)
        if self._on_step:
            self._on_step(step)
        self._cancel.raise_if_cancelled()

    def _look_at_table(self, rows: Iterable[SocketRow]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        mine = [
            row for row in rows if row.protocol is Protocol.TCP and row.local.port == self._port
        ]
        listening = _addresses(mine, State.LISTEN)
        bound = _addresses(mine, State.BOUND)
        if listening:
            where = join_list(endpoint_text(Endpoint(one, self._port)) for one in listening)
            self._notify(
                LadderStep(
                    LadderStage.BOUND,
                    StepOutcome.GOOD,
                    _("It listens on {where}.").format(where=where),
                )
            )
        elif bound:
            text = _("{bound} is bound, but nothing listens.").format(bound=join_list(bound))
            self._notify(LadderStep(LadderStage.BOUND, StepOutcome.BAD, text))
        else:
            text = _("The socket table shows no listener.")
            self._notify(LadderStep(LadderStage.BOUND, StepOutcome.BAD, text))
        return listening, bound

    def _look_at_owner(self) -> ListenerTrouble | None:
        """Return which listeners answer nobody; return why where this is so of all of them."""
        listeners = read_local_listeners(self._port)
        if two := describe_localhost(self._port, listeners):
            self._notify(LadderStep(LadderStage.OWNER, StepOutcome.NOTE, two))
        troubles = [one.trouble for one in listeners]
        for trouble in dict.fromkeys(one for one in troubles if one is not None):
            self._notify(LadderStep(LadderStage.OWNER, StepOutcome.BAD, trouble.sentence))
        return troubles[0] if troubles and all(troubles) else None

    def _connect_to_each(
        self,
        kind: LadderStage,
        addresses: Iterable[str],
        listening: tuple[str, ...],
        networks: Mapping[str, OwnNetwork] | None = None,
    ) -> tuple[tuple[str, Verdict], ...]:
        targets = [Target(address, self._port) for address in addresses]

        def probe(target: Target) -> ProbeReport:
            return probe_tcp(
                target,
                timeout_ms=self._timeout_ms,
                tries=1,
                is_explained=False,
                cancel=self._cancel,
            )

        found = []
        # All at the same time: a machine may have many addresses that a firewall drops.
        with ThreadPoolExecutor(_MOST_AT_ONCE, "ladder") as pool:
            for target, report in zip(targets, pool.map(probe, targets), strict=True):
                found.append((target.host, report.verdict))
                is_expected = _covers(listening, target.host)
                step = _step_of(kind, target, report, is_expected=is_expected)
                network = networks.get(target.host) if networks else None
                self._notify(step if network is None else _at_network(step, network))
        return tuple(found)

    def _ask_nat(
        self, destinations: DestinationsOf | None, outside: list[str]
    ) -> tuple[Redirection | None, str]:
        """Return where NAT rules send clients from other machines, and try it from here.

        Each address is asked for by itself: most rules are for one IP version alone.
        """
        if destinations is None:
            return None, ""
        notes: dict[str, None] = {}
        everyone: dict[str, tuple[Destination, ...]] = {}
        others = ClientOrigin.OTHER_MACHINE
        for address in outside:
            fact = destinations(Protocol.TCP, self._port, address)
            self._cancel.raise_if_cancelled()
            if isinstance(fact, Unreadable):
                text = _("Whether NAT rules send clients elsewhere is not known: {reason}.")
                notes[text.format(reason=without_full_stop(fact.reason))] = None
                continue
            found = fact.value if isinstance(fact, Known) else ()
            if all_of_them := shadows(found, others):
                everyone[address] = all_of_them
            else:
                changed = [one for one in redirected(found) if one.origin is others]
                notes.update(dict.fromkeys(map(partly_redirected_sentence, changed)))
        note = " ".join(notes)
        if note:
            self._notify(LadderStep(LadderStage.NAT, StepOutcome.NOTE, note))
        if not everyone:
            return None, note
        redirection = Redirection(tuple(everyone), _joined(everyone), self._try(everyone))
        is_open = redirection.verdict is Verdict.OPEN
        outcome = StepOutcome.GOOD if is_open else StepOutcome.BAD
        text = describe_redirection(redirection, self._port)
        self._notify(LadderStep(LadderStage.NAT, outcome, text, redirection.verdict))
        return redirection, note

    def _try(self, found: Mapping[str, tuple[Destination, ...]]) -> Verdict:
        """Connect to where clients arrive, from this machine; return the best verdict."""
        targets = {
            Target(one.address or called, one.port): None
            for called, destinations in found.items()
            for one in destinations
        }
        return best_verdict(
            [
                probe_tcp(target, timeout_ms=self._timeout_ms, tries=1, cancel=self._cancel).verdict
                for target in targets
            ]
        )

    def _ask_firewall(
        self, firewall: Callable[[int, CancelToken], FirewallCheck] | None
    ) -> FirewallCheck:
        if firewall is None:
            return FirewallCheck(FirewallCheckVerdict.UNKNOWN)
        answer = firewall(self._port, self._cancel)
        outcome = {
            FirewallCheckVerdict.ALLOWED: StepOutcome.GOOD,
            FirewallCheckVerdict.BLOCKED: StepOutcome.BAD,
        }.get(answer.word, StepOutcome.NOTE)
        text = _("Firewall (inbound): {word}.").format(word=answer.word)
        if answer.detail:
            text = f"{text} {answer.detail}"
        self._notify(LadderStep(LadderStage.FIREWALL, outcome, text))
        return answer

    def _listen_for_greeting(self, address: str) -> None:
        target = Target(address, self._port)
        try:
            _endpoint, _ms, connection = connect_first_open(target, self._timeout_ms, self._cancel)
        except NotConnectedError as error:
            text = _("It does not accept a second connection: {detail}").format(detail=error.detail)
            self._notify(LadderStep(LadderStage.GREETING, StepOutcome.BAD, text))
            return
        try:
            greeting = read_greeting(connection, _GREETING_MS, self._cancel)
        except OSError:
            greeting = ""
        finally:
            close_at_once(connection)
        if greeting:
            text = _("It greets with {greeting}.").format(greeting=quoted(greeting))
            self._notify(LadderStep(LadderStage.GREETING, StepOutcome.GOOD, text))
            return
        self._ask_for_http(target)

    def _ask_for_http(self, target: Target) -> None:
        report = probe_http(
            UrlTarget(is_tls=False, target=target, path="/"),
            max_redirects=0,
            timeout_ms=self._timeout_ms,
            cancel=self._cancel,
        )
        outcome = StepOutcome.GOOD if report.status else StepOutcome.NOTE
        text = report.detail
        if report.status is None:
            text = _("It does not greet, and: {detail}").format(detail=report.detail)
        step = LadderStep(LadderStage.GREETING, outcome, text, report.verdict, report.latency_ms)
        self._notify(step)


def _addresses(rows: list[SocketRow], state: State) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row.local.address for row in rows if row.state is state))


def _loopback_to_try(own: tuple[OwnAddress, ...], listening: tuple[str, ...]) -> list[str]:
    """Try 127.0.0.1 and ::1, and any other loopback address that is listened on."""
    usual = [one.address for one in own if one.is_loopback]
    families = {one.family for one in own}
    if Family.IPV4 in families:
        usual.insert(0, "127.0.0.1")
    special = [one for one in listening if one.startswith("127.")]
    return list(dict.fromkeys((*usual, *special)))


def _joined(found: Mapping[str, tuple[Destination, ...]]) -> tuple[Destination, ...]:
    return tuple(dict.fromkeys(one for destinations in found.values() for one in destinations))


def _covers(listening: tuple[str, ...], address: str) -> bool:
    """Return whether a listener covers an address; "::" may take IPv4 as well."""
    return any(takes_clients_of(one, address) for one in listening)


def _at_network(step: LadderStep, network: OwnNetwork) -> LadderStep:
    """Add to a step at an inner network whose clients it is about."""
    if network.leads_outside:
        return step
    outcome = StepOutcome.NOTE if step.outcome is StepOutcome.GOOD else step.outcome
    text = _("{text} It is for {clients}.").format(text=step.text, clients=inner_clients(network))
    return replace(step, outcome=outcome, text=text)


def _step_of(
    kind: LadderStage, target: Target, report: ProbeReport, *, is_expected: bool
) -> LadderStep:
    if report.verdict is Verdict.OPEN:
        outcome, text = StepOutcome.GOOD, _("{target} is open.").format(target=target)
    else:
        outcome = StepOutcome.BAD if is_expected else StepOutcome.NOTE
        text = _("{target} is {verdict}: {detail}").format(
            target=target, verdict=report.verdict, detail=report.detail
        )
    return LadderStep(kind, outcome, text, report.verdict, report.latency_ms)
