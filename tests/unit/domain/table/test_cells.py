"""What rows say in their columns, and what hostile text becomes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from portview.domain.local_time import short_moment
from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.owners.owners import owner_problem_reason
from portview.domain.owners.process import FieldProblem, ProcessInfo, ProcessKey
from portview.domain.owners.program_identity import Ancestor, ProgramIdentity
from portview.domain.sockets.entry import SocketEntry
from portview.domain.sockets.port_names import PortName, PortNames
from portview.domain.sockets.socket_row import (
    Endpoint,
    Family,
    OwnerProblem,
    Protocol,
    SocketKey,
    SocketRow,
    State,
)
from portview.domain.sockets.traffic import TrafficRate
from portview.domain.table.cells import CellContext
from portview.domain.table.columns import COLUMN_BY_ID, COLUMNS
from tests.strategies import entries

OWNER = ProcessKey(4711, 1)
KEY = SocketKey(
    Protocol.TCP, Family.IPV6, Endpoint("::1", 80), Endpoint("2001:db8::9", 5432), OWNER
)
ROW = SocketRow(KEY, State.ESTABLISHED, 4711, services=("W3SVC", "http"), opened_at_ms=1000)
INFO = ProcessInfo(OWNER, "app", "/opt/app", command_line=("app", "-x"), user="lei")
CONTEXT = CellContext(
    now_ms=126_000,
    port_names=PortNames({(Protocol.TCP, 5432): PortName("postgresql", "PostgreSQL")}),
    hosts={"2001:db8::9": "db.example"},
    rates={KEY: TrafficRate(1500.0, 0.0)},
    traffic_hint="Not measured here.",
)
UNOWNED = SocketRow(KEY._replace(owner=None, remote=None), State.LISTEN)


def text(column: str, entry: SocketEntry) -> str:
    return COLUMN_BY_ID[column].text(entry, CONTEXT)


def tooltip(column: str, entry: SocketEntry) -> str:
    return COLUMN_BY_ID[column].tooltip(entry, CONTEXT)


def test_each_column_says_its_part() -> None:
    said = {column.id: column.text(SocketEntry(ROW, INFO, "http"), CONTEXT) for column in COLUMNS}
    assert said == {
        "process": "app",
        "pid": "4711",
        "protocol": "TCP6",
        "local_address": "::1",
        "port": "80",
        "name": "http",
        "remote_address": "[2001:db8::9]:5432",
        "remote_host": "db.example",
        "state": "ESTABLISHED",
        "firewall": "",
        "service": "W3SVC, http",
        "user": "lei",
        "age": short_moment(ROW.opened_at_ms or 0, CONTEXT.now_ms),
        "down": "1.5 kB/s",
        "up": "0 B/s",
        "traffic": "1.5 kB/s",
        "executable": "/opt/app",
        "command_line": "app -x",
        "what": "",
        "project": "",
        "container": "",
    }


def test_what_a_program_is_comes_with_its_reason_and_its_ancestors() -> None:
    web = Container(ContainerRuntime.DOCKER, "ab" * 32, "web", "nginx:1", "shop")
    identity = ProgramIdentity(
        "my-shop \u00b7 vite dev server",
        "my-shop",
        ancestors=(Ancestor(2, "npm"), Ancestor(1, "systemd")),
        sources=("its command line",),
    )
    entry = SocketEntry(ROW, replace(INFO, identity=identity))
    assert text("what", entry) == "my-shop \u00b7 vite dev server"
    assert text("project", entry) == "my-shop"
    assert "its command line" in tooltip("what", entry)
    assert "systemd \u2192 npm" in tooltip("what", entry)
    assert SocketEntry(ROW, INFO).identity_texts.what == ""
    inside = SocketEntry(ROW, replace(INFO, identity=replace(identity, container=web)))
    assert text("container", inside) == "web"
    assert text("project", inside) == "shop"
    assert "nginx:1" in tooltip("what", inside)
    relay = replace(identity, published={(ROW.protocol, ROW.local.port): web})
    published = SocketEntry(ROW, replace(INFO, identity=relay))
    assert text("what", published).startswith("Docker container web (Compose project shop)")
    kernel = SocketEntry(UNOWNED._replace(kernel_use="VXLAN interface v0"))
    assert text("what", kernel) == "Linux kernel: VXLAN interface v0"
    hosting = replace(identity, services={"W3SVC": "World Wide Web Publishing Service"})
    assert text("what", SocketEntry(ROW, replace(INFO, identity=hosting))).startswith(
        "app: World Wide Web Publishing Service"
    )


def test_columns_explain_themselves() -> None:
    assert len(COLUMN_BY_ID) == len(COLUMNS)
    for column in COLUMNS:
        assert column.title
        assert column.description.endswith(".")
        assert column.width_chars >= len(column.title)


@pytest.mark.parametrize("problem", OwnerProblem)
def test_an_unknown_owner_is_a_word_with_a_reason(problem: OwnerProblem) -> None:
    entry = SocketEntry(UNOWNED._replace(owner_problem=problem, pid=8, owner_detail="CAP_X"))
    word = "reading" if problem is OwnerProblem.LOOKING else "unknown: "
    assert text("process", entry).startswith(word)
    assert owner_problem_reason(entry.row)
    assert owner_problem_reason(entry.row) in tooltip("process", entry)
    assert "PID 8" in tooltip("process", entry)


def test_a_server_inside_the_kernel_is_named() -> None:
    entry = SocketEntry(UNOWNED._replace(kernel_use="VXLAN interface v0"))
    assert text("process", entry) == "Linux kernel"
    assert "VXLAN interface v0" in tooltip("process", entry)


def test_a_socket_of_the_kernel_has_no_process() -> None:
    assert text("process", SocketEntry(UNOWNED)) == "no process"
    assert "No process holds" in tooltip("process", SocketEntry(UNOWNED))


def test_what_could_not_be_read_has_its_reason() -> None:
    problems = dict.fromkeys(("name", "user", "command_line"), FieldProblem.ACCESS_DENIED)
    entry = SocketEntry(ROW, ProcessInfo(OWNER, problems=problems))
    assert text("process", entry) == "unknown: access denied"
    assert tooltip("user", entry) == "The user could not be read: access denied."
    assert tooltip("command_line", entry) == "The command line could not be read: access denied."
    assert tooltip("executable", entry) == "The executable could not be read: not available."
    assert tooltip("user", SocketEntry(ROW, INFO)) == ""


@given(entries)
def test_the_process_is_never_blank_and_tooltips_are_text(entry: SocketEntry) -> None:
    assert text("process", entry)
    for column in COLUMNS:
        assert isinstance(column.tooltip(entry, CONTEXT), str)


def test_since_is_as_exact_as_what_is_known() -> None:
    now_ms = CONTEXT.now_ms
    listener = ROW._replace(opened_at_ms=None, key=ROW.key._replace(remote=None))
    owner = ProcessKey(7, 100_000)
    owned = listener._replace(key=listener.key._replace(owner=owner))
    started = text("age", SocketEntry(owned, first_seen_ms=123_000))
    assert started == short_moment(100_000, now_ms), "a server opens its port as it starts"
    assert "process started" in tooltip("age", SocketEntry(owned, first_seen_ms=123_000))
    connection = owned._replace(key=owned.key._replace(remote=ROW.remote))
    seen = text("age", SocketEntry(connection, first_seen_ms=123_000))
    assert seen == f"before {short_moment(123_000, now_ms)}", "a process may connect at any time"
    assert "may be older" in tooltip("age", SocketEntry(connection, first_seen_ms=123_000))
    late = owned._replace(key=owned.key._replace(owner=ProcessKey(7, 124_000)))
    assert text("age", SocketEntry(late, first_seen_ms=123_000)).startswith("before")
    unowned = listener._replace(key=listener.key._replace(owner=None))
    assert text("age", SocketEntry(unowned)) == ""
