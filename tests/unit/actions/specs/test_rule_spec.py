"""A wish for a rule survives the way to the other side, and nothing else gets through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.elevation.request import (
    ElevatedOperation,
    ElevatedRequest,
    parse_elevated_request,
)
from portview.actions.specs.rule_spec import (
    rule_command,
    validated_remotes,
    validated_rule_spec,
)
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import Protocol, canonical_address

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(
    lambda address: canonical_address(str(address))
)
NETWORKS = st.builds(
    lambda first, size: f"{first}.0.0.0/{size}", st.integers(1, 223), st.integers(8, 32)
)
REMOTES = st.one_of(
    st.sampled_from([("any",), ("localsubnet",), ("0.0.0.0/0",), ("::/0", "localsubnet4")]),
    st.lists(ADDRESSES | NETWORKS, min_size=1, max_size=5, unique=True).map(tuple),
)
PROFILES = st.sampled_from(
    [("domain",), ("private",), ("public",), ("domain", "private"), ("domain", "private", "public")]
)
WINDOWS_PATHS = st.from_regex(
    r"([C-F]:|\\\\[a-z]{1,9})(\\[A-Za-z0-9 ()._-]{1,10}){1,4}", fullmatch=True
)
UNIX_PATHS = st.from_regex(r"/[A-Za-z0-9 ()./_'$-]{1,40}", fullmatch=True)
KEYS = st.builds(ProcessKey, st.integers(1, 2**32 - 1), st.integers(0, 10**15 - 1))
RULE_SPECS = st.builds(
    RuleSpec,
    st.sampled_from([RuleEffect.ALLOW, RuleEffect.BLOCK]),
    st.sampled_from(Protocol),
    st.integers(1, 65535),
    st.none() | st.just("System") | WINDOWS_PATHS | UNIX_PATHS,
    REMOTES,
    PROFILES,
    st.none() | st.integers(1, 10**14 - 1),
    st.none() | KEYS,
)
VERBS = {
    RuleEffect.ALLOW: ElevatedOperation.ALLOW_PORT,
    RuleEffect.BLOCK: ElevatedOperation.BLOCK_PORT,
}


@given(RULE_SPECS)
def test_a_wish_is_read_as_it_was_written(rule_spec: RuleSpec) -> None:
    assert validated_rule_spec(rule_spec) == rule_spec
    elevated_request = ElevatedRequest(VERBS[rule_spec.effect], rule_spec=rule_spec)
    assert parse_elevated_request(elevated_request.arguments()) == elevated_request
    assert all(isinstance(word, str) for word in rule_command(rule_spec))


@given(st.lists(st.from_regex(r"[a-z0-9]{4,20}", fullmatch=True), min_size=1, max_size=4))
def test_rules_to_take_back_are_read_as_they_were_written(ids: list[str]) -> None:
    elevated_request = ElevatedRequest(ElevatedOperation.REVOKE_RULES, rule_ids=tuple(ids))
    assert parse_elevated_request(elevated_request.arguments()) == elevated_request


@given(
    st.sampled_from(["allow-port", "block-port", "revoke-rules"]), st.lists(st.text(), max_size=9)
)
def test_anything_else_is_refused(verb: str, words: list[str]) -> None:
    try:
        elevated_request = parse_elevated_request(["errand", verb, *words])
    except PortViewError:
        return
    assert elevated_request.arguments() == ("errand", verb, *words)


GOOD = ["tcp", "80", "any", "domain,private", "-", "-", "-"]


@pytest.mark.parametrize(
    ("place", "word"),
    [
        (0, "icmp"),
        (0, "TCP"),
        (1, "0"),
        (1, "65536"),
        (1, "080"),
        (1, "80-90"),
        (2, ""),
        (2, "any,10.0.0.1"),
        (2, "ANY"),
        (2, "any,0.0.0.0/0"),
        (2, "localsubnet5"),
        (2, "10.0.0.1/8"),
        (2, "example.org"),
        (2, "10.0.0.1;reboot"),
        (2, "10.0.0.1,10.0.0.1"),
        (2, "fe80::1%eth0"),
        (3, ""),
        (3, "private,domain"),
        (3, "all"),
        (4, "0"),
        (4, "1e3"),
        (4, "-5"),
        (4, "999999999999999"),
        (5, "80"),
        (5, "0:5"),
        (6, "notepad.exe"),
        (6, ""),
        (6, "C:\\a\nb.exe"),
        (6, 'C:\\a" dir=in'),
        (6, "C:\\a|Active=TRUE"),
        (6, "%TEMP%\\a.exe"),
        (6, "system"),
        (6, "C:\\a\\"),
        (6, "\\\\server"),
        (6, "C:\\" + "a" * 2000),
        (6, "/usr/\u202ebin/x"),
    ],
)
def test_near_misses_are_refused(place: int, word: str) -> None:
    words = [*GOOD[:place], word, *GOOD[place + 1 :]]
    assert parse_elevated_request(["errand", "allow-port", *GOOD]).rule_spec
    with pytest.raises(PortViewError) as refused:
        parse_elevated_request(["errand", "allow-port", *words])
    assert refused.value.outcome is Outcome.BAD_INPUT
    for short in (GOOD[:-1], [*GOOD, "-"]):
        with pytest.raises(PortViewError):
            parse_elevated_request(["errand", "block-port", *short])


@pytest.mark.parametrize("words", [[], ["--all"], ["../x"], ["abcd", "a b"], ["abc"], ["ABCD"]])
def test_only_ids_of_rules_are_taken_back(words: list[str]) -> None:
    with pytest.raises(PortViewError):
        parse_elevated_request(["errand", "revoke-rules", *words])


def test_remotes_get_their_one_form() -> None:
    assert validated_remotes([" 10.0.0.1 ", "10.0.0.1"]) == ("10.0.0.1",)
    assert validated_remotes(["Any", "10.0.0.1"]) == ("any",)
    # All clients of one IP version are not those of both.
    assert validated_remotes(["0.0.0.0/0"]) == ("0.0.0.0/0",)
    assert validated_remotes(["::/0", "LocalSubnet4"]) == ("::/0", "localsubnet4")
    assert validated_remotes(["FE80::/10", "LocalSubnet"]) == ("fe80::/10", "localsubnet")
