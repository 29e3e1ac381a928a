"""Scans of this machine, and of one behind a filter."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.cancellation import Cancelled, CancelToken
from portview.domain.errors import PortViewError
from portview.probes import connect_sweep
from portview.probes.own_addresses import is_this_machine, own_addresses
from portview.probes.resolve import UnresolvedError
from portview.probes.scan import OpenPort, ScanOptions, scan
from portview.probes.scan_comparison import compare_with_table
from portview.readers.choose import open_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.domain.verdicts import Progress

FULL_SCANS = """
import json, socket
from portview.probes.scan import scan
address = {address!r}
family = socket.AF_INET6 if ":" in address else socket.AF_INET
servers = [socket.create_server((address, 0), family=family) for _ in range(20)]
ports = sorted(server.getsockname()[1] for server in servers)
wrong = []
for _ in range(10):
    report = scan(address, range(1, 65536))
    found = [one.port for one in report.open]
    if found != ports or report.closed_count + len(found) != 65535:
        wrong.append([found, ports, report.closed_count])
print(json.dumps(wrong))
for server in servers:
    server.close()
"""


@pytest.mark.linux_only(reason="nothing else may open a port, so it runs in a network namespace")
@pytest.mark.root_only(reason="makes network namespaces")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_ten_full_scans_find_exactly_what_listens(two_machines: Any, address: str) -> None:
    near, _ = two_machines
    assert near.python(FULL_SCANS.format(address=address)) == []


def test_open_ports_come_one_by_one_with_progress(listener: Callable[..., socket.socket]) -> None:
    mine = sorted(listener().getsockname()[1] for _ in range(5))
    found: list[OpenPort] = []
    seen: list[Progress] = []
    report = scan("127.0.0.1", mine, found=found.append, report=seen.append)
    assert sorted(one.port for one in found) == mine
    assert [one.port for one in report.open] == mine
    assert seen[-1].done == seen[-1].total == 5
    assert seen[-1].left_ms == 0
    assert report.is_this_machine


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_closed_ports_are_counted(free_port: Callable[..., int], address: str) -> None:
    ports = sorted({free_port(address) for _ in range(60)})
    report = scan(address, ports)
    assert report.closed_count == len(ports)
    assert not report.open
    assert not report.filtered


def test_a_greeting_is_read_on_request(conversation: Any) -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"220 mail.example ready \x07\r\nmore")
        connection.recv(1)

    speaking = conversation(greet).port
    silent = conversation(lambda connection: connection.recv(1) and None).port
    report = scan("127.0.0.1", [speaking, silent], options=ScanOptions(wants_banner=True))
    banners = {one.port: one.banner for one in report.open}
    assert banners == {speaking: "220 mail.example ready \ufffd", silent: ""}


def test_usual_names_are_told(listener: Callable[..., socket.socket]) -> None:
    port = listener().getsockname()[1]
    options = ScanOptions(service_name=lambda number: f"service {number}")
    (found,) = scan("127.0.0.1", [port], options=options).open
    assert found.service == f"service {port}"


@pytest.mark.linux_only(reason="handles are limited with RLIMIT_NOFILE")
def test_a_scan_makes_do_with_few_handles(free_port: Callable[..., int]) -> None:
    import resource  # noqa: PLC0415

    ports = [free_port() for _ in range(40)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    import os  # noqa: PLC0415

    used = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 6, hard))
    try:
        assert connect_sweep.handle_budget() == 1
        report = scan("127.0.0.1", ports)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert report.closed_count == 40


def test_running_out_of_handles_ends_the_scan_with_a_clear_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def exhausted(*_: Any) -> socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(connect_sweep.ConnectSweep, "_new_socket", exhausted)
    monkeypatch.setattr(connect_sweep, "_STALL_WAIT_S", 0)
    with pytest.raises(PortViewError) as caught:
        scan("127.0.0.1", [80])
    assert caught.value.code == "out_of_resources"
    assert caught.value.hint


def test_cancelling_from_the_progress_of_a_scan_ends_it() -> None:
    cancel = CancelToken()
    seen: list[int] = []

    def report(progress: Progress) -> None:
        seen.append(progress.done)
        cancel.cancel()

    with pytest.raises(Cancelled):
        scan("127.0.0.1", range(1, 5000), cancel=cancel, report=report)
    assert seen[-1] < 4999


@pytest.mark.linux_only(reason="a full backlog drops there; on Windows it refuses")
def test_cancelling_ends_a_scan_that_waits() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        cancel = CancelToken()
        ended = threading.Event()

        def run() -> None:
            options = ScanOptions(timeout_ms=3_600_000)
            with pytest.raises(Cancelled):
                scan("127.0.0.1", [server.getsockname()[1]], options=options, cancel=cancel)
            ended.set()

        thread = threading.Thread(target=run)
        thread.start()
        cancel.cancel()
        assert ended.wait(30)
        thread.join()
        for filler in fillers:
            filler.close()


def test_a_rate_is_kept(free_port: Callable[..., int]) -> None:
    ports = [free_port() for _ in range(40)]
    report = scan("127.0.0.1", ports, options=ScanOptions(rate_per_s=200))
    assert report.closed_count == 40
    # 40 connections at 200 a second can't have been started in less than 0.17 s.
    assert report.elapsed_ms > 150


def test_no_ports_and_unknown_hosts_are_clear_errors() -> None:
    with pytest.raises(PortViewError) as caught:
        scan("127.0.0.1", [])
    assert caught.value.code == "no_ports"
    with pytest.raises(UnresolvedError):
        scan("no-such-name.invalid", [80])


FAR_SCAN = """
import json
from dataclasses import asdict
from portview.probes.scan import scan, ScanOptions
report = scan({host!r}, {ports}, options=ScanOptions(timeout_ms=2000, max_in_flight={most}))
print(json.dumps([[one.port for one in report.open], report.closed_count, report.filtered,
                  report.unreachable_count, report.is_this_machine]))
