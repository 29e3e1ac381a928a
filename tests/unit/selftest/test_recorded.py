"""Records of real machines are read again: what PortView made of them then, it makes of them now.

Whoever sends a record from Windows adds its FILE.zip to ``tests/recorded``.
"""

from __future__ import annotations

import json
import re
import zipfile
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from portview.cli.selftest_command import RECORD_NAME
from portview.domain.sockets.socket_row import Protocol
from portview.readers.windows.socket_tables import LAYOUTS, decode_row
from portview.selftest.netsh_output import COMMANDS, parsed
from portview.selftest.record import SCHEMA, SECTIONS, problems_of
from portview.selftest.structures import MODULES
from portview.selftest.tables import decoded_message, decoded_row

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "recorded"
FILES = sorted([*FOLDER.glob("*.json"), *FOLDER.glob("*.zip")])
HARMLESS = [
    *(ip_network(text) for text in ("127.0.0.0/8", "192.0.2.0/24", "224.0.0.0/4")),
    *(ip_network(text) for text in ("2001:db8::/32", "fe80::/64", "ff00::/8")),
]
DOCUMENTED_SIZES = {
    "actions.elevation.shell_execute.ShellExecuteInfo": 112,
    "actions.services.windows_api.ServiceStatus": 28,
    "actions.services.windows_api.ServiceStatusProcess": 36,
    "actions.services.windows_api.ServiceConfig": 64,
    "actions.services.windows_api.FailureAction": 8,
    "actions.services.windows_api.FailureActions": 40,
    "actions.services.windows_api.DependentService": 48,
    "firewall.windows.service_state._StatusProcess": 36,
    "firewall.windows.other_products._Variant": 24,
    "probes.initial_rto._InitialRtoParameters": 4,
    "readers.windows.advapi32._NameFromTag": 24,
    "readers.windows.ipv6_networks.RouteRow": 104,
    "readers.windows.ipv6_networks.SocketAddress": 28,
    "readers.windows.ipv6_networks.UnicastRow": 80,
    "readers.windows.private_files.FileInformation": 52,
    "readers.windows.running_program._FileInformation": 52,
    "readers.windows.threads.ThreadEntry": 28,
    "readers.windows.tokens._SidAndAttributes": 16,
}
"""Of 64-bit Windows, by the headers' members and natural alignment."""


def record_of(file: Path) -> dict[str, Any]:
    if file.suffix == ".json":
        text = file.read_text("utf-8")
    else:
        with zipfile.ZipFile(file) as archive:
            text = archive.read(RECORD_NAME).decode()
    record: dict[str, Any] = json.loads(text)
    return record


@pytest.fixture(params=FILES, ids=lambda file: file.name)
def record(request: pytest.FixtureRequest) -> dict[str, Any]:
    return record_of(request.param)


def data_of(record: dict[str, Any], section: str) -> Any:
    read = record["sections"][section]
    if read["status"] != "read":
        pytest.skip(f"{section} is {read['status']} in this record")
    return read["data"]


def test_there_is_one_of_linux_and_one_of_wine() -> None:
    assert {"linux.json", "wine.json"} <= {file.name for file in FILES}


def test_a_record_has_every_section_and_no_problem(record: dict[str, Any]) -> None:
    assert record["schema"] == SCHEMA
    assert set(record["sections"]) == {section.name for section in SECTIONS}
    assert problems_of(record) == []


def test_raw_rows_are_decoded_as_they_were(record: dict[str, Any]) -> None:
    tables = data_of(record, "tables")
    is_windows = data_of(record, "system")["system"] == "win32"
    assert sum(len(table.get("rows", ())) for table in tables.values()) > 5
    for name, table in tables.items():
        for row in table.get("rows", ()):
            raw = bytes.fromhex(row["raw"])
            if is_windows:
                assert table["row_size"] == LAYOUTS[name].row_size
                assert decoded_row(decode_row(raw, LAYOUTS[name])) == row["decoded"]
            else:
                assert decoded_message(raw, Protocol(name)) == row["decoded"]


def test_what_netsh_printed_is_read_as_it_was(record: dict[str, Any]) -> None:
    netsh = data_of(record, "netsh")
    for name in COMMANDS:
        raw = bytes.fromhex(netsh[name]["raw"])
        assert parsed(name, raw, netsh["code_page"]) == netsh[name]["read"]


def test_structures_are_laid_out_as_documented(record: dict[str, Any]) -> None:
    layouts = data_of(record, "structures")
    assert data_of(record, "system")["pointer_bits"] == 64
    sizes = {name: layout["size"] for name, layout in layouts.items()}
    assert sizes.items() >= DOCUMENTED_SIZES.items()


def test_every_module_with_structures_is_looked_at() -> None:
    defining = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / "portview").rglob("*.py")
        if "(ctypes.Structure)" in file.read_text("utf-8")
    }
    assert defining == set(MODULES)


def test_own_sockets_were_found(record: dict[str, Any]) -> None:
    own = data_of(record, "own_connection")
    assert own["listed"] == ["client ESTABLISHED", "server ESTABLISHED", "server LISTEN"]
    assert own["owners_known"]


def test_a_record_names_nobody(record: dict[str, Any]) -> None:
    texts = json.dumps({**record, "sections": {**record["sections"], "system": None}})
    for found in re.findall(
        r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]*::[0-9a-f:.]*)", texts
    ):
        address = ip_address(found)
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        address = mapped or address
        assert (
            address.is_unspecified
            or address.is_loopback
            or any(address in net for net in HARMLESS if net.version == address.version)
        ), found
    assert "\\\\Users\\\\" not in texts
    assert "/home/" not in texts
