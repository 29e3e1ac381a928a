from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portview.firewall.windows.policy import Store
from portview.firewall.windows.rule import is_dormant
from portview.firewall.windows.rule_string import (
    RuleField,
    RuleString,
    format_rule,
    parse_rule,
    split_rule,
)
from tests.windows_rules import read, rule_text, rule_texts

pieces = st.text(st.sampled_from("vV2.0|=aA Action\\ \n\ud800é") | st.characters(), max_size=12)
keys = st.text(st.characters(exclude_characters="|="), max_size=8)
values = st.text(st.characters(exclude_characters="|"), max_size=12)
fields = st.lists(st.builds(RuleField, keys, st.none() | values), max_size=6).map(tuple)


@given(st.lists(pieces).map("|".join))
@example("")
@example("|")
@example("v2.31|")
@example("v2.31||Action=Allow|")
@example("v2.31|Action=Allow")
def test_nothing_is_lost(text: str) -> None:
    assert format_rule(parse_rule(text)) == text


@given(st.builds(RuleString, st.just("v2.31"), fields, st.just(value=True)))
def test_a_rule_is_parsed_as_it_was_put_together(rule: RuleString) -> None:
    assert parse_rule(format_rule(rule)) == rule


@given(rule_texts())
def test_sound_rules_are_not_damaged(text: str) -> None:
    assert not parse_rule(text).damage


def test_the_fields_of_a_rule_keep_their_order_and_case() -> None:
    rule = parse_rule("V2.0|Dir=in|action=Block|LPORT=546|Protocol=17|app=%windir%\\a=b.exe|")
    assert rule.version == "V2.0"
    assert [field.key for field in rule.fields] == ["Dir", "action", "LPORT", "Protocol", "app"]
    assert rule.values("lport") == ["546"]
    assert rule.values("App") == ["%windir%\\a=b.exe"]


@pytest.mark.parametrize(
    ("text", "damage"),
    [
        ("", "it does not start with a version"),
        ("Action=Allow|", "it does not start with a version"),
        ("v2|Action=Allow|", "it does not start with a version"),
        ("v2.31|", "it has no fields"),
        ("v2.31|Action=Allow|Dir=In", "it is cut short"),
        ("v2.31|Action=Allow|nonsense|", "it has a field without a value"),
        ("v9.99|Action=Allow|", ""),
        ("V4.0|Action=Allow|", ""),
    ],
)
def test_damage_is_named(text: str, damage: str) -> None:
    assert parse_rule(text).damage == damage


@given(st.lists(pieces | rule_texts()).map("|".join), st.sampled_from(Store))
@example("v2.31|Active=FALSE|Active=TRUE|Dir=In|Action=Allow|", Store.LOCAL)
@example("v2.31|ACTIVE=false|Dir=In|Action=Allow|", Store.STATIC)
@example("v2.31|Active=FALSE ", Store.LOCAL)
def test_what_a_glance_rules_out_can_not_match(text: str, store: Store) -> None:
    rule = read(text, store)
    if is_dormant(text.lower()):
        assert not rule.is_enabled or rule.is_inbound is False


@given(st.lists(pieces | rule_texts()).map("|".join))
def test_both_ways_of_taking_apart_agree(text: str) -> None:
    version, pairs, is_closed = split_rule(text)
    rule = parse_rule(text)
    assert (version, tuple(pairs), is_closed) == (rule.version, rule.fields, rule.is_closed)


def test_keys_are_read_in_any_case_and_version() -> None:
    rule = read(
        "V4.0|action=block|ACTIVE=True|dir=IN|protocol=6|LPORT=80|lport2_10=90-99|app=SYSTEM|"
    )
    assert rule.is_enabled
    assert rule.is_inbound
    assert rule.effect == "block"
    assert rule.local_ports is not None
    assert [port for port in range(100) if rule.local_ports.contains(port)] == [80, *range(90, 100)]
    assert not rule.doubts


def test_only_hardening_rules_are_on_without_saying_so() -> None:
    text = "V2.0|Action=Block|Dir=In|Svc=Web|"
    assert not read(text).is_enabled
    assert not read(text, Store.POLICY).is_enabled
    assert read(text, Store.STATIC).is_enabled
    assert read(text, Store.CONFIGURABLE).is_enabled
    assert not read("V2.0|Action=Block|Active=FALSE|Dir=In|", Store.STATIC).is_enabled


@pytest.mark.parametrize(
    ("field", "doubt"),
    [
        ("Novelty=7", "Novelty=7"),
        ("Active=maybe", "Active=maybe"),
        ("Profile=Home", "Profile=Home"),
        ("Protocol=TCP", "Protocol=TCP"),
        ("Protocol=300", "Protocol=300"),
        ("Platform=3:1:1", "Platform=3:1:1"),
        ("LUOwn=S-1-1-0", "one user"),
        ("LUAuth=O:LSD:(D;;CC;;;WD)", "certain local users"),
        ("NNm=1", "NNm=1"),
        ("word", "without a value"),
    ],
)
def test_what_is_not_known_leaves_a_doubt(field: str, doubt: str) -> None:
    assert any(doubt in one for one in read(rule_text("Allow", field)).doubts)


@pytest.mark.parametrize("field", ["Edge=TRUE", "Defer=User", "Desc=x", "EmbedCtxt=@a.dll,-1"])
def test_what_does_not_narrow_a_rule_leaves_none(field: str) -> None:
    rule = read(rule_text("Allow", field))
    assert not rule.doubts
    assert not rule.traffic


def test_the_last_value_of_a_rule_that_was_cut_short_is_not_believed() -> None:
    rule = read("v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=80")
    assert rule.local_ports is None
    assert rule.doubts
