"""The firewall commands as Windows code: the registry is read, and netsh is not believed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from portview.actions.confirmation.action import ExecutionOptions, perform, prepare
from portview.actions.confirmation.firewall_actions import RuleAction
from portview.actions.confirmation.history import read_records
from portview.actions.firewall_rules.report import FirewallReport
from portview.domain.errors import Outcome
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.tag import RuleTag, format_tag
from portview.firewall.windows.managed_rules import OwnName
from portview.firewall.windows.policy import Store
from portview.firewall.windows.registry import LOCAL_KEY, STORE_KEYS

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[4]
OPEN = "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=8098|Name=Open|"
SHUT = "v2.30|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=8099|Name=Shut|"

pytestmark = pytest.mark.windows_only("the firewall's rules in the registry")


@pytest.fixture(autouse=True)
def rules() -> Iterator[None]:
    """Write rules into a registry that has none; never on a machine with a firewall of its own."""
    with suppress(FileNotFoundError):
        winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, LOCAL_KEY).Close()
        pytest.skip("this Windows has rules of its own, which no test may change")
    for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
        write(rf"{LOCAL_KEY}\{profile}", "EnableFirewall", 1)
    for name, text in (("open", OPEN), ("shut", SHUT)):
        write(STORE_KEYS[Store.LOCAL], name, text)
    yield
    remove(LOCAL_KEY)


def write(path: str, name: str, value: int | str) -> None:
    kind = winreg.REG_DWORD if isinstance(value, int) else winreg.REG_SZ
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path) as key:
        winreg.SetValueEx(key, name, 0, kind, value)


def remove(path: str) -> None:
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        names = [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]
    for name in names:
        remove(rf"{path}\{name}")
    winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, path)


def portview(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "portview", "firewall", *arguments, "--json"],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        # JSON is UTF-8; sentences are in the encoding of this machine's consoles.
        encoding="utf-8",
        errors="replace",
        cwd=ROOT,
        timeout=90,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, dict(json.loads(done.stdout))


def test_the_state_of_each_profile_is_read() -> None:
    code, status = portview("status")
    assert code == 0, status
    assert (status["manager"], status["is_on"], status["problem"]) == ("windows", True, None)
    assert {profile["name"] for profile in status["profiles"]} == {"domain", "private", "public"}
    assert all(profile["inbound_default"] == "block" for profile in status["profiles"])
    assert status["rule_count"] == 2


@pytest.mark.parametrize(
    ("port", "verdict", "rule"),
    [("8098", "allowed", "Open"), ("8099", "blocked", "Shut"), ("8097", "blocked", None)],
)
def test_the_rules_of_the_registry_decide(port: str, verdict: str, rule: str | None) -> None:
    code, told = portview("verdict", port, "--remote", "192.0.2.9")
    assert told["verdict"] == verdict, told
    assert code == (Outcome.DONE if verdict == "allowed" else Outcome.NOT_DONE)
    assert (told["rule"]["name"] if told["rule"] else None) == rule
    assert told["reason"]


def test_the_verdict_is_about_the_program_that_listens() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - what is asked about
        _, told = portview("verdict", str(server.getsockname()[1]))
    assert told["question"]["program"].lower().endswith("python.exe")
    assert told["question"]["local_address"] == "0.0.0.0"  # noqa: S104 - likewise
    assert told["verdict"] == "blocked"


def test_a_netsh_that_does_nothing_is_found_out() -> None:
    """Wine's netsh accepts everything, does nothing and ends with 0."""
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - what is asked about
        port = str(server.getsockname()[1])
        code, shown = portview("allow", port, "--dry-run")
        assert (code, shown["report"]) == (0, None)
        (command,) = shown["change"]["commands"]
        assert command[1:5] == ["advfirewall", "firewall", "add", "rule"]
        assert shown["wish"]["program"].lower().endswith("python.exe")
        assert shown["wish"]["profiles"] == ["domain", "private"]
        code, told = portview("allow", port, "--yes")
    assert code == Outcome.NOT_DONE, told
    report = told["report"]
    assert "The rule does not exist" in report["now"]
    assert not report["is_in_force"]
    assert report["next_step"]
    (record,) = read_records()
    assert record.made_rules == ()


def test_the_side_with_rights_believes_netsh_as_little() -> None:
    """Wine starts the errand without a prompt; what it answers has come through the pipe."""
    job = RuleAction(RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8097, remotes=("any",)))
    report = perform(prepare(job), ExecutionOptions(as_admin=True))
    assert isinstance(report, FirewallReport)
    assert report.outcome is Outcome.NOT_DONE
    assert "The rule does not exist" in report.now
    assert report.rule_id


def test_what_stands_against_a_rule_is_told_beforehand() -> None:
    _, shown = portview("allow", "8099", "--dry-run", "--program", "any")
    assert any("Shut" in warning for warning in shown["warnings"]), shown["warnings"]
    write(rf"{LOCAL_KEY}\PublicProfile", "DoNotAllowExceptions", 1)
    write(rf"{LOCAL_KEY}\StandardProfile", "DoNotAllowExceptions", 1)
    write(rf"{LOCAL_KEY}\DomainProfile", "DoNotAllowExceptions", 1)
    _, shown = portview(
        "allow", "8097", "--dry-run", "--remote", "any", "--profile", "domain,private,public"
    )
    assert any("All inbound" in warning for warning in shown["warnings"]), shown["warnings"]


def test_own_rules_are_listed_and_one_that_stays_is_told() -> None:
    name = OwnName(RuleEffect.ALLOW, Protocol.TCP, 8096, "abcd1234")
    tag = format_tag(RuleTag("abcd1234", expires_at_ms=1000))
    text = (
        "v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=8096|RA4=LocalSubnet|"
        f"RA6=LocalSubnet|Name={name.text}|Desc=Made by PortView. {tag}|"
    )
    write(STORE_KEYS[Store.LOCAL], "{own}", text)
    code, listed = portview("list")
    assert code == 0
    (rule,) = listed["rules"]
    assert (rule["id"], rule["port"], rule["remotes"]) == ("abcd1234", 8096, ["localsubnet"])
    assert rule["expires_at"] == "1970-01-01T00:00:01.000Z"
    assert "it expired" in rule["expired"]
    code, told = portview("revoke", "--expired", "--yes")
    assert code == Outcome.NOT_DONE
    assert "still exists" in told["report"]["now"]
    assert portview("list")[1]["rules"] == listed["rules"]
