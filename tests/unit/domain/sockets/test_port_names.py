"""The data about ports, line by line, and how it is read."""

from __future__ import annotations

import re

import pytest

from portview.domain.sockets.port_names import PortNames, read_port_names
from portview.domain.sockets.socket_row import Protocol
from portview.resources import resource_path

TEXT = resource_path("port_names.tsv").read_text(encoding="ascii")
LINES = [line.split("\t") for line in TEXT.splitlines() if not line.startswith("#")]


def test_every_line_says_one_thing_about_one_port() -> None:
    for port, protocol, name, about in LINES:
        assert 1 <= int(port) <= 65535, port
        assert protocol in {"tcp", "udp"}, port
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name), name
        assert len(name) <= 18, name
        assert about.strip() == about, about
        assert 2 <= len(about) <= 60, about


def test_the_lines_are_sorted_and_each_port_stands_there_once() -> None:
    ports = [(int(port), protocol) for port, protocol, _, _ in LINES]
    assert ports == sorted(set(ports))
    assert len(ports) > 400


@pytest.mark.parametrize(
    ("protocol", "port", "name"),
    [
        (Protocol.TCP, 5432, "postgresql"),
        (Protocol.TCP, 5173, "vite"),
        (Protocol.TCP, 11434, "ollama"),
        (Protocol.TCP, 7680, "delivery-opt"),
        (Protocol.TCP, 5040, "cdpsvc"),
        (Protocol.UDP, 5353, "mdns"),
        (Protocol.UDP, 1900, "ssdp"),
        (Protocol.UDP, 5432, ""),
        (Protocol.TCP, 0, ""),
    ],
)
def test_what_people_look_for_is_there(protocol: Protocol, port: int, name: str) -> None:
    names = read_port_names(TEXT)
    assert names.name(protocol, port) == name
    found = names.find(protocol, port)
    assert (found.name if found else "") == name


@pytest.mark.parametrize("line", ["80\ttcp\thttp", "x\ttcp\ta\tb", "80\tsctp\ta\tb"])
def test_a_wrong_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 of the port names"):
        read_port_names(f"# comment\n{line}\n")


def test_without_data_nothing_has_a_name() -> None:
    assert PortNames({}).name(Protocol.TCP, 80) == ""
