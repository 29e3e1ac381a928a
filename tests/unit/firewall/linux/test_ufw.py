from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import PortViewError
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.scope import Scope
from portview.firewall.linux.ufw import managed_rules, parse_user_rules, plan_removal, plan_rule
from portview.firewall.tag import RuleTag, format_tag

TAG = format_tag(RuleTag("abcd12", 1_900_000_000_000, ProcessKey(7, 9)))
MARK = TAG.encode().hex()
FILE = f"""*filter
### RULES ###

### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in comment=737368
-A ufw-user-input -p tcp --dport 22 -j ACCEPT

### tuple ### allow tcp 8080 0.0.0.0/0 any 198.51.100.0/24 in comment={MARK}
-A ufw-user-input -p tcp --dport 8080 -s 198.51.100.0/24 -j ACCEPT

### tuple ### allow tcp 8080 ::/0 any 2001:db8::7 in comment={MARK}

### tuple ### deny any any 0.0.0.0/0 any 203.0.113.5 in
### tuple ### allow udp 5353 0.0.0.0/0 any 0.0.0.0/0 out
### tuple ### allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 Nginx%20Full - in
### tuple ### limit_log tcp 2222 0.0.0.0/0 any 0.0.0.0/0 in
### END RULES ###
"""


def rule_spec(effect: RuleEffect = RuleEffect.ALLOW) -> RuleSpec:
    return RuleSpec(effect, Protocol.TCP, 8080)


def test_rules_for_incoming_traffic_are_read() -> None:
    rules = list(parse_user_rules(FILE))
    assert [(one.action, one.port, one.source) for one in rules] == [
        ("allow", "22", "0.0.0.0/0"),
        ("allow", "8080", "198.51.100.0/24"),
        ("allow", "8080", "2001:db8::7"),
        ("deny", "any", "203.0.113.5"),
        ("limit", "2222", "0.0.0.0/0"),
    ]
    assert rules[0].comment == "ssh"


def test_own_rules_are_those_with_a_mark() -> None:
    [own] = managed_rules(parse_user_rules(FILE))
    assert own.id == "abcd12"
    assert own.rule_spec.remotes == ("198.51.100.0/24", "2001:db8::7")
    assert own.rule_spec.until == ProcessKey(7, 9)
    assert [" ".join(command) for command in plan_removal(own)] == [
        "ufw delete allow proto tcp from 198.51.100.0/24 to any port 8080",
        "ufw delete allow proto tcp from 2001:db8::7 to any port 8080",
    ]


def test_what_is_there_already_is_not_made_again() -> None:
    known = list(parse_user_rules(FILE))
    scope = Scope(("198.51.100.0/24", "192.0.2.0/24"), ())
    [command] = plan_rule(rule_spec(), scope, TAG, known, is_first=True)
    made = f"ufw prepend allow proto tcp from 192.0.2.0/24 to any port 8080 comment {TAG}"
    assert " ".join(command) == made
    with pytest.raises(PortViewError, match="already"):
        plan_rule(rule_spec(), Scope(("198.51.100.0/24",), ()), TAG, known, is_first=False)
    [denied] = plan_rule(rule_spec(RuleEffect.BLOCK), Scope(), TAG, known, is_first=False)
    assert denied[1:6] == ("deny", "proto", "tcp", "from", "any")


def of_anyone(*networks: str) -> str:
    return "".join(
        f"### tuple ### allow tcp 8080 {one} any {one} in comment={MARK}\n" for one in networks
    )


def test_a_rule_for_anyone_is_told_from_one_for_a_single_ip_version() -> None:
    [both] = managed_rules(parse_user_rules(of_anyone("0.0.0.0/0", "::/0")))
    assert both.rule_spec.remotes == ("any",)
    [four] = managed_rules(parse_user_rules(of_anyone("0.0.0.0/0")))
    assert four.rule_spec.remotes == ("0.0.0.0/0",)
    [command] = plan_removal(four)
    assert " ".join(command) == "ufw delete allow proto tcp from 0.0.0.0/0 to any port 8080"


def test_a_rule_of_somebody_for_one_ip_version_is_left_alone() -> None:
    # Asked for both, ufw would put PortView's mark on the one that is there.
    known = list(parse_user_rules(of_anyone("0.0.0.0/0")))
    [command] = plan_rule(rule_spec(), Scope(), TAG, known, is_first=False)
    assert command[1:6] == ("allow", "proto", "tcp", "from", "::/0")


@given(st.text())
def test_no_file_is_too_strange(text: str) -> None:
    list(parse_user_rules(f"### tuple ### allow tcp 1 0.0.0.0/0 any {text} in comment={text}"))
    managed_rules(parse_user_rules(text))
