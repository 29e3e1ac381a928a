"""Reports of probes as sheets for reading. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.sockets import endpoint_text
from portview.domain.verdicts import Verdict
from portview.probes.bind_report import BindReport, BindVerdict, is_free_for_a_server
from portview.probes.http import HttpReport
from portview.probes.ladder import StepKind, StepOutcome
from portview.probes.tls import TlsReport, problem_words
from portview.ui.probing.sheet import TONE_WORDS, Sheet, SheetRow
from portview.ui.probing.tone import Tone

if TYPE_CHECKING:
    from portview.domain.verdicts import Latency
    from portview.probes.ladder import LadderStep
    from portview.probes.tcp import AddressReport, ProbeReport

VERDICT_WORDS = {
    Verdict.OPEN: "Open",
    Verdict.CLOSED: "Closed",
    Verdict.FILTERED: "Filtered",
    Verdict.UNREACHABLE: "Unreachable",
    Verdict.OPEN_OR_FILTERED: "Open or filtered",
    Verdict.OK: "OK",
    Verdict.FAILED: "Not as it should be",
    Verdict.UNRESOLVED: "Unknown name",
    Verdict.ERROR: "Could not ask",
}
_BIND_WORDS = {
    BindVerdict.FREE: "Free",
    BindVerdict.IN_USE: "In use",
    BindVerdict.LEFTOVERS: "Free, with leftovers",
    BindVerdict.SHARED: "Shared",
    BindVerdict.REDIRECTED: "Redirected",
    BindVerdict.RESERVED: "Reserved",
    BindVerdict.EXCLUSIVE: "Taken exclusively",
    BindVerdict.PRIVILEGED: "For administrators",
    BindVerdict.FORBIDDEN: "Forbidden",
    BindVerdict.NO_ADDRESS: "No such address",
    BindVerdict.ERROR: "Could not try",
}
STEP_WORDS = {
    StepKind.BOUND: "Listens",
    StepKind.LOOPBACK: "Loopback",
    StepKind.OWN_ADDRESS: "Own address",
    StepKind.FIREWALL: "Firewall",
    StepKind.GREETING: "Greeting",
}
STEP_TONES = {
    StepOutcome.GOOD: Tone.GOOD,
    StepOutcome.BAD: Tone.BAD,
    StepOutcome.NOTE: Tone.NOTE,
}
STEP_COLUMNS = ("Step", "Result", "Time", "What was found")
_ADDRESS_COLUMNS = (
    "Address",
    "Verdict",
    "Min / median / max",
    "Tries",
    "From",
    "What was found",
)
_HOP_COLUMNS = ("Step", "Status", "Time", "Asked", "At")
_FACT_COLUMNS = ("Certificate", "What it says")
_PLACE_COLUMNS = ("Address", "Verdict", "What was found")


def sheet_of(report: ProbeReport | HttpReport | TlsReport | BindReport) -> Sheet:
    """Turn any probe's report into a sheet."""
    if isinstance(report, HttpReport):
        return _http_sheet(report)
    if isinstance(report, TlsReport):
        return _tls_sheet(report)
    if isinstance(report, BindReport):
        return _bind_sheet(report)
    return Sheet(
        verdict_tone(report.verdict),
        VERDICT_WORDS[report.verdict],
        report.detail,
        report.hint,
        _ADDRESS_COLUMNS,
        tuple(map(_address_row, report.addresses)),
    )


def verdict_tone(verdict: Verdict) -> Tone:
    """Tell whether a verdict is good news."""
    if verdict.is_good:
        return Tone.GOOD
    return Tone.NOTE if verdict is Verdict.OPEN_OR_FILTERED else Tone.BAD


def step_row(step: LadderStep) -> SheetRow:
    """Return the line of one rung of the ladder; its columns are STEP_COLUMNS."""
    tone = STEP_TONES[step.outcome]
    return SheetRow(
        (STEP_WORDS[step.kind], TONE_WORDS[tone], time_text(step.latency_ms), step.text), tone
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


def _address_row(report: AddressReport) -> SheetRow:
    times = report.latency
    local = next((one.local for one in report.tries if one.local), None)
    return SheetRow(
        (
            endpoint_text(report.address),
            VERDICT_WORDS[report.verdict],
            "" if times is None else times_text(times),
            str(len(report.tries)),
            endpoint_text(local) if local else "",
            report.detail,
        ),
        verdict_tone(report.verdict),
    )


def _http_sheet(report: HttpReport) -> Sheet:
    rows = [
        SheetRow(
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
        more = "more than " if report.is_body_cut else ""
        detail = f"{detail} The body has {more}{report.body_bytes:,} bytes."
    return Sheet(
        verdict_tone(report.verdict),
        VERDICT_WORDS[report.verdict],
        detail,
        report.hint,
        _HOP_COLUMNS if rows else (),
        tuple(rows),
    )


def _tls_sheet(report: TlsReport) -> Sheet:
    rows = []
    certificate = report.certificate
    if certificate:
        rows = [
            SheetRow(
                ("Problem", f"{words[0].upper()}{words[1:]}."),
                Tone.BAD,
            )
            for problem in report.problems
            for words in [problem_words((problem,), certificate, report.target.host)]
        ]
        until = f"{certificate.not_after:%Y-%m-%d %H:%M} UTC"
        rows += [
            SheetRow(("For the names", ", ".join(certificate.names) or "none")),
            SheetRow(("Subject", certificate.subject)),
            SheetRow(
                ("Issuer", f"{certificate.issuer}{_self_signed(is_so=certificate.is_self_signed)}")
            ),
            SheetRow(("Valid from", f"{certificate.not_before:%Y-%m-%d %H:%M} UTC")),
            SheetRow(("Valid until", f"{until}{_days_words(report.days_left)}")),
        ]
    if report.version:
        rows.append(SheetRow(("Version", report.version)))
        rows.append(SheetRow(("Cipher", report.cipher)))
    if report.address:
        rows.append(SheetRow(("Address", endpoint_text(report.address))))
    return Sheet(
        verdict_tone(report.verdict),
        VERDICT_WORDS[report.verdict],
        report.detail,
        report.hint,
        _FACT_COLUMNS if rows else (),
        tuple(rows),
    )


def _self_signed(*, is_so: bool) -> str:
    return " (signed by itself)" if is_so else ""


def _days_words(days_left: int | None) -> str:
    if days_left is None:
        return ""
    return f" ({days_left} days left)" if days_left >= 0 else f" ({-days_left} days ago)"


def _bind_sheet(report: BindReport) -> Sheet:
    rows = tuple(
        SheetRow(
            (str(one.place), _BIND_WORDS[one.verdict], f"{one.detail} {one.hint}".rstrip()),
            _bind_tone(one.verdict, report),
        )
        for one in report.places
    )
    return Sheet(
        _bind_tone(report.verdict, report),
        _BIND_WORDS[report.verdict],
        " ".join((report.detail, *report.notes)),
        report.hint,
        _PLACE_COLUMNS,
        rows,
    )


def _bind_tone(verdict: BindVerdict, report: BindReport) -> Tone:
    if is_free_for_a_server(verdict, report.port, report.protocol):
        return Tone.GOOD
    return Tone.NOTE if verdict is BindVerdict.NO_ADDRESS else Tone.BAD
