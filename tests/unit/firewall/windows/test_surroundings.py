"""Other firewalls, a stopped service and 8.3 paths: what may make a rule count for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from portview.domain.facts import Absent, Known, Unreadable
from portview.domain.firewall import FirewallVerdict, RuleFit
from portview.firewall.windows.policy import Store
from tests.windows_rules import SERVER, SVCHOST, ask, firewall, rule_text, stored

ALLOWED, BLOCKED = FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED
PARTLY, UNKNOWN = FirewallVerdict.PARTLY, FirewallVerdict.UNKNOWN
OPEN = rule_text("Allow", "Protocol=6", "LPort=8080")
SHORT = r"C:\PROGRA~1\Acme\server.exe"


def around(**facts: Any) -> dict[str, Any]:
    return {"version": (10, 0), **facts}


def test_a_product_that_has_taken_over_is_named_and_nothing_is_decided() -> None:
    rules = firewall(OPEN, surroundings=around(products=Known(("Acme\x1b Shield", "Other"))))
    answer = rules.decide(ask())
    assert answer.verdict is UNKNOWN
    assert answer.reason.startswith("Acme")
    assert "\x1b" not in answer.reason
    assert "Other" in answer.next_step
    assert rules.status.is_on is None
    assert rules.status.problem == answer.reason


def test_a_stopped_service_decides_nothing() -> None:
    rules = firewall(OPEN, surroundings=around(is_service_running=Known(value=False)))
    assert rules.decide(ask()).verdict is UNKNOWN
    assert "stopped" in rules.status.problem
    assert "MpsSvc" in rules.status.hint


@pytest.mark.parametrize("name", ["products", "is_service_running"])
def test_what_can_not_be_read_is_told_with_the_verdict(name: str) -> None:
    rules = firewall(OPEN, surroundings=around(**{name: Unreadable("COM is out of order")}))
    answer = rules.decide(ask())
    assert answer.verdict is ALLOWED
    assert answer.reason.endswith(" It could not be checked: COM is out of order.")
    assert rules.status.is_on


def test_no_other_product_is_no_word() -> None:
    rules = firewall(OPEN, surroundings=around(products=Absent()))
    assert "checked" not in rules.decide(ask()).reason


@pytest.mark.parametrize(
    ("long_form", "expected"),
    [(SERVER, ALLOWED), (r"C:\Program Files (x86)\Acme\server.exe", BLOCKED), (None, UNKNOWN)],
)
def test_a_short_path_is_the_program_that_windows_says(
    long_form: str | None, expected: FirewallVerdict
) -> None:
    asked: list[str] = []

    def write_out(path: str) -> str | None:
        asked.append(path)
        return long_form

    allow = rule_text("Allow", "Protocol=6", "LPort=8080", f"App={SHORT}")
    rules = firewall(allow, surroundings=around(long_path=write_out))
    answer = rules.decide(ask())
    assert answer.verdict is expected
    assert asked == [SHORT.lower()]
    if expected is UNKNOWN:
        assert answer.matches[0].fit is RuleFit.MAYBE
        assert SHORT in answer.reason


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (r"C:\PROGRA~1\Other\server.exe", BLOCKED),
        (r"C:\PROGRA~1\server.exe", BLOCKED),
        (r"C:\PROGRA~1\Acme\SERVER~1.EXE", UNKNOWN),
        (r"C:\PROGRA~1\Acme\SERVER~1.DLL", BLOCKED),
        (r"D:\PROGRA~1\Acme\server.exe", BLOCKED),
        (r"C:\Program Files\Acme\ser~ver.exe", BLOCKED),
    ],
)
def test_a_short_path_is_left_open_only_where_it_may_be_the_program(
    path: str, expected: FirewallVerdict
) -> None:
    allow = rule_text("Allow", "Protocol=6", "LPort=8080", f"App={path}")
    assert firewall(allow).decide(ask()).verdict is expected


HALVES = ("RA4=0.0.0.0-127.255.255.255|RA6=::/1", "RA4=128.0.0.0-255.255.255.255|RA6=8000::/1")


def test_rules_for_parts_of_all_addresses_are_together_for_all() -> None:
    both = [rule_text("Allow", "Protocol=6", half, name=half) for half in HALVES]
    assert firewall(*both).decide(ask()).verdict is ALLOWED
    assert firewall(both[0]).decide(ask()).verdict is PARTLY


@pytest.mark.parametrize("condition", ["Security=Authenticate", "IFType=Wireless"])
def test_rules_with_a_condition_are_not_for_all_together(condition: str) -> None:
    conditional = [rule_text("Allow", "Protocol=6", half, condition, name=half) for half in HALVES]
    assert firewall(*conditional).decide(ask()).verdict is PARTLY
    blocks = [text.replace("Action=Allow", "Action=Block") for text in conditional]
    assert firewall(OPEN, *blocks).decide(ask()).verdict is PARTLY


def hardened(*texts: str, opening: str = "") -> FirewallVerdict:
    """Decide for a service with rules of service hardening and one that allows it."""
    app = r"App=%SystemRoot%\System32\svchost.exe"
    rules = [stored(text.replace("{app}", app), Store.STATIC) for text in texts]
    allow = opening or rule_text("Allow", app, "Svc=Web")
    question = ask(program=SVCHOST, services=("Web",))
    return firewall(*rules, allow).decide(question).verdict


BLOCK = "V2.0|Action=Block|Dir=In|{app}|Svc=Web|Name=No|"


def test_a_part_of_service_hardening_is_no_less_and_no_more_than_a_part() -> None:
    partly = BLOCK.replace("|Name", "|RA4=198.51.100.0/24|Name")
    assert hardened(partly) is PARTLY
    exception = "V2.0|Action=Allow|Dir=In|LPort=8080|Protocol=6|{app}|Svc=Web|Name=Yes|"
    narrow = exception.replace("|Name", "|RA4=198.51.100.0/24|Name")
    assert hardened(BLOCK, narrow) is PARTLY
    assert hardened(BLOCK) is BLOCKED
    assert hardened(BLOCK, exception) is ALLOWED


def test_doubts_about_service_hardening_are_doubts() -> None:
    doubtful = BLOCK.replace("|Name", "|Unheard=Of|Name")
    assert hardened(doubtful) is UNKNOWN
    exception = "V2.0|Action=Allow|Dir=In|LPort=8080|Protocol=6|{app}|Svc=Web|Unheard=Of|Name=Yes|"
    assert hardened(BLOCK, exception) is UNKNOWN
