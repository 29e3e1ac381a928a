"""Ask a web server: status, time, redirects, server, and whether the answer is the expected one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from portview.domain.cancellation import CancelToken
from portview.domain.plain_text import LONGEST_QUOTE, inert, quoted
from portview.domain.user_input.parsing import BadInputError, format_duration
from portview.domain.user_input.targets import UrlTarget, parse_url
from portview.domain.verdicts import Progress, Verdict
from portview.i18n import _, join_sentences, ngettext, without_full_stop
from portview.probes.cookies import Cookies
from portview.probes.deadline import Deadline
from portview.probes.first_open import NotConnectedError
from portview.probes.greeting import printable
from portview.probes.http_exchange import (
    Answer,
    BodyEnd,
    ExchangeError,
    HttpRequest,
    exchange,
)
from portview.probes.http_words import body_remark, first_line_of_body, status_hint
from portview.probes.local_listener import note_on_localhost

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.sockets.socket_row import Endpoint

DEFAULT_HTTP_TIMEOUT_MS = 10_000
MAX_BODY_BYTES = 1_000_000
MAX_REDIRECTS = 10
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_LOCATION = 8000
"""What RFC 9110, 4.1 recommends as the least that everybody should take."""

_BAD_REQUESTS = frozenset({400, 497})
"""How servers answer plain HTTP on a port for TLS; nginx counts it as 497."""


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
    ``server`` comes from the network and is untrusted. ``is_body_cut`` says that the body was
    longer than what is read of it, ``is_body_complete`` that all of it came. ``body_line`` is the
    first line of an answer that was not expected; untrusted, made printable.
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
    is_body_complete: bool = True
    body_line: str = ""


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
    """Send GET and follow redirects; ``timeout_ms`` bounds everything, redirects included.

    Sends no credentials, and only the cookies that were set on the way. A port that speaks TLS is
    asked again with https. Any thread. Raises Cancelled at once.
    """
    chain = _Chain(
        HttpRequest(url, ca_file, is_certificate_checked, max_body_bytes=MAX_BODY_BYTES),
        Deadline.after(timeout_ms),
        cancel or CancelToken(),
        report,
    )
    try:
        answer = chain.follow(max_redirects)
        found = chain.judged(answer, expectation or Expectation())
    except _FailedError as error:
        last = chain.hops[-1].status if chain.hops else None
        hops = tuple(chain.hops)
        found = HttpReport(str(url), error.verdict, None, error.detail, error.hint, last, hops=hops)
    note = note_on_localhost(url.target.host, url.target.port)
    return replace(found, detail=f"{found.detail} {note}") if note else found


class _Chain:
    """One request and those that it is redirected to."""

    def __init__(
        self,
        request: HttpRequest,
        deadline: Deadline,
        cancel: CancelToken,
        report: Callable[[Progress], None] | None,
    ) -> None:
        self._request, self._deadline, self._cancel = request, deadline, cancel
        self._report = report
        self._cookies = Cookies()
        self.hops: list[Hop] = []

    def follow(self, max_redirects: int) -> Answer:
        """Return the last answer. Raises _FailedError."""
        here = self._request.url
        asked: list[tuple[str, str]] = []
        while True:
            cookie = self._cookies.header_for(str(here))
            asked.append((str(here), cookie))
            if self._report:
                self._report(Progress(len(self.hops), 0, _("Asking {here}").format(here=here)))
            answer = self._ask(here, cookie)
            self.hops.append(Hop(str(here), answer.status, answer.elapsed_ms, answer.address))
            location = answer.header("location")
            if answer.status not in _REDIRECTS or not location or max_redirects == 0:
                return answer
            self._cookies.take(str(here), answer)
            here = _next_url(here, location)
            self._refuse_circle((str(here), self._cookies.header_for(str(here))), asked)
            if len(self.hops) > max_redirects:
                detail = _("It redirects more than {count} times.").format(count=max_redirects)
                raise _FailedError(Verdict.FAILED, detail)

    def _ask(self, url: UrlTarget, cookie: str) -> Answer:
        try:
            return self._exchange(replace(self._request, url=url, cookie=cookie))
        except NotConnectedError as error:
            raise _FailedError(error.verdict, error.detail, error.hint) from error
        except ExchangeError as error:
            if error.is_tls:
                secure = self._over_tls(url)
                if secure:
                    raise _FailedError(Verdict.FAILED, *secure) from error
            raise _FailedError(Verdict.FAILED, error.detail, error.hint) from error

    def _exchange(self, request: HttpRequest) -> Answer:
        return exchange(request, self._deadline, self._cancel)

    @staticmethod
    def _refuse_circle(following: tuple[str, str], asked: list[tuple[str, str]]) -> None:
        # The same address with another cookie is another question.
        if following not in asked:
            return
        around = (*asked[asked.index(following) :], following)
        circle = [inert(url, LONGEST_QUOTE) for url, _cookie in around]
        raise _FailedError(
            Verdict.FAILED,
            _("It redirects in a circle: {circle}.").format(circle=" -> ".join(circle)),
            _("Check the redirect rules of the server, or the proxy in front of it."),
        )

    def _over_tls(self, url: UrlTarget) -> tuple[str, str] | None:
        """Ask a port with https that did not take http: what to say, None if it has no TLS."""
        secure = UrlTarget(is_tls=True, target=url.target, path=url.path)
        try:
            answer = self._exchange(replace(self._request, url=secure))
            found = (
                _("HTTP {status} {reason}")
                .format(status=answer.status, reason=printable(answer.reason.encode()))
                .rstrip()
            )
        except ExchangeError as error:
            found = without_full_stop(error.detail)
        except NotConnectedError:
            return None
        detail = _("This port speaks TLS, not plain HTTP. With https:// it answers: {found}.")
        return detail.format(found=found), _("Use {url}").format(url=secure)

    def judged(self, answer: Answer, expectation: Expectation) -> HttpReport:
        """Hold an answer against what is expected."""
        verdict, hint = Verdict.OK, ""
        server = printable(answer.header("server").encode())
        sentences = [self._said(answer, server)]
        is_expected = expectation.first_status <= answer.status <= expectation.last_status
        if not is_expected:
            verdict = Verdict.FAILED
            plain_to_tls = self._explain_tls_port(answer)
            if plain_to_tls:
                sentences.append(plain_to_tls[0])
                hint = plain_to_tls[1]
            else:
                sentences.append(body_remark(answer))
                hint = status_hint(answer)
            if (expectation.first_status, expectation.last_status) != (200, 399):
                wanted = _status_words(expectation)
                sentences.append(_("Expected: {status}.").format(status=wanted))
        is_whole, remark = _how_it_ended(answer, self._deadline)
        sentences.append(remark)
        if not is_whole:
            verdict = Verdict.FAILED
        text = expectation.body_text
        if is_expected and is_whole and text and text.encode() not in answer.body:
            verdict = Verdict.FAILED
            sentences.append(_("The body does not contain {text}.").format(text=quoted(text)))
            if answer.body_end is BodyEnd.CUT:
                hint = _("Only the first {count} bytes were checked.").format(count=MAX_BODY_BYTES)
        return HttpReport(
            str(self._request.url),
            verdict,
            answer.elapsed_ms,
            " ".join(one for one in sentences if one),
            hint,
            answer.status,
            server,
            len(answer.body),
            answer.body_end is BodyEnd.CUT,
            tuple(self.hops),
            answer.body_end is BodyEnd.COMPLETE,
            "" if is_expected else first_line_of_body(answer),
        )

    def _said(self, answer: Answer, server: str) -> str:
        said = (
            _("HTTP {status} {printable}")
            .format(status=answer.status, printable=printable(answer.reason.encode()))
            .rstrip()
        )
        sentence = (
            _("{said} by {server} in {elapsed_ms:.0f} ms.")
            if server
            else _("{said} in {elapsed_ms:.0f} ms.")
        )
        detail = sentence.format(said=said, server=server, elapsed_ms=answer.elapsed_ms)
        if len(self.hops) > 1:
            count = len(self.hops) - 1
            redirected = ngettext(
                "Redirected once to {url}.", "Redirected {count} times to {url}.", count
            ).format(count=count, url=inert(self.hops[-1].url, LONGEST_QUOTE))
            detail = join_sentences(detail, redirected)
        return detail

    def _explain_tls_port(self, answer: Answer) -> tuple[str, str] | None:
        """Ask again with https where a server took plain HTTP for a bad request of TLS."""
        last = parse_url(self.hops[-1].url)
        if answer.status not in _BAD_REQUESTS or last.is_tls:
            return None
        from portview.probes.tls import speaks_tls  # noqa: PLC0415 - rarely wanted

        if not speaks_tls(last.target, self._deadline, self._cancel):
            return None
        return self._over_tls(last)


def _next_url(here: UrlTarget, location: str) -> UrlTarget:
    try:
        if len(location) > _LONGEST_LOCATION:
            raise ValueError  # noqa: TRY301 - reported like every other place that can't be asked
        return parse_url(urljoin(str(here), location))
    except (BadInputError, ValueError) as error:
        where = quoted(printable(location.encode()))
        detail = _("It redirects to {where}, which is not a web address.").format(where=where)
        raise _FailedError(Verdict.FAILED, detail) from error


def _how_it_ended(answer: Answer, deadline: Deadline) -> tuple[bool, str]:
    """Return whether the answer came as promised; a stream without an end is one that did."""
    declared = answer.declared_bytes
    got = len(answer.body)
    if answer.body_end is BodyEnd.BROKEN:
        reason = printable(answer.mistake.encode())
        if declared is not None and got < declared:
            reason = _("{got} of {declared} bytes came").format(got=got, declared=declared)
        return False, _("But the response was cut off: {reason}.").format(reason=reason)
    if answer.body_end is BodyEnd.STILL_COMING:
        if declared is not None:
            return False, _("But only {got} of {declared} bytes came within {time}.").format(
                got=got, declared=declared, time=format_duration(deadline.limit_ms)
            )
        return True, _("Its body had not ended by then.")
    return True, ""


def _status_words(expectation: Expectation) -> str:
    first, last = expectation.first_status, expectation.last_status
    return (
        _("status {first}").format(first=first)
        if first == last
        else _("a status from {first} to {last}").format(first=first, last=last)
    )
