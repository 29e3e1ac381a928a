from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import ManagedRule, RuleChange, RuleEffect, RuleSpec
from portview.domain.owners.process import ProcessKey
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.tag import RuleTag, find_tag, format_tag
from portview.firewall.windows.backend import WindowsFirewall
from portview.firewall.windows.managed_rules import OwnName, read_own_name
from portview.firewall.windows.netsh import add_rule, check_command, delete_rule
from portview.firewall.windows.policy import Store
from portview.firewall.windows.rules import NoWindowsRules
from portview.firewall.windows.surroundings import Profile
from portview.firewall.windows.warnings import warnings_for
from tests.windows_rules import SERVER, firewall, rule_text, stored

NETSH = r"C:\Windows\System32\netsh.exe"
RULE_SPEC = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8080, SERVER)

addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
remotes = st.just(("any",)) | st.lists(
    st.just("localsubnet") | addresses, min_size=1, max_size=3, unique=True
).map(tuple)
rule_specs = st.builds(
    RuleSpec,
    st.sampled_from([RuleEffect.ALLOW, RuleEffect.BLOCK]),
    st.sampled_from(Protocol),
    st.integers(1, 65535),
    st.sampled_from([None, SERVER, "System", r"\\server\share\a b.exe", r"D:\ü\x'y.exe"]),
    remotes,
    st.lists(st.sampled_from([p.value for p in Profile]), min_size=1, unique=True).map(tuple),
    st.none() | st.integers(1, 10**13),
    st.none() | st.builds(ProcessKey, st.integers(1, 10**6), st.integers(0, 10**13)),
)


def as_written(command: tuple[str, ...]) -> str:
    """Write the rule that Windows makes of a command of netsh."""
    given_values = dict(word.partition("=")[::2] for word in command[5:])
    numbers = {"TCP": 6, "UDP": 17}
    fields = [
        f"Action={given_values['action'].capitalize()}",
        "Active=TRUE",
        "Dir=In",
        f"Protocol={numbers[given_values['protocol']]}",
    ]
    if given_values["profile"] != "any":
        fields += [f"Profile={name.capitalize()}" for name in given_values["profile"].split(",")]
    fields.append(f"LPort={given_values['localport']}")
    for remote in given_values["remoteip"].split(","):
        if remote == "localsubnet":
            fields += ["RA4=LocalSubnet", "RA6=LocalSubnet"]
        elif remote != "any":
            fields.append(f"RA{6 if ':' in remote else 4}={remote}")
    if "program" in given_values:
        fields.append(f"App={given_values['program']}")
    fields += [f"Name={given_values['name']}", f"Desc={given_values['description']}"]
    return f"v2.33|{'|'.join(fields)}|"


def test_a_rule_for_the_port_alone_names_no_program() -> None:
    for program in (None, ""):
        command = add_rule(NETSH, replace(RULE_SPEC, program=program), "abcd1234")
        assert not any(word.startswith("program=") for word in command)


def test_the_command_makes_one_narrow_rule() -> None:
    rule_spec = replace(
        RULE_SPEC, expires_at_ms=1_800_000_000_000, until=ProcessKey(42, 1_700_000_000_123)
    )
    assert add_rule(NETSH, rule_spec, "3f2a9c01d4") == (
        *(NETSH, "advfirewall", "firewall", "add", "rule"),
        "name=PortView: allow TCP 8080 [3f2a9c01d4]",
        "dir=in",
        "action=allow",
        "enable=yes",
        "profile=domain,private",
        "protocol=TCP",
        "localport=8080",
        "remoteip=localsubnet",
        f"program={SERVER}",
        "description=Made by PortView. portview:v1:3f2a9c01d4:1800000000000:42:1700000000123",
    )


@given(rule_specs)
def test_a_rule_that_was_wished_for_is_found_again(rule_spec: RuleSpec) -> None:
    change = WindowsFirewall().plan(rule_spec, NoWindowsRules(1, "Not read."))
    (command,) = change.commands
    check_command(command, command[0])
    (own,) = firewall(as_written(command), rule_text("Allow")).managed_rules
    assert own.id == change.id
    assert own.rule.name == change.name
    assert replace(own.rule_spec, profiles=(), remotes=()) == replace(
        rule_spec, profiles=(), remotes=()
    )
    assert set(own.rule_spec.profiles) == set(rule_spec.profiles)
    assert single_remotes(own.rule_spec) == single_remotes(rule_spec)


