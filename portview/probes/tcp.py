"""Ask a TCP port whether it accepts connections, how fast, and if not, how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.cancellation import CancelToken
from portview.domain.sockets.socket_row import Endpoint, endpoint_text
from portview.domain.verdicts import Latency, Progress, Verdict, best_verdict
from portview.probes.connecting import close_at_once, connect
from portview.probes.resolve import UnresolvedError, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.user_input.targets import Target
    from portview.probes.addresses import Address
    from portview.probes.attempts import Attempt

DEFAULT_TIMEOUT_MS = 3000
DEFAULT_TRIES = 3


@dataclass(frozen=True, slots=True)
class AddressReport:
    """How one address answered in all tries; ``latency`` covers the tries that got an answer."""

    address: Endpoint
    verdict: Verdict
    latency: Latency | None
    detail: str
    hint: str
    tries: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """The verdict over all addresses of a target; ``latency_ms`` is the median of the best one."""

    target: Target
    verdict: Verdict
    latency_ms: float | None
    detail: str
    hint: str
    addresses: tuple[AddressReport, ...] = ()


def probe_tcp(
    target: Target,
    *,
    timeout_ms: float = DEFAULT_TIMEOUT_MS,
    tries: int = DEFAULT_TRIES,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> ProbeReport:
    """Connect to all addresses of a target, several times each, and close at once.

    Blocks for at most ``timeout_ms`` per address, as an address that stays silent is not tried
    again. Any thread. Raises Cancelled at once on ``cancel``.
    """
    cancel = cancel or CancelToken()
    return probe_addresses(
        target, lambda address: _tcp_attempt(address, timeout_ms, cancel), tries, cancel, report
    )


def probe_addresses(
    target: Target,
    attempt: Callable[[Address], Attempt],
    tries: int,
    cancel: CancelToken,
    report: Callable[[Progress], None] | None,
) -> ProbeReport:
    """Resolve a target, try each of its addresses, and sum up."""
    try:
        addresses = resolve(target.host, target.port, cancel)
    except UnresolvedError as error:
        return ProbeReport(target, Verdict.UNRESOLVED, None, error.message, error.hint)
    reports = []
    for done, address in enumerate(addresses):
        if report:
            text = f"Asking {endpoint_text(address.endpoint)}"
            report(Progress(done, len(addresses), text))
        reports.append(_probe_address(address, attempt, tries, cancel))
    return summed_up(target, tuple(reports))


def _probe_address(
    address: Address, attempt: Callable[[Address], Attempt], tries: int, cancel: CancelToken
) -> AddressReport:
    attempts: list[Attempt] = []
    for _ in range(tries):
        cancel.raise_if_cancelled()
        attempts.append(attempt(address))
        if attempts[-1].verdict not in {Verdict.OPEN, Verdict.CLOSED}:
            break
    best = best_verdict([one.verdict for one in attempts])
    example = next(one for one in attempts if one.verdict is best)
    answered = [one.elapsed_ms for one in attempts if one.verdict is best and _is_answer(best)]
    detail = example.detail
    different = sum(one.verdict is not best for one in attempts)
    if different:
        detail = f"{detail} But {different} of {len(attempts)} tries ended otherwise."
    return AddressReport(
        address.endpoint, best, Latency.of(answered), detail, example.hint, tuple(attempts)
    )


def _is_answer(verdict: Verdict) -> bool:
    return verdict in {Verdict.OPEN, Verdict.CLOSED, Verdict.HUNG_UP}


def summed_up(target: Target, reports: tuple[AddressReport, ...]) -> ProbeReport:
    """Join the reports on all addresses: the best counts, and differences are said."""
    best = best_verdict([one.verdict for one in reports])
    example = next(one for one in reports if one.verdict is best)
    detail = example.detail
    others = [one for one in reports if one.verdict is not best]
    if others:
        told = "; ".join(f"{endpoint_text(one.address)} is {one.verdict}" for one in others)
        detail = f"{endpoint_text(example.address)} is {best}: {detail} But {told}."
    latency_ms = example.latency.median_ms if example.latency else None
    return ProbeReport(target, best, latency_ms, detail, example.hint, reports)


def _tcp_attempt(address: Address, timeout_ms: float, cancel: CancelToken) -> Attempt:
    attempt, connection = connect(address, timeout_ms, cancel)
    if connection is not None:
        close_at_once(connection)
    return attempt
