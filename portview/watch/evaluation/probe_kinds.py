"""The kinds of watches that ask over the network: tcp, udp, http, tls. Bounded by their time."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from portview.domain.errors import PortViewError
from portview.domain.user_input.targets import Target, UrlTarget, parse_url
from portview.domain.verdicts import Verdict
from portview.i18n import _
from portview.probes.deadline import Deadline
from portview.probes.resolve import UnresolvedError, resolve
from portview.watch.evaluation.observation import Observation, bad, good, unreadable
from portview.watch.rules.model import Expectation

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.cancellation import CancelToken
    from portview.watch.rules.model import Watch

_LOCALHOST = "127.0.0.1"
_TEMPORARY = "name_server_silent"
_FIRST_REDIRECT, _LAST_REDIRECT = 300, 399


def evaluate_by_probe(watch: Watch, cancel: CancelToken) -> Observation:
    """Ask the server of a watch. Never raises but Cancelled."""
    deadline = Deadline.after(watch.timeout_s * 1000)
    try:
        target = _target(watch)
        if problem := _unresolved(target.host, target.port, deadline, cancel):
            return problem
        return PROBE_KINDS[watch.expect](watch, max(deadline.left_ms, 1.0), cancel)
    except PortViewError as error:
        return unreadable(error.message)


def _target(watch: Watch) -> Target:
    if watch.url:
        return parse_url(watch.url).target
    return Target(watch.host or watch.address or _LOCALHOST, watch.port or 0)


def _unresolved(
    host: str, port: int, deadline: Deadline, cancel: CancelToken
) -> Observation | None:
    """Return what a name that has no address means: none is bad, a silent server leaves it open."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    else:
        return None
    try:
        resolve(host, port, cancel, deadline)
    except UnresolvedError as error:
        return (unreadable if error.code == _TEMPORARY else bad)(error.message)
    return None


def _of_verdict(verdict: Verdict, detail: str) -> Observation:
    if verdict is Verdict.ERROR:
        return unreadable(detail)
    return good(detail) if verdict.is_good else bad(detail)


def _tcp(watch: Watch, left_ms: float, cancel: CancelToken) -> Observation:
    from portview.probes.tcp import probe_tcp  # noqa: PLC0415 - loaded when wanted

    report = probe_tcp(
        _target(watch), timeout_ms=left_ms, tries=1, is_explained=False, cancel=cancel
    )
    return _of_verdict(report.verdict, report.detail)


def _udp(watch: Watch, left_ms: float, cancel: CancelToken) -> Observation:
    from portview.probes.udp import probe_udp  # noqa: PLC0415 - loaded when wanted

    report = probe_udp(_target(watch), timeout_ms=left_ms, cancel=cancel)
    return _of_verdict(report.verdict, report.detail)


def _http(watch: Watch, left_ms: float, cancel: CancelToken) -> Observation:
    from portview.probes.http import (  # noqa: PLC0415 - loaded when wanted
        MAX_REDIRECTS,
        probe_http,
    )
    from portview.probes.http import Expectation as HttpExpectation  # noqa: PLC0415 - likewise

    url = (
        parse_url(watch.url)
        if watch.url
        else UrlTarget(is_tls=False, target=_target(watch), path="/")
    )
    wants_redirect = any(_FIRST_REDIRECT <= one <= _LAST_REDIRECT for one in watch.status)
    expected = HttpExpectation(body_text=watch.contains)
    if watch.status:
        # Each status of the list is as good as the others, so the range holds them all.
        expected = HttpExpectation(min(watch.status), max(watch.status), watch.contains)
    report = probe_http(
        url,
        expectation=expected,
        max_redirects=0 if wants_redirect else MAX_REDIRECTS,
        timeout_ms=left_ms,
        cancel=cancel,
    )
    if report.verdict is Verdict.OK and watch.status and report.status not in watch.status:
        wanted = ", ".join(map(str, watch.status))
        text = _("The server answered with status {status}; expected was {wanted}.")
        return bad(text.format(status=report.status, wanted=wanted))
    return _of_verdict(report.verdict, report.detail)


def _tls(watch: Watch, left_ms: float, cancel: CancelToken) -> Observation:
    from portview.probes.certificates import CertificateProblem  # noqa: PLC0415 - when wanted
    from portview.probes.tls import probe_tls  # noqa: PLC0415 - likewise

    report = probe_tls(_target(watch), timeout_ms=left_ms, cancel=cancel)
    if report.verdict is Verdict.ERROR:
        return unreadable(report.detail)
    if report.certificate is None or report.days_left is None:
        return bad(report.detail)
    # What this watch is about is time; an issuer that this machine does not know is only said.
    over = {CertificateProblem.EXPIRED, CertificateProblem.NOT_YET_VALID} & set(report.problems)
    text = _("The certificate is valid for {days} more days; the limit is {limit:g}.")
    shown = f"{text.format(days=report.days_left, limit=watch.days)} {report.detail}"
    return bad(shown) if over or report.days_left < watch.days else good(shown)


PROBE_KINDS: dict[Expectation, Callable[[Watch, float, CancelToken], Observation]] = {
    Expectation.TCP: _tcp,
    Expectation.UDP: _udp,
    Expectation.HTTP: _http,
    Expectation.TLS: _tls,
}
