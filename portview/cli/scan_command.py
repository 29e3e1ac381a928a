"""``scan``: many ports of one host."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from portview.cli.console import print_bytes, print_json, print_note
from portview.cli.progress_line import progress_line
from portview.cli.screen import print_text
from portview.domain.cancellation import CancelToken
from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.port_names import read_port_names
from portview.domain.sockets.socket_row import Protocol, endpoint_text
from portview.domain.user_input.hosts import parse_host
from portview.domain.user_input.parsing import (
    MAX_PORT,
    format_duration,
    format_ports,
    parse_count,
    parse_duration_ms,
    parse_ports,
)
from portview.i18n import _, join_list
from portview.probes.documents import scan_csv, scan_document
from portview.probes.local_listener import remarks_on_scan
from portview.probes.own_addresses import is_this_machine
from portview.probes.scan import (
    DEFAULT_SCAN_TIMEOUT_MS,
    OpenPort,
    ScanOptions,
    addresses_to_scan,
    scan,
)
from portview.probes.scan_comparison import TableComparison, compare_with_table
from portview.readers.choose import open_reader
from portview.resources import resource_path

if TYPE_CHECKING:
    import argparse

    from portview.probes.scan import ScanReport

_MOST_PER_S = 100_000


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``scan`` to the command line."""
    parser = commands.add_parser(
        "scan",
        help=_("find the open TCP ports of a host"),
        description=_(
            "Connect to many TCP ports of a host and list the open "
            "ones. For this machine the result is compared with the "
            "socket table."
        ),
        epilog=_("Exit code 1 where no port is open. Scan only hosts that you may scan."),
    )
    parser.add_argument("host", metavar="HOST", type=parse_host)
    parser.add_argument(
        "--ports",
        metavar="LIST",
        type=parse_ports,
        default=tuple(range(1, MAX_PORT + 1)),
        help=_("such as 1-1024,8080 (default: all)"),
    )
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=parse_duration_ms,
        default=DEFAULT_SCAN_TIMEOUT_MS,
        help=_("for each port (default: {default_scan_timeout_ms} ms)").format(
            default_scan_timeout_ms=DEFAULT_SCAN_TIMEOUT_MS
        ),
    )
    parser.add_argument(
        "--rate",
        metavar="N",
        type=partial(parse_count, most=_MOST_PER_S),
        help=_("at most N connections a second"),
    )
    parser.add_argument("--banner", action="store_true", help=_("read what servers say first"))
    parser.add_argument(
        "--yes", action="store_true", help=_("do not ask whether you may scan another machine")
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=_("print one JSON document"))
    form.add_argument("--csv", action="store_true", help=_("print CSV in UTF-8"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> Outcome:
    """Scan, and list what is open as it comes."""
    _make_sure_one_may_scan(options)
    names = read_port_names(resource_path("port_names.tsv").read_text(encoding="utf-8"))
    chosen = ScanOptions(
        timeout_ms=options.timeout,
        rate_per_s=options.rate,
        wants_banner=options.banner,
        service_name=lambda port: names.name(Protocol.TCP, port) or "",
    )
    is_for_people = not (options.json or options.csv)
    with progress_line() as progress:
        report = scan(
            options.host,
            options.ports,
            options=chosen,
            report=progress,
            found=_print_open if is_for_people else None,
        )
    comparison = _comparison(report, options.ports) if report.is_this_machine else None
    remarks = remarks_on_scan(report, comparison) if comparison is not None else ()
    if options.json:
        print_json(scan_document(report, comparison, remarks))
    elif options.csv:
        print_bytes(scan_csv(report).encode())
    else:
        _print_summary(report, comparison)
        for remark in remarks:
            print_text(remark)
    return Outcome.DONE if report.open else Outcome.NOT_DONE


def _make_sure_one_may_scan(options: argparse.Namespace) -> None:
    if options.yes:
        return
    address = addresses_to_scan(options.host, CancelToken())[0].endpoint.address
    if is_this_machine(address):
        return
    refusal = PortViewError(
        "not_confirmed",
        _("{host} ({address}) is another machine.").format(host=options.host, address=address),
        _("Add --yes if you may scan it."),
        Outcome.BAD_INPUT,
    )
    if options.json or options.csv or sys.stdin is None or not sys.stdin.isatty():
        raise refusal
    print_note(
        _("{host} ({address}) is another machine. May you scan it? [y/N]").format(
            host=options.host, address=address
        )
    )
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise refusal


def _comparison(report: ScanReport, asked: tuple[int, ...]) -> TableComparison:
    reader = open_reader()
    try:
        return compare_with_table(report, asked, reader.read_settled().rows)
    finally:
        reader.close()


def _print_open(one: OpenPort) -> None:
    words = [_("{port:>5}/tcp open").format(port=one.port), one.service, one.banner]
    print_text("  ".join(word for word in words if word), "good")


def _print_summary(report: ScanReport, comparison: TableComparison | None) -> None:
    print_text(
        _(
            "{address}: {count} open, {closed_count} closed, {filtered_count} "
            "filtered, {unreachable_count} unreachable in {duration}"
        ).format(
            address=report.address,
            count=len(report.open),
            closed_count=report.closed_count,
            filtered_count=report.filtered_count,
            unreachable_count=report.unreachable_count,
            duration=format_duration(report.elapsed_ms),
        )
    )
    if report.filtered and len(report.filtered) < report.asked_count:
        print_text(_("filtered: {ports}").format(ports=format_ports(report.filtered)))
    if report.other_addresses:
        print_text(
            _("not scanned: {other_addresses}").format(
                other_addresses=join_list(report.other_addresses)
            )
        )
    if comparison is None:
        return
    for row in comparison.not_reachable:
        print_text(
            _("listens but does not answer: {endpoint_text}").format(
                endpoint_text=endpoint_text(row.local)
            )
        )
    if comparison.unknown:
        print_text(
            _("answers but is not in the socket table: {ports}").format(
                ports=format_ports(comparison.unknown)
            )
        )
