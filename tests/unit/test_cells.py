"""What rows say in their columns, and what hostile text becomes."""

from __future__ import annotations

import re
from dataclasses import replace
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.formatting import (
    format_duration,
    format_rate,
    format_round_trip,
    format_share,
    format_size,
)
from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.owners.owners import owner_problem_reason
from portview.domain.owners.process import FieldProblem, ProcessInfo, ProcessKey
from portview.domain.owners.program_identity import Ancestor, ProgramIdentity
from portview.domain.plain_text import inert, quoted, with_breaks
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
        "age": "2 min",
        "down": "1.5 kB/s",
        "up": "0 B/s",
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
    kernel = SocketEntry(replace(UNOWNED, kernel_use="VXLAN interface v0"))
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
    entry = SocketEntry(replace(UNOWNED, owner_problem=problem, pid=8, owner_detail="CAP_X"))
    word = "looking" if problem is OwnerProblem.LOOKING else "unknown: "
    assert text("process", entry).startswith(word)
    assert owner_problem_reason(entry.row)
    assert owner_problem_reason(entry.row) in tooltip("process", entry)
    assert "PID 8" in tooltip("process", entry)


def test_a_server_inside_the_kernel_is_named() -> None:
    entry = SocketEntry(replace(UNOWNED, kernel_use="VXLAN interface v0"))
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


def test_an_age_that_is_a_lower_bound_says_so() -> None:
    unopened = replace(ROW, opened_at_ms=None)
    assert text("age", SocketEntry(unopened, first_seen_ms=123_000)) == "≥ 3 s"
    assert "may be older" in tooltip("age", SocketEntry(unopened, first_seen_ms=123_000))
    assert text("age", SocketEntry(unopened)) == ""


def test_traffic_that_is_not_known_has_its_reason() -> None:
    assert text("down", SocketEntry(UNOWNED)) == ""
    assert "TCP connections only" in tooltip("down", SocketEntry(UNOWNED))
    assert tooltip("up", SocketEntry(ROW)) == ""
    unmeasured = replace(CONTEXT, rates={})
    assert COLUMN_BY_ID["up"].tooltip(SocketEntry(ROW), unmeasured) == "Not measured here."
    unhindered = replace(unmeasured, traffic_hint="")
    assert "two readings" in COLUMN_BY_ID["up"].tooltip(SocketEntry(ROW), unhindered)


@given(st.lists(entries, max_size=8))
def test_every_column_can_be_sorted_with_the_unknown_last(given: list[SocketEntry]) -> None:
    for each in COLUMNS:
        keys = sorted(each.sort_key(entry, CONTEXT) for entry in given)
        assert len(keys) == len(given)
    pids = sorted(given, key=lambda entry: COLUMN_BY_ID["pid"].sort_key(entry, CONTEXT))
    known = [entry.row.pid is not None for entry in pids]
    assert known == sorted(known, reverse=True)


def test_addresses_sort_by_number() -> None:
    local = ["10.0.0.10", "9.0.0.1", "::1", "10.0.0.9"]
    rows = [SocketEntry(replace(ROW, key=KEY._replace(local=Endpoint(each, 1)))) for each in local]
    rows.sort(key=lambda entry: COLUMN_BY_ID["local_address"].sort_key(entry, CONTEXT))
    assert [row.row.local.address for row in rows] == ["9.0.0.1", "10.0.0.9", "10.0.0.10", "::1"]


@pytest.mark.parametrize(
    ("duration_ms", "said"),
    [
        (-5, "0 s"),
        (3_999, "3 s"),
        (60_000, "1 min"),
        (719_000, "11 min"),
        (7_500_000, "2 h 5 min"),
        (7_200_000, "2 h"),
        (4 * 86_400_000 + 5, "4 d"),
    ],
)
def test_durations(duration_ms: int, said: str) -> None:
    assert format_duration(duration_ms) == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0, "0 B/s"),
        (999, "999 B/s"),
        (999.6, "1.0 kB/s"),
        (1_500, "1.5 kB/s"),
        (120e6, "120 MB/s"),
        (5e12, "5000 GB/s"),
    ],
)
def test_rates(rate: float, said: str) -> None:
    assert format_rate(rate) == said
    assert format_size(rate) == said.removesuffix("/s")


