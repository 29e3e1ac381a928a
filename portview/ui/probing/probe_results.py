"""Reports of probes as sheets for reading. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.severity import Severity
from portview.domain.sockets.socket_row import endpoint_text
from portview.domain.verdicts import Verdict
from portview.i18n import N_, _, join_list, join_sentences, ngettext
from portview.probes.bind_report import BindReport, BindVerdict, is_free_for_a_server
from portview.probes.http import HttpReport
from portview.probes.ladder import LadderStage, StepOutcome
from portview.probes.tls import ClientCertificate, TlsReport
from portview.probes.tls_words import problem_words
from portview.probes.verdict_words import verdict_words
from portview.ui.widgets.result import SEVERITY_LABELS, DisplayedResult, ResultRow

if TYPE_CHECKING:
    from portview.domain.verdicts import Latency
    from portview.probes.certificates import Certificate
    from portview.probes.ladder import LadderStep
    from portview.probes.tcp import AddressReport, ProbeReport

STEP_LABELS = {
    LadderStage.BOUND: N_("Listens"),
    LadderStage.OWNER: N_("Program"),
    LadderStage.LOOPBACK: N_("Loopback"),
    LadderStage.OWN_ADDRESS: N_("Own address"),
    LadderStage.NAT: N_("NAT rules"),
    LadderStage.FIREWALL: N_("Firewall"),
    LadderStage.GREETING: N_("Greeting"),
}
STEP_SEVERITIES = {
    StepOutcome.GOOD: Severity.GOOD,
    StepOutcome.BAD: Severity.BAD,
    StepOutcome.NOTE: Severity.NOTE,
}
STEP_COLUMNS = (N_("Step"), N_("Result"), N_("Time"), N_("What was found"))
_ADDRESS_COLUMNS = (
    N_("Address"),
    N_("Verdict"),
    N_("Min / median / max"),
    N_("Tries"),
    N_("From"),
    N_("What was found"),
)
_HOP_COLUMNS = (N_("Step"), N_("Status"), N_("Time"), N_("Asked"), N_("At"))
_FACT_COLUMNS = (N_("Certificate"), N_("What it says"))
_PLACE_COLUMNS = (N_("Address"), N_("Verdict"), N_("What was found"))


def result_of(report: ProbeReport | HttpReport | TlsReport | BindReport) -> DisplayedResult:
    """Turn any probe's report into a sheet."""
    if isinstance(report, HttpReport):
        return _http_result(report)
    if isinstance(report, TlsReport):
        return _tls_result(report)
    if isinstance(report, BindReport):
        return _bind_result(report)
    return DisplayedResult(
        verdict_severity(report.verdict),
        verdict_words(report.verdict),
        report.detail,
        report.hint,
        tuple(map(_, _ADDRESS_COLUMNS)),
        tuple(map(_address_row, report.addresses)),
    )


def verdict_severity(verdict: Verdict) -> Severity:
    """Return whether a verdict is good news."""
    if verdict.is_good:
        return Severity.GOOD
    return Severity.NOTE if verdict is Verdict.OPEN_OR_FILTERED else Severity.BAD


def step_row(step: LadderStep) -> ResultRow:
    """Return the line of one rung of the ladder; its columns are STEP_COLUMNS."""
    severity = STEP_SEVERITIES[step.outcome]
    return ResultRow(
        (
            _(STEP_LABELS[step.kind]),
            _(SEVERITY_LABELS[severity]),
            time_text(step.latency_ms),
            step.text,
        ),
        severity,
    )


def time_text(time_ms: float | None) -> str:
    """Write a latency with figures that mean something: ``0.08 ms``, ``12.4 ms``, ``1,250 ms``."""
    if time_ms is None:
        return ""
    if time_ms < 1:
        return f"{time_ms:.2f} ms"
    return f"{time_ms:,.1f} ms" if time_ms < 100 else f"{time_ms:,.0f} ms"  # noqa: PLR2004


def times_text(times: Latency) -> str:
    """Write the times of several tries; one where they are the same."""
    if times.min_ms == times.max_ms:
        return time_text(times.median_ms)
    return " / ".join(map(time_text, (times.min_ms, times.median_ms, times.max_ms)))


def _address_row(report: AddressReport) -> ResultRow:
    times = report.latency
    local = next((one.local for one in report.tries if one.local), None)
    return ResultRow(
        (
            endpoint_text(report.address),
            verdict_words(report.verdict),
            "" if times is None else times_text(times),
            str(len(report.tries)),
            endpoint_text(local) if local else "",
            report.detail,
        ),
        verdict_severity(report.verdict),
    )


