"""Names of machines are names, files are read as administrators write them, answers are judged."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pytest
from hypothesis import given

from portview.cli.hosts_options import without_hosts
from portview.domain.errors import Outcome, PortViewError
from portview.hosts.asking import HostAnswer, as_document, hosts_document, remote_command
from portview.hosts.names import all_hosts, check_name, read_hosts
from portview.hosts.remote_words import ENCODED, decoded_words, remote_words

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "name",
    ["web1", "dev@web-1.example.com", "10.0.0.5", "::1", "[fe80::1]", "ssh://dev@h:2222", "a_b.c"],
)
def test_a_name_of_a_machine_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "-oProxyCommand=x", "a b", "a;b", "$(x)", "`x`", "a|b", "a&b", "a\nb", "a'b", '"', "a>b",
     "a/b", "ssh://-x", "a@-b", "a\\b", "web[01:10]", "x" * 300, "a*", "~x", "a@b@c"],
)  # fmt: skip
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(PortViewError) as refused:
        check_name(name)
    assert refused.value.outcome is Outcome.BAD_INPUT


@given(st.text(max_size=20))
def test_no_name_is_an_option_or_means_something_to_a_shell(name: str) -> None:
    try:
        check_name(name)
    except PortViewError:
        return
    assert not name.startswith("-")
    assert shlex.split(name) == [name]


INVENTORY = """\ufeff# comment
alone
[web]
web1 ansible_host=10.0.0.1
web2   # behind

[db:vars]
x = y
[db]
db1
web1
[all_of:children]
web
db
"""


@pytest.mark.parametrize(
    ("group", "names"),
    [
        (None, ("alone", "web1", "web2", "db1")),
        ("web", ("web1", "web2")),
        ("db", ("db1", "web1")),
        ("all_of", ("web1", "web2", "db1")),
    ],
)
def test_an_inventory_is_read(tmp_path: Path, group: str | None, names: tuple[str, ...]) -> None:
    path = tmp_path / "hosts"
    path.write_bytes(INVENTORY.replace("\n", "\r\n").encode())
    assert read_hosts(path, group) == names


@pytest.mark.parametrize(
    ("text", "group", "place"),
    [("ok\n-x\n", None, "line 2"), ("a b\n", None, "line 1"), ("[web]\na\n", "dbs", "web")],
)
def test_a_mistake_in_a_file_is_named(
    tmp_path: Path, text: str, group: str | None, place: str
) -> None:
    path = tmp_path / "hosts"
    path.write_text(text)
    with pytest.raises(PortViewError) as refused:
        read_hosts(path, group)
    assert refused.value.outcome is Outcome.BAD_INPUT
    assert place in refused.value.message


def test_nobody_to_ask_and_a_missing_file_are_mistakes(tmp_path: Path) -> None:
    for names, file, group in (((), None, None), ((), tmp_path / "no", None), (("a",), None, "g")):
        with pytest.raises(PortViewError) as refused:
            all_hosts(names, file, group)
        assert refused.value.outcome is Outcome.BAD_INPUT
    assert all_hosts(("a", "b", "a"), None, None) == ("a", "b")


@pytest.mark.parametrize(
    "options",
    [["--host", "x"], ["--host=x"], ["--hosts", "f", "--group", "g"], ["--ho", "x"], ["--gro=g"]],
)
def test_the_other_machine_gets_the_command_without_these_options(options: list[str]) -> None:
    assert without_hosts(["why", *options, "80", "--json"]) == ["why", "80", "--json"]
    assert without_hosts(["why", "80", *options]) == ["why", "80"]
    assert without_hosts(["why", "--", *options]) == ["why", "--", *options]


@given(st.lists(st.text(min_size=1, max_size=30), max_size=4))
def test_arguments_reach_the_other_shell_as_they_are(arguments: list[str]) -> None:
    # No shell gives any of these characters a meaning, and cmd.exe splits at blanks alone.
    command = remote_command(arguments)
    assert re.fullmatch(r"[A-Za-z0-9_./:=@+ -]*", command)
    program, *words = command.split(" ")
    assert program == "portview"
    if words[:1] == [ENCODED]:
        assert decoded_words(*words[1:]) == arguments
    else:
        assert [word for word in words if word] == arguments


@given(st.text(max_size=40))
def test_an_encoded_word_is_read_or_refused(word: str) -> None:
    try:
        words = decoded_words(word)
    except ValueError:
        return
    assert all(isinstance(one, str) for one in words)


@pytest.mark.parametrize("shell", [("sh", "-c"), ("bash", "-c"), ("cmd.exe", "/d", "/c")])
@pytest.mark.parametrize(
    "text",
    ["a b", "100 %PATH% ^& echo x", 'it\'s "so" $(id) `id` ; ls', "C:\\x\\ 端口", "-x", "~"],
)
def test_a_real_shell_hands_them_on(shell: tuple[str, ...], text: str) -> None:
    program = shutil.which(shell[0])
    if program is None:
        pytest.skip(f"{shell[0]} is no program of this system")
    code = "import sys;print(ascii(sys.argv[1:]))"
    words = remote_words(["why", text])
    line = f'"{sys.executable}" -c "{code}" {words}'
    if shell[0] == "cmd.exe":
        line = f'"{line}"'
        done = subprocess.run(f"{program} /d /c {line}", capture_output=True, text=True, check=True)
    else:
        done = subprocess.run([program, shell[1], line], capture_output=True, text=True, check=True)
    handed = ast.literal_eval(done.stdout)
    got = decoded_words(handed[1]) if handed[0] == ENCODED else handed
    assert got == ["why", text]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", '{"sockets": 5}', '{"other": []}', "[" * 100_000, '{"error": "x"}'],
)
def test_what_is_no_answer_makes_a_machine_unknown(text: str) -> None:
    answer = as_document(HostAnswer("h", text=text), "sockets")
    assert not answer.is_known
    [host] = hosts_document([answer])["hosts"]
    assert (host["state"], set(host)) == ("unknown", {"host", "state", "reason"})


def test_an_answer_can_not_say_which_machine_it_is_from() -> None:
    lie = json.dumps({"sockets": [], "host": "other", "state": "unknown", "reason": "x", "more": 1})
    [host] = hosts_document([as_document(HostAnswer("h", text=lie), "sockets")])["hosts"]
    assert host == {"host": "h", "state": "known", "reason": None, "sockets": [], "more": 1}


def test_an_error_there_is_told_in_its_words() -> None:
    text = json.dumps({"error": {"code": "bad", "message": "No such\x1b[2J port."}})
    answer = as_document(HostAnswer("h", code=2, text=text), "sockets")
    assert answer.reason.startswith("No such")
    assert "\x1b" not in answer.reason
