"""What is said in advance about ranges that will be in the way, and ports that run out."""

from __future__ import annotations

from portview.actions.specs.setting import SettingKind
from portview.diagnosis.facts import Usage
from portview.diagnosis.foresight import fixed_servers, warnings_for
from portview.diagnosis.joining import usage_of
from portview.domain.sockets.port_ranges import PortRange, PortRanges
from portview.domain.sockets.socket_row import Protocol, State
from tests.factories import row, snapshot

USUAL = PortRanges(PortRange(49152, 65535))


def codes(
    ranges: PortRanges, usage: Usage | None = None, *wanted: int, platform: str = "win32"
) -> list[str]:
    return [one.code for one in warnings_for(Protocol.TCP, ranges, usage, wanted, platform)]


def test_nothing_is_said_about_a_usual_machine() -> None:
    assert codes(USUAL, Usage(PortRange(49152, 65535), 100), 80, 8080) == []


def test_ports_that_run_out_are_told_before_they_have() -> None:
    dynamic = PortRange(40000, 40099)
    assert codes(USUAL, Usage(dynamic, 79)) == []
    (warning,) = warnings_for(
        Protocol.TCP, USUAL, Usage(dynamic, 80, 3, (("leaky (PID 9)", 70),)), (), "linux"
    )
    assert warning.code == "port_exhaustion"
    assert "leaky" in warning.sentence


def test_a_range_that_covers_a_port_in_use_can_be_reserved() -> None:
    (warning,) = warnings_for(Protocol.TCP, USUAL, None, (50100, 8080), "win32")
    assert warning.code == "dynamic_range"
    assert warning.ports == (50100,)
    assert warning.change is not None
    assert warning.change.kind is SettingKind.RESERVE
    reserved = PortRanges(USUAL.dynamic, (PortRange(50100, 50100, is_administered=True),))
    assert codes(reserved, None, 50100) == []


def test_an_excluded_range_over_a_port_is_told() -> None:
    ranges = PortRanges(USUAL.dynamic, (PortRange(8054, 8153),))
    assert codes(ranges, None, 8080) == ["excluded_range"]


def test_a_dynamic_range_that_begins_too_low() -> None:
    low = PortRanges(PortRange(10000, 65535))
    assert codes(low) == ["dynamic_range_low"]
    assert codes(low, platform="linux") == []
    assert codes(PortRanges(PortRange(100, 60999)), platform="linux") == [
        "dynamic_range_overlaps_well_known"
    ]


def test_use_is_counted_by_port_and_by_process() -> None:
    rows = [
        row(50000, State.ESTABLISHED, pid=7),
        row(50001, State.ESTABLISHED, pid=7),
        row(50001, State.LISTEN, pid=8),
        row(50002, State.TIME_WAIT),
        row(50003, None, Protocol.UDP),
        row(80, State.LISTEN),
    ]
    usage = usage_of(snapshot(rows), Protocol.TCP, USUAL)
    assert usage.used == 3
    assert usage.time_wait == 1
    assert usage.by_process[0][1] == 2


def test_only_servers_at_known_ports_are_cared_for() -> None:
    some = snapshot([row(5432), row(50001), row(5433, State.ESTABLISHED)])
    assert fixed_servers(some, Protocol.TCP, {5432, 5433}.__contains__) == (5432,)
