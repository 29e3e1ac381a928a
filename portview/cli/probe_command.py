"""``probe``: ask one port in one way."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from portview.actions.port_destinations import PortDestinations
from portview.cli.console import print_json
from portview.cli.progress_line import progress_line
from portview.cli.screen import print_text
from portview.domain.errors import Outcome
from portview.domain.sockets.socket_row import Protocol, endpoint_text
from portview.domain.user_input.hosts import parse_host
from portview.domain.user_input.parsing import parse_count, parse_duration_ms
from portview.domain.user_input.targets import parse_bind_target, parse_target, parse_url
from portview.domain.verdicts import Verdict
from portview.i18n import _, join_list, labelled
from portview.probes.bind import probe_bind
from portview.probes.bind_report import meaning_of_free
from portview.probes.documents import (
    bind_document,
    http_document,
    probe_document,
    tls_document,
)
from portview.probes.http import DEFAULT_HTTP_TIMEOUT_MS, MAX_REDIRECTS, Expectation, probe_http
from portview.probes.tcp import DEFAULT_TIMEOUT_MS, DEFAULT_TRIES, probe_tcp
from portview.probes.tls import DEFAULT_TLS_TIMEOUT_MS, probe_tls
from portview.probes.udp import DEFAULT_RETRIES, DEFAULT_UDP_TIMEOUT_MS, probe_udp
from portview.probes.udp_payloads import PAYLOADS
from portview.probes.verdict_words import verdict_words
from portview.readers.port_ranges import read_port_ranges

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_MOST_TRIES = 100


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``probe`` and its kinds to the command line."""
    parser = commands.add_parser(
        "probe",
        help=_("ask one port whether and how it answers"),
        description=_("Ask one port in one way."),
        epilog=_("Exit code 0: open, as expected, or free; 1: anything else."),
    )
    kinds = parser.add_subparsers(required=True, dest="KIND", metavar="KIND")
    tcp = _kind(
        kinds,
        "tcp",
        _("connect to a TCP port"),
        "HOST:PORT",
        timeout_ms=DEFAULT_TIMEOUT_MS,
        run=_tcp,
    )
    tcp.add_argument(
        "--tries",
        type=partial(parse_count, most=_MOST_TRIES),
        default=DEFAULT_TRIES,
        help=_("connections per address"),
    )
    udp = _kind(
        kinds, "udp", _("ask a UDP port"), "HOST:PORT", timeout_ms=DEFAULT_UDP_TIMEOUT_MS, run=_udp
    )
    udp.add_argument(
        "--payload", choices=sorted(PAYLOADS), help=_("what to ask (default: by port)")
    )
    udp.add_argument("--retries", type=int, choices=range(11), default=DEFAULT_RETRIES)
    http = _kind(
        kinds, "http", _("ask a web server"), "URL", timeout_ms=DEFAULT_HTTP_TIMEOUT_MS, run=_http
    )
    http.add_argument("--status", type=int, metavar="CODE", help=_("the status that is expected"))
    http.add_argument("--contains", metavar="TEXT", default="", help=_("text expected in the body"))
    http.add_argument("--no-redirects", action="store_true", help=_("do not follow redirects"))
    http.add_argument("--insecure", action="store_true", help=_("take any certificate"))
    tls = _kind(
        kinds,
        "tls",
        _("check a TLS server"),
        "HOST:PORT",
        timeout_ms=DEFAULT_TLS_TIMEOUT_MS,
        run=_tls,
    )
    tls.add_argument(
        "--server-name", metavar="NAME", type=parse_host, help=_("the name to ask for")
    )
    for one in (http, tls):
        one.add_argument(
            "--ca-file", metavar="PEM", help=_("issuers to trust instead of the system's")
        )
    about = _("check whether a server on this machine can take a port")
    bind = kinds.add_parser(
        "bind", help=about, description=f"{about.capitalize()}.", epilog=meaning_of_free()
    )
    bind.add_argument("target", metavar="[ADDRESS:]PORT")
    bind.add_argument("--proto", choices=[one.value for one in Protocol], default="tcp")
    bind.add_argument("--json", action="store_true", help=_("print one JSON document"))
    bind.set_defaults(run=_bind)


