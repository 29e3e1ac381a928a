"""Ask a web server: status, time, redirects, server, and whether the answer is the expected one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from portview.domain.cancellation import CancelToken
from portview.domain.plain_text import quoted
from portview.domain.user_input.parsing import BadInputError
from portview.domain.user_input.targets import UrlTarget, parse_url
from portview.domain.verdicts import Progress, Verdict
from portview.probes.first_open import NotConnectedError
from portview.probes.greeting import printable
from portview.probes.http_exchange import Answer, ExchangeError, exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.socket_row import Endpoint

DEFAULT_HTTP_TIMEOUT_MS = 10_000
MAX_BODY_BYTES = 1_000_000
MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Expectation:
    """What makes an answer a good one: a status, and text in the first megabyte of the body."""

    first_status: int = 200
    last_status: int = 399
    body_text: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request on the way through redirects."""

    url: str
    status: int
    elapsed_ms: float
    address: Endpoint


@dataclass(frozen=True, slots=True)
class HttpReport:
    """What a web server answered. OK: as expected; FAILED: it answered otherwise, or not in HTTP.

    ``latency_ms`` is the time until the whole last answer was there, redirects not counted.
    ``server`` comes from the network and is untrusted. ``is_body_cut`` tells that the body was
    longer than what is read of it.
    """

    url: str
    verdict: Verdict
    latency_ms: float | None
    detail: str
    hint: str = ""
    status: int | None = None
    server: str = ""
    body_bytes: int = 0
    is_body_cut: bool = False
    hops: tuple[Hop, ...] = ()


class _FailedError(Exception):
    def __init__(self, verdict: Verdict, detail: str, hint: str = "") -> None:
        super().__init__(detail)
        self.verdict, self.detail, self.hint = verdict, detail, hint


def probe_http(
    url: UrlTarget,
    *,
    expectation: Expectation | None = None,
    max_redirects: int = MAX_REDIRECTS,
    ca_file: str | None = None,
    is_certificate_checked: bool = True,
    timeout_ms: float = DEFAULT_HTTP_TIMEOUT_MS,
    cancel: CancelToken | None = None,
    report: Callable[[Progress], None] | None = None,
) -> HttpReport:
    """Send GET and follow redirects; ``timeout_ms`` bounds each request from name to last byte.

    Sends no cookies and no credentials. Any thread. Raises Cancelled at once.
    """
    cancel = cancel or CancelToken()
    expectation = expectation or Expectation()
    hops: list[Hop] = []
    here = url
    try:
        while True:
            if report:
                report(Progress(len(hops), 0, f"Asking {here}"))
            answer = _ask(here, ca_file, timeout_ms, cancel, is_checked=is_certificate_checked)
            hops.append(Hop(str(here), answer.status, answer.elapsed_ms, answer.address))
            if answer.status not in _REDIRECTS or not answer.location or max_redirects == 0:
                return _judged(url, answer, expectation, tuple(hops))
            here = _next_url(here, answer, hops, max_redirects)
    except _FailedError as error:
        last = hops[-1].status if hops else None
        return HttpReport(
            str(url), error.verdict, None, error.detail, error.hint, last, hops=tuple(hops)
        )


def _ask(
    url: UrlTarget,
    ca_file: str | None,
    timeout_ms: float,
    cancel: CancelToken,
    *,
    is_checked: bool,
) -> Answer:
    try:
        return exchange(
            url, ca_file, timeout_ms, MAX_BODY_BYTES, cancel, is_certificate_checked=is_checked
        )
    except NotConnectedError as error:
        raise _FailedError(error.verdict, error.detail, error.hint) from error
    except ExchangeError as error:
        raise _FailedError(Verdict.FAILED, error.detail, error.hint) from error


def _next_url(here: UrlTarget, answer: Answer, hops: list[Hop], max_redirects: int) -> UrlTarget:
    try:
        following = parse_url(urljoin(str(here), answer.location))
    except (BadInputError, ValueError) as error:
        raise _FailedError(
            Verdict.FAILED,
            f"It redirects to {quoted(printable(answer.location.encode()))}, "
            "which is no web address.",
        ) from error
    visited = [hop.url for hop in hops]
    if str(following) in visited:
        circle = " -> ".join([*visited[visited.index(str(following)) :], str(following)])
        raise _FailedError(
            Verdict.FAILED,
            f"It redirects in a circle: {circle}.",
            "Look at the redirect rules of the server, or at the proxy in front of it.",
        )
    if len(hops) > max_redirects:
        raise _FailedError(Verdict.FAILED, f"It redirects more than {max_redirects} times.")
    return following


def _judged(
    url: UrlTarget, answer: Answer, expectation: Expectation, hops: tuple[Hop, ...]
) -> HttpReport:
    verdict, hint = Verdict.OK, ""
    said = f"HTTP {answer.status} {printable(answer.reason.encode())}".rstrip()
    server = printable(answer.server.encode())
    by = f" by {server}" if server else ""
    detail = f"{said}{by} in {answer.elapsed_ms:.0f} ms."
    if len(hops) > 1:
        detail = f"{detail} Redirected {len(hops) - 1} times to {hops[-1].url}."
    if not expectation.first_status <= answer.status <= expectation.last_status:
        verdict = Verdict.FAILED
        hint = "See the server's log." if answer.status >= 500 else "Check the address and path."  # noqa: PLR2004
        if (expectation.first_status, expectation.last_status) != (200, 399):
            detail = f"{detail} Expected was {_status_words(expectation)}."
    elif expectation.body_text and expectation.body_text.encode() not in answer.body:
        verdict = Verdict.FAILED
        detail = f"{detail} The body does not contain {quoted(expectation.body_text)}."
        if answer.is_body_cut:
            hint = f"Only the first {MAX_BODY_BYTES} bytes were looked at."
    return HttpReport(
        str(url),
        verdict,
        answer.elapsed_ms,
        detail,
        hint,
        answer.status,
        server,
        len(answer.body),
        answer.is_body_cut,
        hops,
    )


def _status_words(expectation: Expectation) -> str:
    first, last = expectation.first_status, expectation.last_status
    return f"status {first}" if first == last else f"a status from {first} to {last}"
