"""Ports, port lists, durations and targets as people type them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import Outcome
from portview.domain.user_input.hosts import parse_host
from portview.domain.user_input.parsing import (
    BadInputError,
    format_duration,
    format_ports,
    parse_duration_ms,
    parse_port,
    parse_ports,
)
from portview.domain.user_input.targets import (
    LocalPort,
    Target,
    parse_bind_target,
    parse_local_port,
    parse_target,
    parse_url,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ports = st.integers(1, 65535)
port_sets = st.sets(st.one_of(ports, st.integers(1, 40)), min_size=1, max_size=60)


def parsed(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except BadInputError as mistake:
        return mistake


def check_place(mistake: BadInputError, text: str) -> None:
    assert 0 <= mistake.position <= mistake.position + mistake.length <= len(text)
    assert mistake.hint


@given(port_sets)
def test_a_port_list_survives_writing_and_reading(chosen: set[int]) -> None:
    assert parse_ports(format_ports(chosen)) == tuple(sorted(chosen))


@given(st.lists(st.tuples(ports, ports).map(sorted), min_size=1, max_size=8))
def test_a_range_holds_both_its_ends_and_all_between(ranges: list[list[int]]) -> None:
    text = ", ".join(f"{first} - {last}" for first, last in ranges)
    expected = {port for first, last in ranges for port in range(first, last + 1)}
    assert set(parse_ports(text)) == expected


def test_all_ports_can_be_written_as_one_range() -> None:
    assert parse_ports("1-65535") == tuple(range(1, 65536))
    assert format_ports(range(1, 65536)) == "1-65535"
    assert format_ports([]) == ""


@pytest.mark.parametrize(
    ("text", "position", "length"),
    [
        ("0", 0, 1),
        ("65536", 0, 5),
        ("80-", 3, 0),
        ("-80", 0, 0),
        ("90-80", 0, 5),
        ("22,90-80", 3, 5),
        ("80,,81", 3, 0),
        ("80,", 3, 0),
        ("", 0, 0),
        ("80;81", 0, 5),
        ("22, 8a", 4, 2),
        ("1-65536", 2, 5),
        ("0-80", 0, 1),
        ("80-90-100", 3, 6),
        ("\N{FULLWIDTH DIGIT EIGHT}0", 0, 2),
        ("+80", 0, 3),
        ("9" * 5000, 0, 5000),
    ],
)
def test_a_bad_port_list_is_shown_where_it_is_wrong(text: str, position: int, length: int) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_ports(text)
    assert (caught.value.position, caught.value.length) == (position, length)
    assert caught.value.outcome is Outcome.BAD_INPUT
    assert caught.value.hint


@given(st.text(max_size=12))
def test_any_text_is_a_port_list_or_a_mistake_within_it(text: str) -> None:
    result = parsed(parse_ports, text)
    if isinstance(result, BadInputError):
        check_place(result, text)
    else:
        assert result
        assert all(1 <= port <= 65535 for port in result)


def test_a_port_may_have_leading_zeros() -> None:
    assert parse_port("0080") == 80


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:8080", Target("localhost", 8080)),
        (" example.org:1 ", Target("example.org", 1)),
        ("[::1]:80", Target("::1", 80)),
        ("[0:0:0:0:0:0:0:1]:80", Target("::1", 80)),
        ("[fe80::1%eth0]:22", Target("fe80::1%eth0", 22)),
        ("[fe80::1%3]:22", Target("fe80::1%3", 22)),
        ("127.0.0.1:65535", Target("127.0.0.1", 65535)),
        ("bücher.example:80", Target("bücher.example", 80)),
        ("_service.example.:80", Target("_service.example.", 80)),
    ],
)
def test_targets(text: str, expected: Target) -> None:
    assert parse_target(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://host:8080/", Target("host", 8080)),
        (" https://host/a?b=c:1#d ", Target("host", 443)),
        ("HTTP://[::1]:8080/x", Target("::1", 8080)),
        ("http://[::1]", Target("::1", 80)),
        ("tcp://127.0.0.1:9", Target("127.0.0.1", 9)),
        ("ws://host", Target("host", 80)),
        (":8080", Target("localhost", 8080)),
        ("8080", Target("localhost", 8080)),
        ("8080/tcp", Target("localhost", 8080)),
        ("host:53/UDP", Target("host", 53)),
        ("[::1]:53/udp", Target("::1", 53)),
    ],
)
def test_pasted_targets(text: str, expected: Target) -> None:
    assert parse_target(text) == expected


@given(
    ports,
    st.sampled_from(["{p}", ":{p}", "{p}/tcp", "tcp://localhost:{p}", "http://localhost:{p}/a:1"]),
)
def test_a_port_is_understood_in_every_form(port: int, form: str) -> None:
    text = form.format(p=port)
    assert parse_target(text) == Target("localhost", port)
    assert parse_local_port(text).port == port
    assert parse_url(text).target == Target("localhost", port)
    assert parse_bind_target(text) == (None, port)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("53/udp", LocalPort(53, "udp")),
        ("udp://[::1]:53", LocalPort(53, "udp", "::1")),
        ("127.0.0.1:80", LocalPort(80, "", "127.0.0.1")),
        ("http://127.0.0.1/", LocalPort(80, "", "127.0.0.1")),
        ("LOCALHOST.:80", LocalPort(80)),
    ],
)
def test_local_ports(text: str, expected: LocalPort) -> None:
    assert parse_local_port(text) == expected


@pytest.mark.parametrize("text", ["example.org:80", "http://example.org/", "80-90", "", "::1"])
def test_what_is_no_port_of_this_machine(text: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_local_port(text)
    check_place(caught.value, text)


@pytest.mark.parametrize("parse", [parse_target, parse_local_port])
def test_another_transport_than_expected_is_a_mistake(parse: Any) -> None:
    with pytest.raises(BadInputError, match="UDP"):
        parse("53/udp", transport="tcp")
    assert parse("53/udp", transport="udp").port == 53


@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.from_regex(r"[a-z]([a-z0-9-]{0,9}[a-z0-9])?(\.[a-z]{1,8}){0,3}", fullmatch=True),
    ),
    ports,
)
def test_a_target_survives_writing_and_reading(host: str, port: int) -> None:
    assert parse_target(str(Target(host, port))) == Target(host, port)


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("", 0, "HOST:PORT"),
        ("localhost", 9, "localhost:PORT"),
        ("localhost:", 10, "1 to 65535"),
        ("localhost:0", 10, "1 to 65535"),
        ("localhost:65536", 10, "1 to 65535"),
        ("localhost:1-65535", 10, "1 to 65535"),
        ("local host:80", 5, "space"),
        (":", 0, "name or an address"),
        (":0", 1, "1 to 65535"),
        ("0/tcp", 0, "1 to 65535"),
        ("::1", 0, "[:"),
        ("::1:8080", 0, "[::1]:8080"),
        ("fe80::1%eth0:22", 0, "[fe80::1%eth0]:22"),
        ("[::1]", 5, "[::1]:PORT"),
        ("[::1", 4, "[::1]:80"),
        ("[::1]80", 5, "[::1]:PORT"),
        ("[::1]:", 6, "1 to 65535"),
        ("[::zz]:80", 1, "::1"),
        ("[fe80::1%]:80", 1, "%eth0"),
        ("[localhost]:80", 0, "brackets"),
        ("256.1.1.1:80", 0, "four numbers"),
        ("127.1:80", 0, "four numbers"),
        ("a..b:80", 2, "1 to 63"),
        ("-a:80", 0, "hyphen"),
        ("a/b:80", 1, "letters"),
        ("http://", 7, "HOST:PORT"),
        ("http://a:99999/", 9, "1 to 65535"),
        ("tcp://a", 7, "a:PORT"),
        ("http://[::1/", 12, "bracket"),
    ],
)
def test_a_bad_target_is_shown_where_it_is_wrong(text: str, position: int, hint: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_target(text)
    assert caught.value.position == position
    assert hint in caught.value.hint + caught.value.problem


@given(st.text(max_size=30))
def test_any_text_is_a_target_or_a_mistake_within_it(text: str) -> None:
    for parse in (parse_target, parse_host, parse_url, parse_local_port, parse_bind_target):
        result = parsed(parse, text)
        if isinstance(result, BadInputError):
            check_place(result, text)


def test_a_bare_ipv6_address_is_fine_where_the_port_is_known() -> None:
    assert parse_target("::1", default_port=80) == Target("::1", 80)
    assert parse_target("[::1]", default_port=80) == Target("::1", 80)
    assert parse_target("localhost", default_port=80) == Target("localhost", 80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost/", "http://localhost/"),
        ("https://localhost:8443/a?b=c#d", "https://localhost:8443/a?b=c"),
        ("localhost:8080/health", "http://localhost:8080/health"),
        ("HTTP://[::1]:8080", "http://[::1]:8080/"),
        ("https://example.org?x", "https://example.org/?x"),
    ],
)
def test_urls(text: str, expected: str) -> None:
    assert str(parse_url(text)) == expected


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("ftp://localhost/", 0),
        ("http://local host/", 12),
        ("http://localhost:99999/", 17),
        ("http://me:secret@localhost/", 7),
        ("http:///x", 7),
        ("http://[::1/", 11),
    ],
)
def test_a_bad_url_is_shown_where_it_is_wrong(text: str, position: int) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_url(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500ms", 500), ("30", 30_000), ("1.5s", 1500), ("2m", 120_000), ("1 h", 3_600_000)],
)
def test_durations(text: str, expected: int) -> None:
    assert parse_duration_ms(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "0ms", "0.1ms", "1d", "24h", "86400", "-1", "1e9", "s", "9" * 400, "nan"]
)
def test_a_duration_of_nothing_of_a_day_or_of_nonsense_is_refused(text: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_duration_ms(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [(0.25, "0.25 ms"), (850, "850 ms"), (2500, "2.5 s"), (180_000, "3 min"), (9e6, "2.5 h")],
)
def test_a_duration_is_written_in_the_unit_that_fits(duration_ms: float, expected: str) -> None:
    assert format_duration(duration_ms) == expected


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("8080/tcp", (8080,)),
        ("8080/TCP, :9090", (8080, 9090)),
        (":80-82/tcp", (80, 81, 82)),
    ],
)
def test_ports_are_read_as_other_programs_print_them(text: str, ports: tuple[int, ...]) -> None:
    assert parse_ports(text) == ports


@pytest.mark.parametrize("text", ["8080/udp", "/tcp", ":", "::80", "8080/tcp/tcp"])
def test_what_only_resembles_that_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_ports(text)
    assert 0 <= refused.value.position <= len(text)
