"""Traffic of connections that Windows counts only when told to."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Endpoint, Family, Protocol, SocketKey
from portview.domain.sockets.traffic import TrafficCounters
from portview.readers.windows.connection_rows import connection_row
from portview.readers.windows.estats import EstatsTraffic
from tests.fakes.windows import FakeEstatsLibrary

CONNECTION = SocketKey(
    Protocol.TCP, Family.IPV4, Endpoint("127.0.0.1", 8080), Endpoint("10.1.2.3", 50000), None
)
OTHER = CONNECTION._replace(remote=Endpoint("10.1.2.3", 50001))


def row_of(key: SocketKey) -> bytes:
    row = connection_row(key)
    assert row is not None
    return row


def test_a_connection_is_named_by_both_its_ends() -> None:
    row = row_of(CONNECTION)
    assert row.hex(" ") == ("05 00 00 00 7f 00 00 01 1f 90 00 00 0a 01 02 03 c3 50 00 00"), (
        "state, address, port in network order, address, port in network order"
    )


@given(st.ip_addresses(), st.integers(0, 65535), st.integers(1, 65535), st.integers(0, 2**32 - 1))
def test_ports_and_zones_stand_where_windows_looks(
    address: object, local_port: int, remote_port: int, zone: int
) -> None:
    packed = ip_address(str(address)).packed
    family = Family.IPV4 if len(packed) == 4 else Family.IPV6
    suffix = f"%{zone}" if family is Family.IPV6 and zone else ""
    end = f"{address}{suffix}"
    key = SocketKey(
        Protocol.TCP, family, Endpoint(end, local_port), Endpoint(end, remote_port), None
    )
    row = row_of(key)
    assert len(row) == (20 if family is Family.IPV4 else 52)
    assert row.count(packed) >= 2 or not any(packed)
    assert int.from_bytes(row[-4:-2], "big") == remote_port
    assert row[-2:] == b"\0\0"
    if family is Family.IPV6:
        assert int.from_bytes(row[20:24], "little") == (zone if suffix else 0)


def test_only_tcp_connections_can_be_counted() -> None:
    assert connection_row(CONNECTION._replace(protocol=Protocol.UDP)) is None
    assert connection_row(CONNECTION._replace(remote=None)) is None


def test_counting_begins_when_it_is_asked_for_and_ends_with_the_reader() -> None:
    library = FakeEstatsLibrary()
    library.sent = {row_of(CONNECTION): (300, 4_000_000_000), row_of(OTHER): (1, 2)}
    traffic = EstatsTraffic(library, elevated=True)
    assert traffic.unavailable_reason is None
    assert traffic.read([CONNECTION]) == {CONNECTION: TrafficCounters(0, 0)}
    assert traffic.read([CONNECTION]) == {CONNECTION: TrafficCounters(4_000_000_000, 300)}
    assert library.counted == {row_of(CONNECTION)}
    traffic.read([OTHER])
    assert library.counted == {row_of(OTHER)}, "what is not requested is not counted any more"
    traffic.close()
    assert library.counted == set()


def test_what_somebody_else_has_counted_stays_counted() -> None:
    library = FakeEstatsLibrary()
    library.sent = {row_of(CONNECTION): (1, 2)}
    library.counted = {row_of(CONNECTION)}
    traffic = EstatsTraffic(library, elevated=True)
    assert traffic.read([CONNECTION]) == {CONNECTION: TrafficCounters(2, 1)}
    traffic.close()
    assert library.counted == {row_of(CONNECTION)}


def test_connections_that_have_gone_are_left_out() -> None:
    traffic = EstatsTraffic(FakeEstatsLibrary(), elevated=True)
    assert traffic.read([CONNECTION, CONNECTION._replace(remote=None)]) == {}


def test_without_rights_the_reader_says_what_it_would_need() -> None:
    library = FakeEstatsLibrary()
    library.sent = {row_of(CONNECTION): (1, 2)}
    traffic = EstatsTraffic(library, elevated=False)
    assert "administrator" in (traffic.unavailable_reason or "")
    assert traffic.read([CONNECTION]) == {}
    assert library.counted == set()


def test_a_refusal_is_told_as_one() -> None:
    library = FakeEstatsLibrary()
    library.sent = {row_of(CONNECTION): (1, 2)}
    library.refusal = 5
    with pytest.raises(PortViewError) as caught:
        EstatsTraffic(library, elevated=True).read([CONNECTION])
    assert caught.value.outcome is Outcome.NEEDS_ADMIN