def single_remotes(rule_spec: RuleSpec) -> set[str]:
    """Return the single addresses and words; neighbours are one range in what is read again."""
    from ipaddress import ip_address, ip_network, summarize_address_range  # noqa: PLC0415

    found: set[str] = set()
    for text in rule_spec.remotes:
        if text in {"any", "localsubnet"}:
            found.add(text)
            continue
        if "-" in text:
            first, last = map(ip_address, text.split("-"))
            networks = list(summarize_address_range(first, last))  # type: ignore[type-var]
        else:
            networks = [ip_network(text)]
        found |= {str(one) for network in networks for one in network}
    return found


def test_a_switched_off_rule_of_ours_is_still_ours() -> None:
    text = as_written(add_rule(NETSH, RULE_SPEC, "abcd1234")).replace("Active=TRUE", "Active=FALSE")
    (own,) = firewall(text).managed_rules
    assert not own.rule.is_enabled
    assert own.rule_spec == RULE_SPEC


@pytest.mark.parametrize(
    "change",
    [
        ("[abcd1234]", "[other123]"),
        ("PortView: ", "portview: "),
        ("portview:v1:", "portview:v2:"),
        ("PortView: allow TCP 8080 [abcd1234]", "all"),
        ("PortView: allow TCP 8080 [abcd1234]", "PortView: allow TCP 8080 [abcd1234] "),
    ],
)
def test_a_rule_that_only_looks_like_ours_is_not(change: tuple[str, str]) -> None:
    text = as_written(add_rule(NETSH, RULE_SPEC, "abcd1234"))
    assert firewall(text).managed_rules
    assert change[0] in text
    assert not firewall(text.replace(*change)).managed_rules
    assert not firewall(stored(text, Store.POLICY)).managed_rules


@given(st.text())
def test_no_name_but_ours_can_be_removed(name: str) -> None:
    if read_own_name(name) is None:
        with pytest.raises(PortViewError):
            delete_rule(NETSH, name)


def test_removing_names_exactly_one_rule() -> None:
    text = as_written(add_rule(NETSH, RULE_SPEC, "abcd1234"))
    (own,) = firewall(text).managed_rules
    change = WindowsFirewall().plan_removal(own)
    assert change.commands[0][1:] == (
        *("advfirewall", "firewall", "delete", "rule"),
        "name=PortView: allow TCP 8080 [abcd1234]",
        "dir=in",
    )
    foreign = ManagedRule("abcd1234", RULE_SPEC, replace(own.rule, name="all"))
    with pytest.raises(PortViewError):
        WindowsFirewall().plan_removal(foreign)


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 0},
        {"port": 65536},
        {"effect": RuleEffect.BYPASS},
        {"program": "server.exe"},
        {"program": 'C:\\a" action=allow "b.exe'},
        {"program": "C:\\a\nb.exe"},
        {"program": "C:\\a|b.exe"},
        {"program": "C:\\" + "a" * 2000},
        {"remotes": ()},
        {"remotes": ("localhost",)},
        {"remotes": ("10.0.0.1,any",)},
        {"remotes": ("fe80::1%3",)},
        {"remotes": ("10.0.0.9-10.0.0.1",)},
        {"remotes": ("10.0.0.1-fe80::1",)},
        {"remotes": ("10.0.0.1",) * 101},
        {"profiles": ()},
        {"profiles": ("home",)},
        {"expires_at_ms": -1},
        {"until": ProcessKey(-1, 0)},
    ],
)
def test_what_can_not_be_in_a_rule_is_refused(changes: dict[str, Any]) -> None:
    rule_spec = replace(RULE_SPEC, **changes)
    with pytest.raises(PortViewError) as error:
        add_rule(NETSH, rule_spec, "abcd1234")
    assert error.value.outcome is Outcome.BAD_INPUT