@pytest.mark.parametrize(
    ("duration_us", "said"),
    [(0, "0 µs"), (999, "999 µs"), (1_250, "1.2 ms"), (99_900, "99.9 ms"), (180_400, "180 ms")],
)
def test_round_trips(duration_us: int, said: str) -> None:
    assert format_round_trip(duration_us) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0 %"),
        (-1, "0 %"),
        (0.0004, "0 %"),
        (0.024, "2.4 %"),
        (0.0999, "10 %"),
        (2.5, "250 %"),
    ],
)
def test_shares(share: float, said: str) -> None:
    assert format_share(share) == said


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("chrome.exe", "chrome.exe"),
        ("a\nb\tc\0", "a␊b␉c␀"),
        ("\x7f\x85", "␡\\u{0085}"),
        ("exe.\u202etxt", "exe.\\u{202E}txt"),
        ("a\u200bb\u2066c\u061c\ufeff", "a\\u{200B}b\\u{2066}c\\u{061C}\\u{FEFF}"),
        ("\ud800x", "\\u{D800}x"),
        ("\u3164", "\\u{3164}"),
        ("浏览器 متصفح 😀 Ä", "浏览器 متصفح 😀 Ä"),
        ("", ""),
    ],
)
def test_hostile_text_is_shown_as_signs(raw: str, shown: str) -> None:
    assert inert(raw) == shown


@given(st.text(), st.integers(1, 40))
def test_inert_text_hides_nothing_and_ends(raw: str, limit: int) -> None:
    shown = inert(raw, limit)
    assert len(shown) <= limit
    assert all(category(each) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for each in shown)
    assert len(inert(raw * 3 + "x" * limit, limit)) == limit or limit > 3 * len(raw)


def test_endless_text_is_elided() -> None:
    assert inert("x" * 32_000, 10) == "x" * 9 + "…"


def test_a_windows_user_is_shown_by_name_and_kept_whole_elsewhere() -> None:
    column = COLUMN_BY_ID["user"]
    assert column.short_text
    users = ["DESK\\lei", "NT AUTHORITY\\SYSTEM", "amal", "OTHER\\lei"]
    entries = [SocketEntry(ROW, replace(INFO, user=user), "") for user in users]
    assert [column.short_text(each, CONTEXT) for each in entries] == [
        "lei",
        "SYSTEM",
        "amal",
        "lei",
    ]
    assert [column.text(each, CONTEXT) for each in entries] == users
    by_name = sorted(entries, key=lambda each: column.sort_key(each, CONTEXT))
    assert [column.text(each, CONTEXT) for each in by_name] == [
        "amal",
        "DESK\\lei",
        "OTHER\\lei",
        "NT AUTHORITY\\SYSTEM",
    ]


def test_what_a_sentence_quotes_is_inert_and_short() -> None:
    assert quoted("a\nb\u202e") == "“a␊b\\u{202E}”"
    assert len(quoted("x" * 32_000)) == 122


@given(st.text(st.sampled_from("ab\\/-.= ")) | st.text(st.just("A"), max_size=300))
def test_breaks_change_no_text_and_leave_no_word_too_long(text: str) -> None:
    broken = with_breaks(text)
    assert broken.replace("\u200b", "") == text
    assert all(len(word) <= 41 for word in re.split(r"[\s/\u200b-]", broken))
    assert broken == text or any(len(word) > 40 for word in re.split(r"[\s/-]", text))


def test_a_path_is_broken_between_its_parts() -> None:
    path = r"C:\Users\somebody\AppData\Local\Programs\node"
    parts = with_breaks(path).split("\u200b")
    assert parts == ["C:\\", "Users\\", "somebody\\", "AppData\\", "Local\\", "Programs\\", "node"]
    assert with_breaks("/usr/lib/python3.11/site-packages/a.py") == (
        "/usr/lib/python3.11/site-packages/a.py"
    )