def _http_result(report: HttpReport) -> DisplayedResult:
    rows = [
        ResultRow(
            (
                f"{number}",
                str(hop.status),
                time_text(hop.elapsed_ms),
                hop.url,
                endpoint_text(hop.address),
            )
        )
        for number, hop in enumerate(report.hops, 1)
    ]
    detail = report.detail
    if report.body_bytes:
        body = (
            _("The body has more than {count:,} bytes.")
            if report.is_body_cut
            else _("The body has {count:,} bytes.")
        )
        detail = join_sentences(detail, body.format(count=report.body_bytes))
    return DisplayedResult(
        verdict_severity(report.verdict),
        verdict_words(report.verdict),
        detail,
        report.hint,
        tuple(map(_, _HOP_COLUMNS)) if rows else (),
        tuple(rows),
    )


def _tls_result(report: TlsReport) -> DisplayedResult:
    rows = []
    certificate = report.certificate
    if certificate:
        rows = [
            ResultRow(
                (_("Problem"), f"{words[0].upper()}{words[1:]}."),
                Severity.BAD,
            )
            for problem in report.problems
            for words in [problem_words((problem,), certificate, report.target.host, report.chain)]
        ]
        until = f"{certificate.not_after:%Y-%m-%d %H:%M} UTC"
        rows += [
            ResultRow((_("For the names"), join_list(certificate.names) or _("none"))),
            ResultRow((_("Subject"), certificate.subject)),
            ResultRow(
                (
                    _("Issuer"),
                    _("{issuer} (self-signed)").format(issuer=certificate.issuer)
                    if certificate.is_self_signed
                    else certificate.issuer,
                )
            ),
            ResultRow((_("Valid from"), f"{certificate.not_before:%Y-%m-%d %H:%M} UTC")),
            ResultRow((_("Valid until"), _describe_days(until, report.days_left))),
        ]
        rows += [ResultRow((_("Sent with it"), _describe_issuer(one))) for one in report.chain[1:]]
    if report.client_certificate is not None:
        rows.append(
            ResultRow(
                (_("Client certificate"), _describe_demand(report.client_certificate)),
                Severity.BAD if report.client_certificate is ClientCertificate.DEMANDED else None,
            )
        )
    if report.version:
        rows.append(ResultRow((_("Version"), report.version)))
        rows.append(ResultRow((_("Cipher"), report.cipher)))
    if report.address:
        rows.append(ResultRow((_("Address"), endpoint_text(report.address))))
    return DisplayedResult(
        verdict_severity(report.verdict),
        verdict_words(report.verdict),
        report.detail,
        report.hint,
        tuple(map(_, _FACT_COLUMNS)) if rows else (),
        tuple(rows),
    )


def _describe_issuer(certificate: Certificate) -> str:
    return _("{name}, valid until {date}").format(
        name=certificate.subject, date=f"{certificate.not_after:%Y-%m-%d}"
    )


def _describe_demand(demand: ClientCertificate) -> str:
    return {
        ClientCertificate.NOT_ASKED: _("not requested"),
        ClientCertificate.ASKED: _("requested, not required by the handshake"),
        ClientCertificate.DEMANDED: _("required: clients without one are refused"),
    }[demand]


def _describe_days(date: str, days_left: int | None) -> str:
    if days_left is None:
        return date
    words = (
        ngettext("{date} ({days} day left)", "{date} ({days} days left)", days_left)
        if days_left >= 0
        else ngettext("{date} ({days} day ago)", "{date} ({days} days ago)", -days_left)
    )
    return words.format(date=date, days=abs(days_left))


def _bind_result(report: BindReport) -> DisplayedResult:
    rows = tuple(
        ResultRow(
            (str(one.place), verdict_words(one.verdict), join_sentences(one.detail, one.hint)),
            _bind_severity(one.verdict, report),
        )
        for one in report.places
    )
    return DisplayedResult(
        _bind_severity(report.verdict, report),
        verdict_words(report.verdict),
        join_sentences(report.detail, *report.notes),
        report.hint,
        tuple(map(_, _PLACE_COLUMNS)),
        rows,
    )


def _bind_severity(verdict: BindVerdict, report: BindReport) -> Severity:
    if is_free_for_a_server(verdict, report.port, report.protocol):
        return Severity.GOOD
    return Severity.NOTE if verdict is BindVerdict.NO_ADDRESS else Severity.BAD
