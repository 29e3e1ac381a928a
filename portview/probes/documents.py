"""The documents of probes, JSON and CSV: verdict, latency_ms, detail, hint, then the rest.

Keys are stable. Times are in milliseconds; null is what is not known. Texts from servers are
untrusted.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from portview.domain.json_schema import iso_time, socket_object
from portview.domain.table.export import defused
from portview.domain.user_input.parsing import format_ports
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from portview.domain.sockets.socket_row import Endpoint, SocketRow
    from portview.domain.verdicts import Latency
    from portview.probes.bind_report import BindReport
    from portview.probes.certificates import Certificate
    from portview.probes.http import HttpReport
    from portview.probes.ladder import LadderReport
    from portview.probes.pick import PickReport
    from portview.probes.scan import ScanReport
    from portview.probes.scan_comparison import TableComparison
    from portview.probes.tcp import AddressReport, ProbeReport
    from portview.probes.tls import TlsReport
    from portview.probes.wait import WaitReport


def _head(
    verdict: str, latency_ms: float | None, detail: str, hint: str, **rest: Any
) -> dict[str, Any]:
    rounded = None if latency_ms is None else round(latency_ms, 3)
    return {"verdict": verdict, "latency_ms": rounded, "detail": detail, "hint": hint, **rest}


def probe_document(report: ProbeReport) -> dict[str, Any]:
    """Return the document of ``probe tcp`` and ``probe udp``."""
    return _head(
        report.verdict.value,
        report.latency_ms,
        report.detail,
        report.hint,
        target=str(report.target),
        addresses=[_address(one) for one in report.addresses],
    )


def _address(report: AddressReport) -> dict[str, Any]:
    local = next((one.local for one in report.tries if one.local), None)
    return {
        **_endpoint(report.address),
        "verdict": report.verdict.value,
        "latency": _latency(report.latency),
        "detail": report.detail,
        "hint": report.hint,
        "local_address": local.address if local else None,
        "tries": len(report.tries),
    }


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {"address": endpoint.address, "port": endpoint.port}


def _latency(latency: Latency | None) -> dict[str, float] | None:
    if latency is None:
        return None
    return {
        "min_ms": round(latency.min_ms, 3),
        "median_ms": round(latency.median_ms, 3),
        "max_ms": round(latency.max_ms, 3),
    }


def http_document(report: HttpReport) -> dict[str, Any]:
    """Return the document of ``probe http``."""
    return _head(
        report.verdict.value,
        report.latency_ms,
        report.detail,
        report.hint,
        url=report.url,
        status=report.status,
        server=report.server or None,
        body_bytes=report.body_bytes,
        is_body_cut=report.is_body_cut,
        is_body_complete=report.is_body_complete,
        body_line=report.body_line or None,
        hops=[
            {
                "url": hop.url,
                "status": hop.status,
                "elapsed_ms": round(hop.elapsed_ms, 3),
                **_endpoint(hop.address),
            }
            for hop in report.hops
        ],
    )


def tls_document(report: TlsReport) -> dict[str, Any]:
    """Return the document of ``probe tls``."""
    return _head(
        report.verdict.value,
        report.latency_ms,
        report.detail,
        report.hint,
        target=str(report.target),
        address=report.address.address if report.address else None,
        version=report.version or None,
        cipher=report.cipher or None,
        problems=[problem.value for problem in report.problems],
        days_left=report.days_left,
        certificate=_certificate(report.certificate),
        chain=[_certificate(one) for one in report.chain],
        client_certificate=report.client_certificate.value if report.client_certificate else None,
        protocol=report.protocol or None,
        is_starttls=report.is_starttls,
    )


def _certificate(certificate: Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "not_before": _moment(certificate.not_before),
        "not_after": _moment(certificate.not_after),
        "is_self_signed": certificate.is_self_signed,
    }


def _moment(moment: datetime) -> str | None:
    return iso_time(round(moment.timestamp() * 1000))


def bind_document(report: BindReport) -> dict[str, Any]:
    """Return the document of ``probe bind``."""
    return _head(
        report.verdict.value,
        None,
        report.detail,
        report.hint,
        port=report.port,
        protocol=report.protocol.value,
        places=[
            {
                "address": one.place.address,
                "is_dual_stack": one.place.is_dual_stack,
                "verdict": one.verdict.value,
                "detail": one.detail,
                "hint": one.hint,
                "error_number": one.code,
            }
            for one in report.places
        ],
        used_by=[socket_object(row, None) for row in report.users],
        notes=list(report.notes),
    )


def ladder_document(report: LadderReport) -> dict[str, Any]:
    """Return the document of ``ladder``; ``verdict`` says from where the port can be reached."""
    conclusion = report.conclusion
    return _head(
        conclusion.reach.value,
        None,
        conclusion.sentence,
        conclusion.advice,
        port=report.port,
        steps=[
            _head(
                step.verdict.value if step.verdict else step.outcome.value,
                step.latency_ms,
                step.text,
                "",
                kind=step.kind.value,
                outcome=step.outcome.value,
            )
            for step in report.steps
        ],
    )


def scan_document(
    report: ScanReport, comparison: TableComparison | None, remarks: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the document of ``scan``; ``comparison`` is null for other machines.

    ``remarks`` are sentences on listeners of this machine.
    """
    return {
        "host": report.host,
        "address": report.address,
        "is_this_machine": report.is_this_machine,
        "asked_count": report.asked_count,
        "open": [
            {
                "port": one.port,
                "service": one.service or None,
                "latency_ms": round(one.latency_ms, 3),
                "banner": one.banner or None,
            }
            for one in report.open
        ],
        "closed_count": report.closed_count,
        "filtered_count": report.filtered_count,
        "filtered_ports": format_ports(report.filtered),
        "unreachable_count": report.unreachable_count,
        "elapsed_ms": round(report.elapsed_ms, 3),
        "other_addresses": list(report.other_addresses),
        "comparison": None if comparison is None else _comparison(comparison),
        "remarks": list(remarks),
    }


def scan_csv(report: ScanReport) -> str:
    """Return the open ports of a scan as CSV, one line each below a line of titles."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("address", "port", "service", "latency_ms", "banner"))
    for one in report.open:
        latency_ms, banner = round(one.latency_ms, 3), defused(one.banner)
        writer.writerow((report.address, one.port, one.service, latency_ms, banner))
    return text.getvalue()


def _comparison(comparison: TableComparison) -> dict[str, Any]:
    return {
        "not_reachable": [_listener(row) for row in comparison.not_reachable],
        "unknown_ports": list(comparison.unknown),
    }


def _listener(row: SocketRow) -> dict[str, Any]:
    return {
        "local_address": row.local.address,
        "local_port": row.local.port,
        "pid": row.pid,
    }


def wait_document(report: WaitReport) -> dict[str, Any]:
    """Return the document of ``wait``."""
    unmet = next((one for one in report.conditions if not one.is_met), None)
    return {
        "verdict": "met" if report.is_met else "timed_out",
        "latency_ms": round(report.elapsed_ms, 3),
        "detail": ""
        if unmet is None
        else _("{unmet_name}: not yet. {detail}").format(
            unmet_name=unmet.name, detail=unmet.detail
        ),
        "hint": "",
        "wishes": [
            {"name": one.name, "is_met": one.is_met, "detail": one.detail, "looks": one.looks}
            for one in report.conditions
        ],
    }


def pick_document(report: PickReport) -> dict[str, Any]:
    """Return the document of ``pick``."""
    return {
        "ports": list(report.ports),
        "skipped": [{"port": one.port, "reason": one.reason} for one in report.skipped],
        "notes": list(report.notes),
    }