"""


@pytest.mark.linux_only(reason="filters are made with network namespaces")
@pytest.mark.root_only(reason="makes network namespaces")
@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("most", [None, 2])
def test_a_scan_of_another_machine(
    two_machines: Any, far_servers: None, family: str, most: int | None
) -> None:
    near, far = two_machines
    host = getattr(far, family)
    code = FAR_SCAN.format(host=host, ports="range(76, 96)", most=most)
    assert near.python(code) == [[80], 15, [81, 83, 84], 1, False]


@pytest.mark.linux_only(reason="filters are made with network namespaces")
@pytest.mark.root_only(reason="makes network namespaces")
def test_dropped_ports_of_this_machine_are_filtered(two_machines: Any, far_servers: None) -> None:
    _, far = two_machines
    code = FAR_SCAN.format(host="127.0.0.1", ports="range(80, 96)", most=None)
    opened, closed, filtered, unreachable, is_own = far.python(code)
    assert is_own
    assert (opened, filtered) == ([80], [81, 83, 84, 85])
    assert (closed, unreachable) == (11, 0)


def test_own_addresses() -> None:
    addresses = [own.address for own in own_addresses()]
    assert addresses[0] == "127.0.0.1"
    for address in [*addresses, "127.8.9.10", "::1"]:
        assert is_this_machine(address)
    for stranger in ["203.0.113.9", "2001:db8::9", "localhost", ""]:
        assert not is_this_machine(stranger)


def test_a_scan_agrees_with_the_socket_table(listener: Callable[..., socket.socket]) -> None:
    ports = [listener().getsockname()[1] for _ in range(3)]
    report = scan("127.0.0.1", ports)
    reader = open_reader()
    rows = reader.read().rows
    reader.close()
    assert not compare_with_table(report, ports, rows)
    without = tuple(row for row in rows if row.local.port != ports[0])
    assert compare_with_table(report, ports, without).unknown == (ports[0],)


@pytest.mark.linux_only(reason="filters are made with network namespaces")
@pytest.mark.root_only(reason="makes network namespaces")
def test_what_listens_but_is_filtered_is_named(two_machines: Any, far_servers: None) -> None:
    _, far = two_machines
    code = """
import json
from portview.probes.scan import scan, ScanOptions
from portview.probes.scan_comparison import compare_with_table
from portview.readers.choose import open_reader
ports = range(80, 90)
report = scan("::1", ports, options=ScanOptions(timeout_ms=300))
difference = compare_with_table(report, ports, open_reader().read().rows)
print(json.dumps([sorted(row.local.port for row in difference.not_reachable), difference.unknown]))
"""
    assert far.python(code) == [[81, 82, 83, 84, 85], []]
