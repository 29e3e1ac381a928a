"""Ask a TCP port whether it accepts connections, how fast, and if not, how it fails."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from portview.domain.cancellation import CancelToken
from portview.domain.sockets.socket_row import Endpoint, endpoint_text
from portview.domain.verdicts import Latency, Progress, Verdict, best_verdict
from portview.i18n import _, join_sentences, ngettext, pgettext
from portview.probes.connecting import close_at_once, connect, how_it_hangs_up
from portview.probes.deadline import Deadline
from portview.probes.own_addresses import is_this_machine
from portview.probes.resolve import UnresolvedError, resolve
from portview.probes.verdict_words import verdict_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portview.domain.user_input.targets import Target
    from portview.probes.addresses import Address
    from portview.probes.attempts import Attempt
    from portview.probes.local_listener import LocalListener

DEFAULT_TIMEOUT_MS = 3000
DEFAULT_TRIES = 3
_MOST_AT_ONCE = 8
_WATCH_MS, _LONGEST_WATCH_MS = 100, 400
"""How long a new connection is watched, beside two round trips, for the other side to end it."""

T = TypeVar("T")


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
    is_explained: bool = True,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> ProbeReport:
    """Connect to all addresses of a target at once, several times each, and close at once.

    ``timeout_ms`` bounds everything, looking up the name included; an address that stays silent is
    not tried again. The first connection to each is watched for a moment, because a relay accepts
    before it knows whether anybody is behind it. With ``is_explained`` the socket table is asked
    about listeners of this machine. Any thread. Raises Cancelled at once on ``cancel``.
    """
    cancel = cancel or CancelToken()

    def attempt(address: Address, number: int, deadline: Deadline) -> Attempt:
        return _tcp_attempt(address, deadline, cancel, is_watched=number == 0)

    probed = probe_addresses(
        target,
        attempt,
        tries=tries,
        deadline=Deadline.after(timeout_ms),
        cancel=cancel,
        report=report,
    )
    return with_local_facts(probed) if is_explained else probed


def probe_addresses(
    target: Target,
    attempt: Callable[[Address, int, Deadline], Attempt],
    *,
    tries: int,
    deadline: Deadline,
    cancel: CancelToken,
    report: Callable[[Progress], None] | None,
) -> ProbeReport:
    """Resolve a target, try each of its addresses, all at the same time, and sum up.

    ``attempt`` takes an address, the number of the try from 0, and the deadline.
    """
    try:
        addresses = resolve(target.host, target.port, cancel, deadline)
    except UnresolvedError as error:
        return ProbeReport(target, Verdict.UNRESOLVED, None, error.message, error.hint)

    def notify(done: int) -> None:
        if report:
            text = _("Asking {endpoint_text}").format(
                endpoint_text=endpoint_text(addresses[done].endpoint)
            )
            report(Progress(done, len(addresses), text))

    def probe(address: Address) -> AddressReport:
        return _probe_address(address, attempt, tries, deadline, cancel)

    return summed_up(target, tuple(concurrently(probe, addresses, notify)))


def concurrently(
    probe: Callable[[Address], T], addresses: Sequence[Address], notify: Callable[[int], None]
) -> list[T]:
    """Probe addresses at the same time; the results are in their order.

    ``report`` gets the number of those that are done before each wait, on this thread. Where one
    probe raises, so does this, after the others have ended.
    """
    if len(addresses) == 1:
        notify(0)
        return [probe(addresses[0])]
    results = []
    with ThreadPoolExecutor(min(len(addresses), _MOST_AT_ONCE), "probe") as pool:
        running = [pool.submit(probe, address) for address in addresses]
        for done, one in enumerate(running):
            notify(done)
            results.append(one.result())
    return results


def _probe_address(
    address: Address,
    attempt: Callable[[Address, int, Deadline], Attempt],
    tries: int,
    deadline: Deadline,
    cancel: CancelToken,
) -> AddressReport:
    attempts: list[Attempt] = []
    for number in range(tries):
        cancel.raise_if_cancelled()
        attempts.append(attempt(address, number, deadline))
        if attempts[-1].verdict not in {Verdict.OPEN, Verdict.CLOSED} or deadline.is_over:
            break
    best = best_verdict([one.verdict for one in attempts])
    example = next(one for one in attempts if one.verdict is best)
    answered = [one.elapsed_ms for one in attempts if one.verdict is best and _is_answer(best)]
    detail = example.detail
    different = sum(one.verdict is not best for one in attempts)
    if different:
        differ = ngettext(
            "{different} of {count} try had another result.",
            "{different} of {count} tries had another result.",
            len(attempts),
        ).format(different=different, count=len(attempts))
        detail = join_sentences(detail, differ)
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
        # Translators: an address and a verdict about it, such as "Closed".
        other = pgettext("verdict", "{address}: {verdict}.")
        detail = join_sentences(
            _("{address}: {verdict}. {detail}").format(
                address=endpoint_text(example.address), verdict=verdict_words(best), detail=detail
            ),
            *(
                other.format(address=endpoint_text(one.address), verdict=verdict_words(one.verdict))
                for one in others
            ),
        )
    latency_ms = example.latency.median_ms if example.latency else None
    return ProbeReport(target, best, latency_ms, detail, example.hint, reports)


def _tcp_attempt(
    address: Address, deadline: Deadline, cancel: CancelToken, *, is_watched: bool
) -> Attempt:
    attempt, connection = connect(address, deadline.left_ms, cancel)
    if connection is None:
        return attempt
    try:
        # Also where the time is nearly up: a connection that nobody watched proves nothing, and
        # the last try of a wait often has a few milliseconds left.
        left_ms = max(deadline.left_ms, _WATCH_MS)
        watch_ms = min(_WATCH_MS + 2 * attempt.elapsed_ms, _LONGEST_WATCH_MS, left_ms)
        ended = how_it_hangs_up(connection, watch_ms, cancel) if is_watched else None
    finally:
        close_at_once(connection)
    return attempt if ended is None else replace(ended, local=attempt.local)


def with_local_facts(report: ProbeReport) -> ProbeReport:
    """Add what this machine knows of its own listeners: whose they are, and why they are silent.

    Reads the socket table where an address of this machine did something that it may explain.
    """
    explained = {Verdict.OPEN, Verdict.HUNG_UP, Verdict.FILTERED}
    if sys.platform == "win32":
        # There a full queue refuses, as if nobody listened.
        explained.add(Verdict.CLOSED)
    own = [
        one
        for one in report.addresses
        if one.verdict in explained and is_this_machine(one.address.address)
    ]
    if not own:
        return report
    # Loaded when it is needed: a scan of other machines needs none of it.
    from portview.probes import local_listener  # noqa: PLC0415

    listeners = local_listener.read_local_listeners(report.target.port)
    reported = tuple(
        _with_listener(one, local_listener.listener_at(listeners, one.address.address))
        if one in own
        else one
        for one in report.addresses
    )
    summed = summed_up(report.target, reported)
    if not local_listener.is_localhost(report.target.host):
        return summed
    two = local_listener.describe_localhost(report.target.port, listeners)
    return replace(summed, detail=f"{summed.detail} {two}".strip())


def _with_listener(report: AddressReport, listener: LocalListener | None) -> AddressReport:
    trouble = listener.trouble if listener else None
    if trouble is not None:
        detail, hint = trouble.sentence, trouble.advice
        if report.verdict is Verdict.OPEN:
            detail = f"{report.detail} {detail}"
        # The listener is there and takes nobody: that is no firewall's doing.
        verdict = Verdict.FAILED if report.verdict is Verdict.FILTERED else report.verdict
        return replace(report, verdict=verdict, detail=detail, hint=hint)
    if listener is not None and report.verdict is Verdict.CLOSED:
        detail = _("{program} listens there, and yet the connection is refused.")
        hint = _(
            "Its queue of new connections is full, or a firewall rejects it: check the server."
        )
        return replace(report, detail=detail.format(program=listener.label), hint=hint)
    return report
