"""What a question to the firewall is filled in with, from what listens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portview.actions.firewall_rules.query_context import (
    FirewallQueryContext,
    fill_in,
)
from portview.domain.firewall import FirewallQuestion
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.firewall.row_question import question_of_row

NODE, PYTHON = ProcessKey(100, 5), ProcessKey(200, 5)
INFOS = {
    NODE: ProcessInfo(NODE, name="node", executable="/usr/bin/node"),
    PYTHON: ProcessInfo(PYTHON, name="python", executable="/usr/bin/python3"),
}
ASKED = FirewallQuestion(Protocol.TCP, 80)


def listening(
    address: str, owner: ProcessKey | None = NODE, state: State = State.LISTEN
) -> SocketRow:
    family = Family.IPV6 if ":" in address else Family.IPV4
    key = SocketKey(Protocol.TCP, family, Endpoint(address, 80), None, owner)
    return SocketRow(key, state, owner.pid if owner else None)


def fill(
    *rows: SocketRow, asked: FirewallQuestion = ASKED, platform: str = "linux"
) -> FirewallQueryContext:
    return fill_in(asked, rows, INFOS, platform)


def test_the_one_listener_gives_its_program_and_address() -> None:
    filled = fill(listening("192.0.2.7"))
    assert filled.question == replace(ASKED, program="/usr/bin/node", local_address="192.0.2.7")
    assert filled.owner == NODE
    assert len(filled.notes) == 2


def test_both_families_of_one_server_are_one_answer() -> None:
    filled = fill(listening("0.0.0.0"), listening("::"))  # noqa: S104 - data
    assert filled.question == replace(ASKED, program="/usr/bin/node")
    assert not filled.is_loopback_only


@pytest.mark.parametrize(
    ("addresses", "versions"),
    [
        (["0.0.0.0"], {4}),  # noqa: S104 - data
        (["::"], {4, 6}),
        (["0.0.0.0", "::"], {4, 6}),  # noqa: S104 - data
        (["192.0.2.7", "127.0.0.1"], {4}),
        (["192.0.2.7", "::1"], {4}),
        (["fe80::1%eth0"], {6}),
        (["::ffff:192.0.2.7"], {4}),
        (["192.0.2.7", "2001:db8::7"], {4, 6}),
        ([], {4, 6}),
    ],
)
def test_the_clients_are_of_the_ip_versions_that_are_served(
    addresses: list[str], versions: set[int]
) -> None:
    assert fill(*map(listening, addresses)).ip_versions() == versions


def test_a_server_of_ipv4_alone_is_asked_about_as_that() -> None:
    filled = fill(listening("0.0.0.0"))  # noqa: S104 - data
    assert filled.question.local_address == "0.0.0.0"  # noqa: S104 - data
    assert fill(listening("::")).question.local_address is None


def test_what_other_machines_reach_counts_before_loopback() -> None:
    filled = fill(listening("127.0.0.1", PYTHON), listening("192.0.2.7"))
    assert filled.question.program == "/usr/bin/node"
    assert filled.question.local_address == "192.0.2.7"
    assert filled.owner is None


def test_loopback_alone_is_known_as_that() -> None:
    filled = fill(listening("127.0.0.1"), listening("::1"))
    assert filled.is_loopback_only
    assert filled.question.local_address is None
    assert fill(listening("127.0.0.1")).question.local_address == "127.0.0.1"


def test_several_programs_leave_the_program_open_and_say_so() -> None:
    filled = fill(listening("192.0.2.7"), listening("192.0.2.8", PYTHON))
    assert filled.question.program is None
    assert any("Several programs" in note for note in filled.notes)


def test_an_unknown_owner_is_said() -> None:
    filled = fill(listening("0.0.0.0", None))  # noqa: S104 - data
    assert filled.question.program is None
    assert any("not known" in note for note in filled.notes)


def test_what_was_given_is_left_as_it_is() -> None:
    asked = replace(ASKED, program="/opt/x", local_address="192.0.2.9", remote="192.0.2.1")
    assert fill(listening("192.0.2.7"), asked=asked).question == asked


@pytest.mark.parametrize("rows", [(), (listening("192.0.2.7", state=State.BOUND),)])
def test_no_listener_is_said(rows: tuple[SocketRow, ...]) -> None:
    filled = fill(*rows)
    assert filled.question == ASKED
    assert filled.notes == ("Nothing listens on TCP port 80 now.",)
    assert not filled.is_loopback_only


def test_the_windows_kernel_has_a_name_of_its_own() -> None:
    row = listening("::", ProcessKey(4, 0))
    assert question_of_row(row, None, "win32").program == "System"
    assert question_of_row(row, None, "linux").program is None
    service = listening("::")._replace(services=("Spooler",))
    assert question_of_row(service, INFOS[NODE], "win32").services == ("Spooler",)
    assert fill(service, platform="win32").question.services == ("Spooler",)


def test_the_service_of_a_program_that_was_named_is_filled_in() -> None:
    service = listening("::")._replace(services=("Spooler",))
    for program, services in (("/USR/bin/node", ("Spooler",)), ("/opt/other", ())):
        asked = replace(ASKED, program=program)
        assert fill(service, asked=asked).question == replace(asked, services=services)