@pytest.mark.parametrize(
    "command",
    [
        (),
        (NETSH,),
        (r"C:\Temp\netsh.exe", "advfirewall", "firewall", "add", "rule", "name=x"),
        (NETSH, "advfirewall", "set", "allprofiles", "state", "off"),
        (NETSH, "advfirewall", "firewall", "delete", "rule", "name=all"),
        (NETSH, "advfirewall", "firewall", "delete", "rule"),
        (NETSH, "advfirewall", "firewall", "set", "rule", "name=PortView: allow TCP 80 [abcd]"),
        (
            *(NETSH, "advfirewall", "firewall", "delete", "rule"),
            *("name=PortView: allow TCP 80 [abcd]", "name=all"),
        ),
        (
            *(NETSH, "advfirewall", "firewall", "delete", "rule"),
            *("name=PortView: allow TCP 80 [abcd]", " name=all"),
        ),
    ],
)
def test_no_other_command_is_ever_run(command: tuple[str, ...]) -> None:
    with pytest.raises(PortViewError, match=r"nothing was run"):
        WindowsFirewall(netsh=None).apply(RuleChange("abcd", "x", (command,)))
    with pytest.raises(PortViewError, match=r"nothing was run"):
        check_command(command, NETSH)


def test_names_are_read_as_they_are_written() -> None:
    name = OwnName(RuleEffect.BLOCK, Protocol.UDP, 5353, "abcd")
    assert read_own_name(name.text) == name
    assert find_tag(format_tag(RuleTag("abcd"))) == RuleTag("abcd")


def warnings(*texts: Any, rule_spec: RuleSpec = RULE_SPEC, **around: Any) -> str:
    return "\n".join(warnings_for(rule_spec, firewall(*texts, **around)))


def test_nothing_is_warned_of_where_nothing_stands_against_it() -> None:
    assert not warnings()
    assert not warnings(rule_text("Block", "Protocol=17"), rule_text("Allow", "LPort=81"))


def test_a_block_rule_is_named_beforehand() -> None:
    text = warnings(rule_text("Block", "Protocol=6", name="No TCP"))
    assert "“No TCP” (local rules) blocks this" in text
    assert "wins over every allow rule" in text
    assert "may block" in warnings(rule_text("Block", "LUOwn=S-1-1-0"))
    assert "blocks some of this" in warnings(rule_text("Block", "RA4=10.0.0.0/8"))
    policy = stored(rule_text("Block", name="No"), Store.POLICY)
    assert "“No” (Group Policy)" in warnings(policy)


def test_not_every_rule_of_very_many_is_named() -> None:
    blocks = [rule_text("Block", "LUOwn=S-1-1-0", name=f"No {number}") for number in range(9)]
    text = warnings(*blocks)
    assert text.count("may block") == 5
    assert "4 more rules contradict it." in text


def test_settings_that_stand_against_it_are_named_beforehand() -> None:
    shield = {"standardprofile": {"donotallowexceptions": 1}}
    assert "All inbound connections are blocked on private" in warnings(local=shield)
    merge = {"privateprofile": {"allowlocalpolicymerge": 0}}
    assert "Group Policy leaves local rules out on private" in warnings(policy=merge)
    off = {"standardprofile": {"enablefirewall": 0}}
    assert "The firewall is off on private" in warnings(local=off)
    assert "it changes nothing here" in warnings(active=[Profile.PUBLIC])
    assert "does not say which networks" in warnings(active=[])
    assert "can't be determined" in warnings(service_start=4)


def test_what_is_so_already_is_said() -> None:
    assert "It is already allowed." in warnings(rule_text("Allow", "Protocol=6"))
    assert "It is already blocked." in warnings(
        rule_spec=replace(RULE_SPEC, effect=RuleEffect.BLOCK)
    )


def test_a_bypass_rule_is_named_before_blocking() -> None:
    text = warnings(
        rule_text("ByPass", name="Admins"), rule_spec=replace(RULE_SPEC, effect=RuleEffect.BLOCK)
    )
    assert "“Admins” (local rules) lets authenticated clients past" in text
