"""The socket unit of a port, in what systemctl prints, and from a stand-in for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from portview.domain.sockets.socket_row import Protocol
from portview.readers.linux.socket_units import socket_unit_of, units_of_port
from portview.readers.system_tools import search_tools_in

if TYPE_CHECKING:
    from pathlib import Path

LISTED = """\
/run/dbus/system_bus_socket Stream   dbus.socket        dbus.service
/run/systemd/journal/socket Datagram systemd-journald.socket systemd-journald.service
0.0.0.0:22                  Stream   ssh.socket         ssh.service
[::]:22                     Stream   ssh.socket         ssh.service
[::]:631                    Stream   cups.socket        cups.service
127.0.0.1:5300              Datagram dns.socket         dns.service
"""


@pytest.mark.parametrize(
    ("port", "protocol", "unit"),
    [
        (22, Protocol.TCP, "ssh.socket"),
        (631, Protocol.TCP, "cups.socket"),
        (5300, Protocol.UDP, "dns.socket"),
        (5300, Protocol.TCP, None),
        (31, Protocol.TCP, None),
        (80, Protocol.TCP, None),
    ],
)
def test_the_unit_of_a_port(port: int, protocol: Protocol, unit: str | None) -> None:
    assert next(units_of_port(LISTED, port, protocol), None) == unit


@pytest.mark.parametrize("text", ["", "\n\n", "garbage", ".socket", "0.0.0.0:22 Stream"])
def test_other_text_names_no_unit(text: str) -> None:
    assert next(units_of_port(text, 22, Protocol.TCP), None) is None


@pytest.mark.linux_only(reason="runs a shell script in the place of systemctl")
def test_systemctl_is_asked(tmp_path: Path) -> None:
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\n/bin/cat <<'END'\n{LISTED}END\n")
    program.chmod(0o755)
    before = search_tools_in((str(tmp_path),))
    try:
        assert socket_unit_of(22, Protocol.TCP) == "ssh.socket"
        program.unlink()
        assert socket_unit_of(22, Protocol.TCP) is None
    finally:
        search_tools_in(before)
