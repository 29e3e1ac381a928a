"""The firewall commands on a machine with a real firewall, and a client that really knocks."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portview.actions.confirmation.history import read_records
from portview.domain.errors import Outcome
from tests.system.cli.firewall.conftest import AS_NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.cli.firewall.conftest import Machines

if sys.platform != "win32":
    import pty

ROOT = Path(__file__).resolve().parents[4]

pytestmark = [
    pytest.mark.linux_only("network namespaces and nftables"),
    pytest.mark.root_only("makes network namespaces"),
]


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert "Traceback" not in done.stderr
    return dict(json.loads(done.stdout))


def test_a_blocked_server_is_reached_after_allow_and_not_after_revoke(machines: Machines) -> None:
    with machines.serving(8080):
        assert not machines.gets_through(8080)
        before = machines.portview("firewall", "verdict", "8080", "--json")
        assert before.returncode == Outcome.NOT_DONE
        assert document(before)["verdict"] == "blocked"

        allowed = machines.portview("firewall", "allow", "8080", "--yes", "--json")
        told = document(allowed)
        assert allowed.returncode == 0, told
        assert told["before"]["verdict"] == "blocked"
        assert told["report"]["outcome"] == "done"
        assert {one["verdict"] for one in told["report"]["after_for"]} == {"allowed"}
        assert told["report"]["rule"]["id"] == told["report"]["rule_id"]
        assert machines.gets_through(8080)
        assert machines.gets_through(8080, machines.guarded.ipv6)

        listed = document(machines.portview("firewall", "list", "--json"))
        (rule,) = listed["rules"]
        assert (rule["id"], rule["port"], rule["effect"]) == (
            told["report"]["rule_id"],
            8080,
            "allow",
        )
        assert rule["expired"] is None
        (record,) = read_records()
        assert record.made_rules == (rule["id"],)

        revoked = machines.portview("firewall", "revoke", "8080", "--yes", "--json")
        assert revoked.returncode == 0, revoked.stdout
        assert not machines.gets_through(8080)
        assert document(machines.portview("firewall", "list", "--json"))["rules"] == []
        again = machines.portview("firewall", "revoke", "8080", "--yes")
        assert again.returncode == Outcome.NOT_DONE
        assert "no rule created by PortView for port 8080" in again.stdout


def test_a_rule_for_one_client_is_for_that_one_alone(machines: Machines) -> None:
    with machines.serving(8080):
        for remote, is_open in (("10.199.0.77", False), (machines.client.ipv4, True)):
            done = machines.portview("firewall", "allow", "8080", "--remote", remote, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr
            assert f"is now allowed for {remote}." in done.stdout
            assert machines.gets_through(8080) is is_open
        assert machines.portview("firewall", "revoke", "--all", "--yes").returncode == 0
        assert not machines.gets_through(8080)


def test_anyone_and_what_is_allowed_already(machines: Machines) -> None:
    with machines.serving(8080):
        first = machines.portview("firewall", "allow", "8080", "--remote", "any", "--yes")
        assert first.returncode == 0, first.stdout + first.stderr
        rules = machines.ruleset()
        verdict = machines.portview("firewall", "verdict", "8080", "--json")
        assert (verdict.returncode, document(verdict)["verdict"]) == (0, "allowed")
        # No consent is needed where nothing is changed.
        second = machines.portview("firewall", "allow", "8080", "--json")
        told = document(second)
        assert second.returncode == 0
        assert told["is_needless"]
        assert told["report"]["rule_id"] is None
        assert machines.ruleset() == rules
        assert machines.portview("firewall", "revoke", "--all", "--yes").returncode == 0


@pytest.mark.parametrize("remote", ["localsubnet", "any"])
def test_a_server_of_ipv4_alone_is_let_in_to_by_ipv4_alone(machines: Machines, remote: str) -> None:
    with machines.serving(8080, address="0.0.0.0"):  # noqa: S104 - in a namespace
        done = machines.portview(
            *("firewall", "allow", "8080", "--remote", remote, "--yes", "--json")
        )
        told = document(done)
        assert done.returncode == 0, told
        assert any("IPv4 only" in note for note in told["notes"])
        assert told["report"]["outcome"] == "done"
        assert not any(":" in one for one in told["report"]["rule"]["remotes"])
        assert machines.gets_through(8080)
    with machines.serving(8080):
        # Whoever listens there later on IPv6 was not meant.
        assert machines.gets_through(8080)
        assert not machines.gets_through(8080, machines.guarded.ipv6)
    assert machines.portview("firewall", "revoke", "8080", "--yes").returncode == 0
    assert "portview" not in machines.ruleset()


def test_who_names_both_ip_versions_gets_both(machines: Machines) -> None:
    with machines.serving(8080, address="0.0.0.0"):  # noqa: S104 - in a namespace
        done = machines.portview(
            *("firewall", "allow", "8080", "--remote", "0.0.0.0/0,::/0", "--yes", "--json")
        )
        told = document(done)
        assert done.returncode == 0, told
        assert not any("IPv4 only" in note for note in told["notes"])
        assert told["report"]["rule"]["remotes"] == ["any"]
    with machines.serving(8080):
        assert machines.gets_through(8080, machines.guarded.ipv6)
    assert machines.portview("firewall", "revoke", "8080", "--yes").returncode == 0


def test_blocking_is_proved_and_taken_back_in_the_same_way(machines: Machines) -> None:
    with machines.serving(8080):
        machines.guarded.run("nft", "add", "rule", "inet", "guard", "input", "tcp", "dport",
                             "8080", "accept")  # fmt: skip
        assert machines.gets_through(8080)
        blocked = machines.portview("firewall", "block", "8080", "--yes")
        assert blocked.returncode == 0, blocked.stdout + blocked.stderr
        assert "is now blocked for any other machine" in blocked.stdout
        assert not machines.gets_through(8080)
        assert machines.portview("firewall", "revoke", "8080", "--yes").returncode == 0
        assert machines.gets_through(8080)


def test_nothing_is_changed_without_consent(machines: Machines) -> None:
    with machines.serving(8080):
        rules = machines.ruleset()
        for extra in ((), ("--json",)):
            done = machines.portview("firewall", "allow", "8080", *extra)
            assert done.returncode == Outcome.NOT_DONE
            assert "confirmation was not possible" in done.stderr
        shown = document(machines.portview("firewall", "allow", "8080", "--dry-run", "--json"))
        assert (shown["dry_run"], shown["report"]) == (True, None)
        assert shown["change"]["commands"]
        assert all(isinstance(word, str) for words in shown["change"]["commands"] for word in words)
        assert machines.ruleset() == rules
        machines.portview("firewall", "allow", "8080", "--yes")
        with_rule = machines.ruleset()
        assert with_rule != rules
        for extra in ((), ("--json",), ("--dry-run",)):
            machines.portview("firewall", "revoke", "--all", *extra)
        machines.portview("firewall", "list")
        assert machines.ruleset() == with_rule
        machines.portview("firewall", "revoke", "--all", "--yes")


@pytest.mark.parametrize(("answer", "is_open"), [("y", True), ("", False)])
def test_at_a_terminal_the_rule_is_shown_and_asked_for(
    machines: Machines, answer: str, is_open: bool
) -> None:
    ours, theirs = pty.openpty()
    with machines.serving(8080):
        command = (sys.executable, "-m", "portview", "firewall", "allow", "8080")
        line = ("ip", "netns", "exec", machines.guarded.name, *command)
        process = subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT)
        os.close(theirs)
        said = b""
        while b"[y/N]" not in said:
            said += os.read(ours, 4096)
        assert b"This will run: nft " in said
        assert not machines.gets_through(8080)
        os.write(ours, f"{answer}\n".encode())
        assert process.wait(60) == (0 if is_open else Outcome.NOT_DONE)
        os.close(ours)
        assert machines.gets_through(8080) is is_open


def test_a_tool_that_succeeds_without_effect_is_found_out(
    machines: Machines, tmp_path: Path
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    fake = folder / "nft"
    fake.write_text(
        '#!/bin/sh\nfor word in "$@"; do\n'
        f'  [ "$word" = list ] && exec {shutil.which("nft")} "$@"\ndone\ncat >/dev/null\nexit 0\n',
        "utf-8",
    )
    fake.chmod(0o755)
    with machines.serving(8080):
        done = machines.portview("firewall", "allow", "8080", "--yes", "--json", path=folder)
        told = document(done)
        assert done.returncode == Outcome.NOT_DONE
        assert "The rule does not exist" in told["report"]["now"]
        assert not told["report"]["is_in_force"]
        assert told["report"]["next_step"]
        assert document(machines.portview("firewall", "list", "--json"))["rules"] == []


def expired(machines: Machines) -> list[str]:
    listed = document(machines.portview("firewall", "list", "--json"))["rules"]
    return [rule["id"] for rule in listed if rule["expired"]]


def wait_for_expired(machines: Machines) -> list[str]:
    deadline = time.monotonic() + 20
    while not (found := expired(machines)):
        assert time.monotonic() < deadline, "no rule has expired"
    return found


def test_a_rule_that_has_had_its_time_is_named_and_taken_back(machines: Machines) -> None:
    with machines.serving(8080, 8081):
        made = machines.portview("firewall", "allow", "8080", "--for", "1s", "--yes", "--json")
        rule_id = document(made)["report"]["rule_id"]
        assert wait_for_expired(machines) == [rule_id]
        # Reading changes nothing.
        assert machines.gets_through(8080)
        told = machines.portview("firewall", "list").stdout
        assert f"portview firewall revoke --id {rule_id}" in told
        # The next change takes it along, and says so.
        other = machines.portview("firewall", "allow", "8081", "--yes")
        assert other.returncode == 0, other.stdout + other.stderr
        assert "it expired" in other.stdout
        assert machines.gets_through(8081)
        assert not machines.gets_through(8080)
        assert machines.portview("firewall", "revoke", "--all", "--yes").returncode == 0


def test_a_rule_ends_with_its_program(machines: Machines) -> None:
    with machines.serving(8080):
        made = machines.portview("firewall", "allow", "8080", "--until-end", "--yes")
        assert made.returncode == 0, made.stdout + made.stderr
        assert expired(machines) == []
    (rule_id,) = wait_for_expired(machines)
    done = machines.portview("firewall", "revoke", "--expired", "--yes")
    assert done.returncode == 0
    assert rule_id in done.stdout
    assert "has exited" in done.stdout
    assert document(machines.portview("firewall", "list", "--json"))["rules"] == []
    assert machines.portview("firewall", "revoke", "--expired", "--yes").returncode == 0


def test_only_the_named_rule_goes(machines: Machines) -> None:
    with machines.serving(8080, 8081):
        ids = [
            document(machines.portview("firewall", "allow", port, "--yes", "--json"))["report"][
                "rule_id"
            ]
            for port in ("8080", "8081")
        ]
        assert machines.portview("firewall", "revoke", "--id", ids[0], "--yes").returncode == 0
        assert not machines.gets_through(8080)
        assert machines.gets_through(8081)
        missing = machines.portview("firewall", "revoke", "--id", ids[0], "--yes", "--json")
        assert missing.returncode == Outcome.NOT_DONE
        assert document(missing)["error"]["code"] == "no_such_rule"
        assert machines.portview("firewall", "revoke", "--all", "--yes").returncode == 0


def test_a_server_on_loopback_is_told_beforehand(machines: Machines) -> None:
    code = (
        "import socket, time; s = socket.create_server(('127.0.0.1', 8080)); "
        "print('ready', flush=True); time.sleep(60)"
    )
    process = machines.guarded.start(sys.executable, "-c", code)
    try:
        assert process.stdout
        process.stdout.readline()
        shown = machines.portview("firewall", "allow", "8080", "--dry-run")
        assert "listens on 127.0.0.1 only" in shown.stdout
        verdict = machines.portview("firewall", "verdict", "8080", "--json")
        assert verdict.returncode == Outcome.NOT_DONE
        assert document(verdict)["question"]["local_address"] == "127.0.0.1"
    finally:
        process.kill()
        process.communicate()


def test_without_rights_it_is_said_and_the_way_is_told(machines: Machines) -> None:
    # The guarded machine's own user may not read its rules, let alone change them.
    for words in (("status",), ("list",), ("verdict", "8080"), ("revoke", "--all", "--yes"),
                  ("allow", "8080", "--yes")):  # fmt: skip
        done = machines.portview("firewall", *words, prefix=AS_NOBODY)
        assert done.returncode == Outcome.NEEDS_ADMIN, (words, done.stdout, done.stderr)
        assert f"-m portview firewall {' '.join(words)}" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.fixture
def agent(machines: Machines) -> Iterator[Path]:
    """Give a folder with a stand-in for pkexec behind which root of the guarded machine works."""
    # Another user may not look into the test's own folder.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for pipe in ("errand", "answer"):
            os.mkfifo(folder / pipe)
            (folder / pipe).chmod(0o666)
        stand_in = folder / "pkexec"
        asks = f'echo "$@" > {folder}/errand\ncat {folder}/answer\n'
        stand_in.write_text(f"#!/bin/sh\n{asks}", "utf-8")
        stand_in.chmod(0o755)
        does = f"while read line < {folder}/errand; do $line > {folder}/answer; done"
        root = machines.guarded.start("sh", "-c", does, cwd=ROOT, start_new_session=True)
        try:
            yield folder
        finally:
            os.killpg(root.pid, signal.SIGKILL)
            root.communicate()


def test_a_user_without_rights_has_it_done_and_taken_back(machines: Machines, agent: Path) -> None:
    def portview(*words: str) -> dict[str, Any]:
        more = ("--yes", "--elevate", "--json")
        done = machines.portview("firewall", *words, *more, path=agent, prefix=AS_NOBODY)
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(document(done)["report"])

    with machines.serving(8080):
        made = portview("allow", "8080", "--remote", "any")
        assert made["now"] == "TCP port 8080 is now allowed for any other machine."
        assert made["is_in_force"]
        assert machines.gets_through(8080)
        again = portview("allow", "8080", "--remote", "any")
        assert (again["rule_id"], again["is_in_force"]) == (None, False)
        gone = portview("revoke", "--id", made["rule_id"])
        assert "The rule is gone." in gone["now"]
        assert not machines.gets_through(8080)


def test_an_errand_is_planned_anew_and_answers_with_what_was_read(machines: Machines) -> None:
    with machines.serving(8080):
        words = ("tcp", "8080", "any", "domain,private", "-", "-", "-")
        made = document(machines.portview("errand", "allow-port", *words))
        assert made["outcome"] == 0, made
        assert made["is_in_force"]
        assert machines.gets_through(8080)
        gone = document(machines.portview("errand", "revoke-rules", made["rule_id"], "none0"))
        assert gone["outcome"] == 0, gone
        assert not machines.gets_through(8080)
        missing = document(machines.portview("errand", "revoke-rules", made["rule_id"]))
        assert missing["error"]["code"] == "no_such_rule"


AS_THE_WINDOW_DOES = """
import json
from portview.actions.confirmation.firewall_actions import RevokeAction, RuleAction
from portview.actions.confirmation.action import ExecutionOptions, perform, prepare
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.readers.system_tools import TOOL_FOLDERS, search_tools_in

