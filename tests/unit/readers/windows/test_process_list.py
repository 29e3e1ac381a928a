"""Windows' lists of processes and services, byte by byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.attribution import RunningProcess
from portview.domain.owners.process import ProcessKey
from portview.domain.owners.service import Service, ServiceState
from portview.readers.windows.filetime import unix_ms
from portview.readers.windows.process_list import parse_processes
from portview.readers.windows.service_table import parse_services
from tests.fakes.windows import ProcessInformation, filetime, service_table

BASE = 0x7FF6_0000_0000


def process(pid: int, created: int, parent: int, *, threads: int = 1, next_at: int = 0) -> bytes:
    entry = ProcessInformation(NextEntryOffset=next_at, NumberOfThreads=threads)
    entry.CreateTime, entry.UniqueProcessId, entry.InheritedFromUniqueProcessId = (
        created,
        pid,
        parent,
    )
    return bytes(entry)


def test_processes_stand_at_the_distances_that_they_tell() -> None:
    # Each entry is followed by its threads, of which there are more or fewer.
    first = process(100, filetime(1_000), 4, next_at=400).ljust(400, b"\xee")
    ended = process(104, filetime(1_500), 100, threads=0, next_at=200).ljust(200, b"\xee")
    last = process(108, filetime(2_000), 100)
    assert list(parse_processes(first + ended + last)) == [
        RunningProcess(ProcessKey(100, 1_000), 4),
        RunningProcess(ProcessKey(108, 2_000), 100),
    ]


def test_the_idle_and_the_system_process_have_no_start() -> None:
    table = process(0, 0, 0, threads=0, next_at=96) + process(4, filetime(999), 0)
    assert [entry.key for entry in parse_processes(table)] == [ProcessKey(0, 0), ProcessKey(4, 0)]


@given(st.binary(max_size=600))
def test_any_bytes_end_as_a_list_of_processes(table: bytes) -> None:
    for entry in parse_processes(table):
        assert entry.key.pid >= 0
        assert entry.key.started_ms >= 0


@given(st.integers(0, 2**63 - 1))
def test_time_is_rounded_down_and_never_negative(steps: int) -> None:
    ms = unix_ms(steps)
    assert ms >= 0
    if ms:
        assert filetime(ms) <= steps < filetime(ms + 1)


def test_services_with_their_names_and_processes() -> None:
    table = service_table(BASE, ("Dnscache", "DNS-Client 名前", 4, 1234), ("Spooler", "", 1, 0))
    assert list(parse_services(table, BASE, 2)) == [
        Service("Dnscache", "DNS-Client 名前", ServiceState.RUNNING, 1234),
        Service("Spooler", "Spooler", ServiceState.STOPPED, None),
    ]


def test_a_service_count_beyond_the_table_is_not_believed() -> None:
    table = service_table(BASE, ("Dnscache", "DNS Client", 4, 1234))
    assert len(list(parse_services(table, BASE, 1))) == 1
    assert len(list(parse_services(table[:60], BASE, 10**6))) <= 1


@given(st.binary(max_size=300), st.integers(0, 2**64 - 1), st.integers(0, 100))
def test_pointers_out_of_the_table_are_not_followed(table: bytes, base: int, count: int) -> None:
    for service in parse_services(table, base, count):
        assert service.name
        assert service.display_name


def test_a_name_that_points_before_or_behind_the_table_is_none() -> None:
    table = service_table(BASE, ("Dnscache", "DNS Client", 4, 1234))
    assert list(parse_services(table, BASE + 2 * len(table), 1)) == []
    assert list(parse_services(table, BASE - 2 * len(table), 1)) == []
