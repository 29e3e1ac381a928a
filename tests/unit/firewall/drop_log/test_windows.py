from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import Outcome, PortViewError
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.drop_log.windows import parse_drops, read_recent_drops

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """#Version: 1.5
#Software: Microsoft Windows Firewall
#Time Format: Local
#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack \
tcpwin icmptype icmpcode info path

"""


def line(second: int, action: str = "DROP", port: int | str = 8080, way: str = "RECEIVE") -> str:
    return (
        f"2026-01-31 13:45:{second:02} {action} TCP 192.0.2.9 192.0.2.5 50123 {port} 52 S "
        f"1234567890 0 64240 - - - {way}\n"
    )


def found(text: str, protocol: Protocol = Protocol.TCP) -> list[str]:
    return [packet.at[-2:] for packet in parse_drops(text.splitlines(), 8080, protocol)]


def test_dropped_packets_for_a_port_are_found() -> None:
    text = HEAD + line(1) + line(2, "ALLOW") + line(3, port=80) + line(4, way="SEND") + line(5)
    assert found(text) == ["01", "05"]
    assert found(text, Protocol.UDP) == []
    packet = next(parse_drops(text.splitlines(), 8080, Protocol.TCP))
    assert packet.at == "2026-01-31 13:45:01"
    assert (packet.source, packet.source_port) == ("192.0.2.9", 50123)
    assert (packet.destination, packet.port) == ("192.0.2.5", 8080)
    assert packet.is_inbound
    assert packet.text == line(1).strip()


def test_columns_are_read_by_their_names() -> None:
    text = "#Fields: dst-port action time date protocol dst-ip src-ip pid\n"
    text += "8080 DROP 13:45:01 2026-01-31 TCP ::1 fe80::9 4\n"
    (packet,) = parse_drops(text.splitlines(), 8080, Protocol.TCP)
    assert (packet.source, packet.destination, packet.source_port) == ("fe80::9", "::1", None)
    assert packet.is_inbound is None


@pytest.mark.parametrize(
    "damaged",
    ["", "DROP", "2026-01-31 13:45:01 DROP TCP a b 1", line(1, port="-"), line(1, port="9" * 5000)],
)
def test_damaged_lines_are_left_out(damaged: str) -> None:
    assert found(f"{HEAD}{damaged}\n{line(2)}") == ["02"]


@given(st.lists(st.text() | st.sampled_from([HEAD, line(1), "#Fields:", "#Fields: action"])))
def test_no_text_breaks_the_parser(parts: list[str]) -> None:
    for packet in parse_drops("\n".join(parts).split("\n"), 8080, Protocol.TCP):
        assert packet.port == 8080


def test_the_latest_come_first_and_not_too_many(tmp_path: Path) -> None:
    log = tmp_path / "pfirewall.log"
    log.write_text(HEAD + "".join(map(line, range(60))), "utf-8")
    packets = read_recent_drops(log, 8080, Protocol.TCP, most=3)
    assert [packet.at[-2:] for packet in packets] == ["59", "58", "57"]


def test_of_a_large_log_the_end_is_read_with_the_columns_of_its_start(tmp_path: Path) -> None:
    log = tmp_path / "pfirewall.log"
    other = HEAD.replace("src-ip dst-ip", "dst-ip src-ip")
    filler = line(1, port=80) * 20_000
    log.write_text(other + line(7) + filler + line(8) + line(9), "utf-8")
    packets = read_recent_drops(log, 8080, Protocol.TCP)
    assert [packet.at[-2:] for packet in packets] == ["09", "08"]
    assert packets[0].destination == "192.0.2.9"


def test_a_log_that_is_not_there_yet_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortViewError) as error:
        read_recent_drops(tmp_path / "pfirewall.log", 8080, Protocol.TCP)
    assert error.value.code == "no_drop_log"
    assert error.value.outcome is Outcome.NOT_DONE


def test_a_log_that_is_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(PortViewError):
        read_recent_drops(tmp_path, 8080, Protocol.TCP)
