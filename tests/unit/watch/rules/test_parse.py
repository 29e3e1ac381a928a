"""watches.toml: what is right is taken, what is wrong is named, secrets stay secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.watch.rules.model import Channel, Expectation, RepairKind, RepairStep, Watch
from portview.watch.rules.parse import MAX_BYTES, ParsedRules, parse_rules

GOOD = b"""\
group_wait = "2s"       # of all channels
repairs = false

[[watch]]
name = "shop"
expect = "listening"
port = 8080
interval = "1m"
failures = 1
remind = "1h"
notify = ["desktop", "ops"]
repair = [{ restart_service = "shop" }, { run = ["C:/shop/start.cmd"], settle = "2s" }]
attempts = 2
within = "1d"

[[watch]]
name = "site"
expect = "http"
url = "http://127.0.0.1:8080/health"
status = [200, 204]

[[channel]]
name = "ops"
url = "json://user:topsecret@127.0.0.1/"
"""


def read(text: str | bytes) -> ParsedRules:
    return parse_rules(text.encode() if isinstance(text, str) else text)


def problems(text: str | bytes) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.message) for problem in read(text).problems]


def watch(**keys: str) -> str:
    keys = {"name": '"a"', "expect": '"listening"', "port": "80", **keys}
    return "[[watch]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value)


def test_a_file_without_mistakes_is_read_whole() -> None:
    rules, found = read(GOOD)
    assert found == ()
    assert (rules.group_wait_s, rules.startup_grace_s, rules.repairs) == (2.0, 10.0, False)
    shop, site = rules.watches
    assert shop == Watch(
        "shop",
        Expectation.LISTENING,
        8080,
        interval_s=60.0,
        failures=1,
        remind_s=3600.0,
        notify=("desktop", "ops"),
        repair=(
            RepairStep(RepairKind.RESTART_SERVICE, service="shop", attempts=2, within_s=86_400.0),
            RepairStep(
                RepairKind.RUN,
                command=("C:/shop/start.cmd",),
                attempts=2,
                within_s=86_400.0,
                settle_s=2.0,
            ),
        ),
    )
    assert (site.url, site.status) == ("http://127.0.0.1:8080/health", (200, 204))
    assert rules.channels == (Channel("ops", "json://user:topsecret@127.0.0.1/"),)
    assert "topsecret" not in repr(rules)


@pytest.mark.parametrize(
    "content", [b"", b"\xef\xbb\xbf" + GOOD, GOOD.replace(b"\n", b"\r\n"), b"\n\n# nothing\n"]
)
def test_a_bom_other_line_ends_and_an_empty_file_are_no_mistakes(content: bytes) -> None:
    rules, found = read(content)
    assert found == ()
    assert len(rules.watches) == (2 if b"shop" in content else 0)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (watch(prot="80"), 5, "There is no key “prot”. Did you mean port?"),
        (watch(zzz="80"), 5, "There is no key “zzz”."),
        (watch(port="0"), 4, "port must be a whole number from 1 to 65535."),
        (watch(port="true"), 4, "port must be a whole number from 1 to 65535."),
        (watch(port='"80"'), 4, "port must be a whole number from 1 to 65535."),
        (watch(interval='"0.5s"'), 5, "interval must be at least 1 s."),
        (watch(interval='"soon"'), 5, "interval must be a duration such as “30s” or “5m”."),
        (watch(interval="30"), 5, "interval must be a duration such as “30s” or “5m”."),
        (watch(notify='["opps"]') + '[[channel]]\nname = "ops"\nurl = "x://"\n', 5,
         "There is no channel named “opps”. Did you mean ops?"),
        (watch() + watch(), 6, "The name “a” is used twice."),
        (watch(name=""), 1, "A watch needs name."),
        (watch(port=""), 3, "expect = “listening” needs port."),
        (watch(expect='"held_by"'), 3, "expect = “held_by” needs program."),
        (watch(expect='"http"', port=""), 3, "expect = “http” needs url or port."),
        (watch(repair='[{ run = "rm -rf /" }]'), 5, "run must be a list of texts."),
        (watch(repair='[{ run = ["a"], free = "b" }]'), 5,
         "Each step of repair needs exactly one of restart_service, run, free."),
        ('watch = "x"\n', 1, "Write [[watch]] with two brackets."),
        ("[watch]\nport = 1\n", 1, "Write [[watch]] with two brackets."),
        ('log_format = "xml"\n', 1, "log_format must be one of text, json."),
        ('[[channel]]\nname = "desktop"\nurl = "x://"\n', 2,
         "The name “desktop” stands for this desktop."),
        ("[[watch]\n", 1, "This is not valid TOML."),
        ('a = "\x01"\n', 1, "This is not valid TOML."),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(text: str, line: int, message: str) -> None:
    assert problems(text) == [(line, message)]


def test_the_other_watches_go_on() -> None:
    rules, found = read(watch(port="0") + watch(name='"b"') + watch(name='"c"', nme="1"))
    assert [one.name for one in rules.watches] == ["b"]
    assert [problem.line for problem in found] == [4, 13]


def test_bytes_that_are_no_text_and_too_many_are_refused() -> None:
    assert problems(b"# ok\nname = \xff\n") == [(2, "This is not UTF-8.")]
    assert problems(b"#" * (MAX_BYTES + 1)) == [(None, "The file is larger than 1000000 bytes.")]
    assert problems(b"a = " + b"[" * 5000) == [(1, "This is not valid TOML.")]


VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=9).map(repr),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["name", "expect", "port", "interval", "repair", "notify", "url", "status", "above", "x"]
)


@given(st.lists(st.tuples(KEYS, VALUES), max_size=6), st.sampled_from(["watch", "channel", "x"]))
def test_no_file_is_too_strange(rows: list[tuple[str, Any]], table: str) -> None:
    text = f"[[{table}]]\n" + "".join(f"{key} = {value}\n" for key, value in rows)
    for problem in read(text).problems:
        assert problem.message
        assert problem.line is None or problem.line >= 1


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(content: bytes) -> None:
    read(content)


@pytest.mark.parametrize(
    "text",
    [
        '[[channel]]\nname = "a"\nurl = "json://me:hunter2@h/"\nnope = 1\n',
        '[[channel]]\nname = "a"\nurl = ["json://me:hunter2@h/"]\n',
        '[[channel]]\nname = "a"\nurl = json://me:hunter2@h/\n',
        "[alertmanager]\nurl = 7 # hunter2\n",
        '[[channel]]\nname = "a"\nurl = "json://me:hunter2@h/\n',
    ],
)
def test_no_message_cites_a_secret(text: str) -> None:
    found = read(text).problems
    assert found
    assert not any("hunter2" in problem.message + problem.key for problem in found)