search_tools_in(({folder!r}, *TOOL_FOLDERS))
job = RuleAction(RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8080, remotes=("any",)))
made = perform(prepare(job), ExecutionOptions(as_admin=True))
back = RevokeAction((made.rule_id,))
gone = perform(prepare(back), ExecutionOptions(as_admin=True))
print(json.dumps([made.now, made.is_in_force, gone.now, gone.outcome]))
"""


def test_the_window_has_it_done_by_the_side_with_rights(machines: Machines, tmp_path: Path) -> None:
    """The way through pkexec, whose prompt alone is left out."""
    pkexec = tmp_path / "pkexec"
    pkexec.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexec "$@"\n', "utf-8")
    pkexec.chmod(0o755)
    with machines.serving(8080):
        code = AS_THE_WINDOW_DOES.format(folder=str(tmp_path))
        told = machines.guarded.python(code)
    assert told[:2] == ["TCP port 8080 is now allowed for any other machine.", True]
    assert "The rule is gone." in told[2]
    assert told[3] == Outcome.DONE
    allow, revoke = (tmp_path / "asked").read_text("utf-8").splitlines()
    assert allow.endswith("errand allow-port tcp 8080 any domain,private - - -")
    assert " errand revoke-rules " in revoke


@pytest.mark.parametrize(
    "words",
    [
        ("verdict", "http"),
        ("verdict", "80", "--remote", "example.org"),
        ("allow", "0"),
        ("allow", "80", "--for", "soon"),
        ("allow", "80", "--for", "1h", "--until", "2100-01-01T00:00:00Z"),
        ("allow", "80", "--until", "2001-01-01T00:00:00Z"),
        ("allow", "80", "--remote", "10.0.0.1/8"),
        ("allow", "80", "--remote", ""),
        ("allow", "80", "--profile", "work"),
        ("allow", "80", "--until-end", "0"),
        ("revoke",),
        ("revoke", "80", "--all"),
        ("revoke", "x"),
    ],
)
def test_mistakes_are_told_and_change_nothing(machines: Machines, words: tuple[str, ...]) -> None:
    done = machines.portview("firewall", *words, "--json")
    assert done.returncode == Outcome.BAD_INPUT, done.stdout + done.stderr
    assert document(done)["error"]["hint"]
