"""Which rule decides, in which order rules are shown, and what is said of those that count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.firewall import FirewallVerdict
from portview.firewall.windows.policy import Store
from portview.firewall.windows.surroundings import Profile
from tests.windows_rules import SVCHOST, ask, firewall, rule_text, stored

if TYPE_CHECKING:
    from portview.domain.firewall import FirewallAnswer
    from portview.firewall.windows.policy import StoredRule

ALLOWED, BLOCKED = FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED
PARTLY, UNKNOWN = FirewallVerdict.PARTLY, FirewallVerdict.UNKNOWN
WEB_SERVICE = r"App=%SystemRoot%\System32\svchost.exe|Svc=Web"
ABOUT_SERVICE: dict[str, Any] = {"program": SVCHOST, "services": ("Web",)}
LEFT_OUT = {"standardprofile": {"disabledinterfaces": "{11111111-1111-1111-1111-111111111111}"}}


def hardening(action: str, name: str, *fields: str) -> StoredRule:
    more = "".join(f"{field}|" for field in fields)
    text = f"V2.0|Action={action}|Dir=In|{WEB_SERVICE}|{more}Name={name}|"
    return stored(text, Store.STATIC, rule_id=name)


def shown(answer: FirewallAnswer) -> list[str]:
    return [match.rule.name for match in answer.matches]


def test_exceptions_of_service_hardening_stand_before_its_block_rules() -> None:
    # Their identifiers alone would give the other order.
    rules = firewall(hardening("Block", "a"), hardening("Allow", "b"))
    assert shown(rules.decide(ask(**ABOUT_SERVICE))) == ["b", "a"]


def test_service_hardening_stands_before_the_rules_of_the_firewall_also_in_doubt() -> None:
    doubtful = hardening("Block", "z", "LUOwn=S-1-1-0")
    bypass = rule_text("ByPass", "Security=Authenticate", name="Admins")
    rules = firewall(bypass, doubtful)
    assert shown(rules.decide(ask(**ABOUT_SERVICE))) == ["z", "Admins"]


def test_a_rule_about_all_of_the_traffic_stands_before_one_about_a_part() -> None:
    part = rule_text("Allow", "RA4=10.0.0.0/8", name="part")
    answer = firewall(part, rule_text("Allow", name="all")).decide(ask())
    assert shown(answer) == ["all", "part"]
    assert answer.rule is not None
    assert answer.rule.name == "all"


def test_the_block_rule_that_left_out_interfaces_weaken_is_still_the_one_that_decides() -> None:
    answer = firewall(rule_text("Block", name="No"), local=LEFT_OUT).decide(ask())
    assert answer.verdict is PARTLY
    assert answer.rule is not None
    assert answer.rule.name == "No"
    assert [match.decides for match in answer.matches] == [True]


def test_service_hardening_holds_on_interfaces_that_the_firewall_leaves_out() -> None:
    answer = firewall(hardening("Block", "No"), local=LEFT_OUT).decide(ask(**ABOUT_SERVICE))
    assert answer.verdict is BLOCKED
    assert "left out" not in answer.reason


def test_a_rule_that_counts_is_not_said_to_count_elsewhere_only() -> None:
    trusted = rule_text("Allow", "TTK2_22=WFDPrint", "Profile=Private")
    answer = firewall(trusted, active=[]).decide(ask())
    assert answer.verdict is BLOCKED
    on_private = [text for text in answer.reason.split(". ") if "WFDPrint" in text]
    assert len(on_private) == 1
    assert "on private networks" in on_private[0]


@pytest.mark.parametrize(
    ("local", "remote", "expected"),
    [
        ("192.0.2.5", "198.51.100.1", ALLOWED),
        ("2001:db8::5", "2001:db8:1::1", ALLOWED),
        ("192.0.2.5", "2001:db8:1::1", BLOCKED),
        ("2001:db8::5", "198.51.100.1", BLOCKED),
    ],
)
def test_a_client_of_the_other_ip_version_never_reaches_one_address(
    local: str, remote: str, expected: FirewallVerdict
) -> None:
    answer = firewall(rule_text("Allow")).decide(ask(local_address=local, remote=remote))
    assert answer.verdict is expected
    assert ("one is IPv4 and the other IPv6" in answer.reason) is (expected is BLOCKED)
    assert (answer.rule is None) is (expected is BLOCKED)


DOUBTED = rule_text("Block", "LUOwn=S-1-1-0", "Profile=Public", name="Doubted")
IN_PART = rule_text("Block", "RA4=10.0.0.0/8", "Profile=Public", name="In part")
PRIVATE_BLOCKS = rule_text("Block", "Profile=Private", name="No")


@pytest.mark.parametrize(
    ("rules", "expected", "deciding"),
    [
        ((DOUBTED,), UNKNOWN, "Doubted"),
        ((DOUBTED, PRIVATE_BLOCKS), UNKNOWN, "Doubted"),
        ((IN_PART,), PARTLY, "In part"),
        ((IN_PART, PRIVATE_BLOCKS), PARTLY, "In part"),
    ],
)
def test_of_two_networks_the_one_with_the_verdict_of_both_names_its_rule(
    rules: tuple[str, ...], expected: FirewallVerdict, deciding: str
) -> None:
    both = [Profile.PRIVATE, Profile.PUBLIC]
    answer = firewall(rule_text("Allow", name="Yes"), *rules, active=both).decide(ask())
    assert answer.verdict is expected
    assert answer.rule is not None
    assert answer.rule.name == deciding
