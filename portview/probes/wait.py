"""Wait until ports answer, get free, or a web address is well."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from portview.domain.backoff import Backoff
from portview.domain.cancellation import CancelToken
from portview.domain.sockets.socket_row import Protocol
from portview.domain.user_input.parsing import format_duration
from portview.domain.verdicts import Progress, Verdict
from portview.i18n import _
from portview.probes.bind import probe_bind
from portview.probes.http import Expectation, probe_http
from portview.probes.own_addresses import is_this_machine
from portview.probes.resolve import UnresolvedError, resolve
from portview.probes.tcp import probe_tcp
from portview.probes.waiting import pause
from portview.readers.port_ranges import read_port_ranges
from portview.readers.socket_table import LazySocketTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.user_input.targets import Target, UrlTarget
    from portview.probes.redirected import DestinationsOf

DEFAULT_BACKOFF = Backoff(first_ms=100, cap_ms=2000)
_MAX_LOOK_MS = 2000
_MAX_HTTP_LOOK_MS = 10_000


@dataclass(frozen=True, slots=True)
class WaitObservation:
    """What one reading at a condition showed."""

    is_met: bool
    detail: str


@dataclass(frozen=True, slots=True)
class WaitCondition:
    """Something to wait for: its name for people, and how to look whether it is so.

    ``look`` takes the milliseconds it may use and the cancel token.
    """

    name: str
    look: Callable[[float, CancelToken], WaitObservation]


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """How one condition stood in the end."""

    name: str
    is_met: bool
    detail: str
    looks: int


@dataclass(frozen=True, slots=True)
class WaitReport:
    """Whether all conditions were met in time."""

    is_met: bool
    elapsed_ms: float
    conditions: tuple[ConditionReport, ...]


def answers(target: Target) -> WaitCondition:
    """Wait until a TCP port accepts connections."""

    def look(may_take_ms: float, cancel: CancelToken) -> WaitObservation:
        timeout_ms = min(may_take_ms, _MAX_LOOK_MS)
        report = probe_tcp(target, timeout_ms=timeout_ms, tries=1, cancel=cancel)
        return WaitObservation(report.verdict is Verdict.OPEN, report.detail)

    return WaitCondition(f"{target} answers", look)


def is_free(target: Target, destinations: DestinationsOf | None = None) -> WaitCondition:
    """Wait until a TCP port is free on this machine, or refuses connections on another one.

    What "free" means here is ``meaning_of_free``.
    """
    ranges = cache(read_port_ranges)

    def look(may_take_ms: float, cancel: CancelToken) -> WaitObservation:
        try:
            addresses = resolve(target.host, target.port, cancel)
        except UnresolvedError as error:
            return WaitObservation(is_met=False, detail=error.message)
        texts = [address.endpoint.address for address in addresses]
        if all(map(is_this_machine, texts)):
            table = LazySocketTable()
            binds = [
                probe_bind(
                    target.port,
                    address=text,
                    ranges=ranges(Protocol.TCP),
                    destinations=destinations,
                    table=table,
                    cancel=cancel,
                )
                for text in texts
            ]
            taken = next((one for one in binds if not one.is_free), None)
            return WaitObservation(taken is None, (taken or binds[0]).detail)
        timeout_ms = min(may_take_ms, _MAX_LOOK_MS)
        report = probe_tcp(target, timeout_ms=timeout_ms, tries=1, cancel=cancel)
        return WaitObservation(report.verdict is Verdict.CLOSED, report.detail)

    return WaitCondition(_("{target} is free").format(target=target), look)


def serves(url: UrlTarget, expectation: Expectation | None = None) -> WaitCondition:
    """Wait until a web address gives a good answer."""

    def look(may_take_ms: float, cancel: CancelToken) -> WaitObservation:
        timeout_ms = min(may_take_ms, _MAX_HTTP_LOOK_MS)
        report = probe_http(url, expectation=expectation, timeout_ms=timeout_ms, cancel=cancel)
        return WaitObservation(report.verdict is Verdict.OK, report.detail)

    return WaitCondition(_("{url} responds as expected").format(url=url), look)


def wait_for(
    conditions: Sequence[WaitCondition],
    *,
    timeout_ms: float,
    backoff: Backoff = DEFAULT_BACKOFF,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
    clock_ms: Callable[[], float] = lambda: time.monotonic() * 1000,
    wait_ms: Callable[[float], None] | None = None,
    chance: Callable[[], float] = random.random,
) -> WaitReport:
    """Look again and again until each condition was met once, or time is up.

    At least one reading is taken at each. Blocks for at most about ``timeout_ms``; any thread.
    Raises Cancelled at once. Clock, waiting and chance can be handed in for tests.
    """
    token = cancel or CancelToken()
    let_pass = wait_ms or (lambda some_ms: pause(some_ms / 1000, token))
    started = clock_ms()
    last: dict[int, WaitObservation] = {}
    looks = [0] * len(conditions)
    rounds = 0
    while True:
        for number, condition in enumerate(conditions):
            if number in last and last[number].is_met:
                continue
            token.raise_if_cancelled()
            left_ms = timeout_ms - (clock_ms() - started)
            last[number] = condition.look(max(1.0, left_ms), token)
            looks[number] += 1
        token.raise_if_cancelled()
        is_met = all(look.is_met for look in last.values())
        elapsed_ms = clock_ms() - started
        if is_met or elapsed_ms >= timeout_ms:
            reports = tuple(
                ConditionReport(condition.name, last[n].is_met, last[n].detail, looks[n])
                for n, condition in enumerate(conditions)
            )
            return WaitReport(is_met, elapsed_ms, reports)
        if report:
            report(_progress(conditions, last, timeout_ms - elapsed_ms))
        let_pass(min(backoff.delay_ms(rounds, chance()), timeout_ms - elapsed_ms))
        rounds += 1


def _progress(
    conditions: Sequence[WaitCondition], last: dict[int, WaitObservation], left_ms: float
) -> Progress:
    met = sum(look.is_met for look in last.values())
    waiting = next(condition.name for n, condition in enumerate(conditions) if not last[n].is_met)
    text = _("Waiting until {waiting}, for {duration} more").format(
        waiting=waiting, duration=format_duration(left_ms)
    )
    return Progress(met, len(conditions), text, left_ms)