def _kind(
    kinds: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    about: str,
    target: str,
    *,
    timeout_ms: int,
    run: Callable[[argparse.Namespace], Outcome],
) -> argparse.ArgumentParser:
    parser = kinds.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
    parser.add_argument("target", metavar=target)
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=parse_duration_ms,
        default=timeout_ms,
        help=_("for everything, such as 500ms or 3s (default: {timeout_ms} ms)").format(
            timeout_ms=timeout_ms
        ),
    )
    parser.add_argument("--json", action="store_true", help=_("print one JSON document"))
    parser.set_defaults(run=run)
    return parser


def _tcp(options: argparse.Namespace) -> Outcome:
    target = parse_target(options.target, transport="tcp")
    with progress_line() as progress:
        report = probe_tcp(target, timeout_ms=options.timeout, tries=options.tries, report=progress)
    lines = [_address_line(one) for one in report.addresses]
    return _report(options, report, probe_document(report), lines)


def _udp(options: argparse.Namespace) -> Outcome:
    target = parse_target(options.target, transport="udp")
    with progress_line() as progress:
        report = probe_udp(
            target,
            payload=PAYLOADS[options.payload] if options.payload else None,
            timeout_ms=options.timeout,
            retries=options.retries,
            report=progress,
        )
    lines = [_address_line(one) for one in report.addresses]
    return _report(options, report, probe_document(report), lines)


def _address_line(one: Any) -> str:
    times = ""
    if one.latency:
        times = " " + _("min/median/max {min_ms:.2f}/{median_ms:.2f}/{max_ms:.2f} ms").format(
            min_ms=one.latency.min_ms, median_ms=one.latency.median_ms, max_ms=one.latency.max_ms
        )
    return labelled(endpoint_text(one.address), verdict_words(one.verdict)) + times


def _http(options: argparse.Namespace) -> Outcome:
    url = parse_url(options.target)
    expectation = Expectation(body_text=options.contains)
    if options.status is not None:
        expectation = Expectation(options.status, options.status, options.contains)
    with progress_line() as progress:
        report = probe_http(
            url,
            expectation=expectation,
            max_redirects=0 if options.no_redirects else MAX_REDIRECTS,
            ca_file=options.ca_file,
            is_certificate_checked=not options.insecure,
            timeout_ms=options.timeout,
            report=progress,
        )
    lines = [
        _("{status} {url} in {elapsed_ms:.0f} ms").format(
            status=hop.status, url=hop.url, elapsed_ms=hop.elapsed_ms
        )
        for hop in report.hops
    ]
    return _report(options, report, http_document(report), lines)


def _tls(options: argparse.Namespace) -> Outcome:
    target = parse_target(options.target, default_port=443, transport="tcp")
    with progress_line() as progress:
        report = probe_tls(
            target,
            server_name=options.server_name,
            ca_file=options.ca_file,
            timeout_ms=options.timeout,
            report=progress,
        )
    lines = []
    if report.certificate:
        names = join_list(report.certificate.names)
        lines = [
            _("names: {names}").format(names=names),
            _("issuer: {issuer}").format(issuer=report.certificate.issuer),
        ]
    return _report(options, report, tls_document(report), lines)


def _bind(options: argparse.Namespace) -> Outcome:
    address, port = parse_bind_target(options.target)
    protocol = Protocol(options.proto)
    with closing(PortDestinations()) as destinations, progress_line() as progress:
        report = probe_bind(
            port,
            protocol=protocol,
            address=address,
            ranges=read_port_ranges(protocol),
            destinations=destinations,
            report=progress,
        )
    lines = [labelled(str(one.place), verdict_words(one.verdict)) for one in report.places]
    lines += report.notes
    style = "good" if report.is_free else "bad"
    _print(options, report, bind_document(report), lines, style)
    return Outcome.DONE if report.is_free else Outcome.NOT_DONE


def _report(
    options: argparse.Namespace, report: Any, document: dict[str, Any], lines: list[str]
) -> Outcome:
    style = "good" if report.verdict.is_good else "bad"
    if report.verdict is Verdict.OPEN_OR_FILTERED:
        style = "note"
    _print(options, report, document, lines, style)
    return Outcome.DONE if report.verdict.is_good else Outcome.NOT_DONE


def _print(
    options: argparse.Namespace,
    report: Any,
    document: dict[str, Any],
    lines: list[str],
    style: str,
) -> None:
    if options.json:
        print_json(document)
        return
    print_text(verdict_words(report.verdict), style, f": {report.detail}")
    for line in lines:
        print_text(f"  {printable_line(line)}")
    if report.hint:
        print_text(_("hint: {hint}").format(hint=report.hint), "name")


def printable_line(text: str) -> str:
    """Take what a terminal would obey out of a text from the network."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
