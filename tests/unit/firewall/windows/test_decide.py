from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from portview.domain.firewall import FirewallVerdict, RuleEffect, RuleFit
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.windows.policy import Store
from portview.firewall.windows.surroundings import Profile
from tests.windows_rules import SERVER, SVCHOST, ask, firewall, rule_text, stored

ALLOWED, BLOCKED = FirewallVerdict.ALLOWED, FirewallVerdict.BLOCKED
PARTLY, UNKNOWN = FirewallVerdict.PARTLY, FirewallVerdict.UNKNOWN
WEB = rule_text("Allow", "Protocol=6", "LPort=8080", f"App={SERVER}")


def verdict(*texts: str, question: Any = None, **around: Any) -> FirewallVerdict:
    return firewall(*texts, **around).decide(question or ask()).verdict


def test_no_rule_means_the_default() -> None:
    assert verdict() is BLOCKED
    open_by_default = {"standardprofile": {"defaultinboundaction": 0}}
    answer = firewall(local=open_by_default).decide(ask())
    assert answer.verdict is ALLOWED
    assert answer.rule is None
    assert answer.reason == "What no rule blocks is allowed on private networks."


def test_an_allow_rule_opens_the_port_and_decides() -> None:
    answer = firewall(WEB).decide(ask())
    assert answer.verdict is ALLOWED
    assert answer.reason == "The rule “Web” allows it on private networks."
    assert answer.rule is not None
    assert answer.rule.name == "Web"
    assert answer.rule.text == WEB
    assert answer.rule.conditions == ("TCP", "port 8080", f"program {SERVER}")
    assert [match.decides for match in answer.matches] == [True]
    assert answer.profiles == ("private",)


def test_a_block_rule_beats_every_allow_rule_however_narrow() -> None:
    block = rule_text("Block", "Protocol=6", name="No TCP")
    answer = firewall(WEB, block).decide(ask())
    assert answer.verdict is BLOCKED
    assert "“No TCP” blocks it" in answer.reason
    assert "a block rule wins over every allow rule" in answer.reason
    assert [(m.rule.name, m.decides) for m in answer.matches] == [("No TCP", True), ("Web", False)]
    assert answer.next_step


def test_authenticated_bypass_beats_a_block_rule_for_some() -> None:
    bypass = rule_text("ByPass", "Protocol=6", "Security=Authenticate", name="Admins")
    answer = firewall(rule_text("Block"), bypass).decide(ask())
    assert answer.verdict is PARTLY
    assert answer.rule is not None
    assert answer.rule.name == "Admins"
    assert answer.rule.effect is RuleEffect.BYPASS
    assert "protected by IPsec" in answer.reason


@pytest.mark.parametrize(
    ("settings", "expected", "words"),
    [
        ({"enablefirewall": 0}, ALLOWED, "The firewall is off on private networks"),
        ({"enablefirewall": 1}, BLOCKED, "No rule allows it"),
        ({"donotallowexceptions": 1}, BLOCKED, "All inbound connections are blocked"),
        ({"defaultinboundaction": 1}, BLOCKED, "blocked by default"),
        ({"enablefirewall": "nonsense"}, BLOCKED, "No rule allows it"),
    ],
)
def test_settings_of_the_profile(
    settings: dict[str, Any], expected: FirewallVerdict, words: str
) -> None:
    answer = firewall(local={"standardprofile": settings}).decide(ask())
    assert answer.verdict is expected
    assert words in answer.reason


def test_the_shield_beats_allow_rules() -> None:
    answer = firewall(WEB, local={"standardprofile": {"donotallowexceptions": 1}}).decide(ask())
    assert answer.verdict is BLOCKED
    assert answer.rule is None
    assert answer.next_step


def test_interfaces_that_are_left_out_are_an_opening() -> None:
    out = {"standardprofile": {"disabledinterfaces": "{11111111-1111-1111-1111-111111111111}"}}
    rules = firewall(local=out)
    answer = rules.decide(ask())
    assert answer.verdict is PARTLY
    assert "Some network interfaces are left out of the firewall" in answer.reason
    assert rules.status.profiles[1].notes == (
        "Some network interfaces are left out of the firewall.",
    )
    assert verdict(WEB, local=out) is ALLOWED
    assert verdict(local=out, active=[Profile.PUBLIC]) is BLOCKED
    assert verdict(local={"standardprofile": {"disabledinterfaces": ""}}) is BLOCKED


def test_group_policy_beats_local_settings() -> None:
    local = {"standardprofile": {"enablefirewall": 0}}
    policy = {"privateprofile": {"enablefirewall": 1}}
    assert verdict(local=local) is ALLOWED
    assert verdict(local=local, policy=policy) is BLOCKED


def test_standard_profile_of_group_policy_is_for_both_only_without_their_own() -> None:
    off = {"standardprofile": {"enablefirewall": 0}}
    for profile in (Profile.PRIVATE, Profile.PUBLIC):
        assert verdict(policy=off, active=[profile]) is ALLOWED
    assert verdict(policy=off, active=[Profile.DOMAIN]) is BLOCKED
    own: dict[str, dict[str, int]] = {**off, "publicprofile": {}}
    for profile in (Profile.PRIVATE, Profile.PUBLIC):
        assert verdict(policy=own, active=[profile]) is BLOCKED


def test_local_rules_do_not_count_where_group_policy_leaves_them_out() -> None:
    policy = {"privateprofile": {"allowlocalpolicymerge": 0}}
    answer = firewall(WEB, policy=policy).decide(ask())
    assert answer.verdict is BLOCKED
    assert "“Web” does not apply there" in answer.reason
    assert "Group Policy" in answer.next_step
    assert verdict(stored(WEB, Store.POLICY), policy=policy) is ALLOWED  # type: ignore[arg-type]
    # Only a policy can leave local rules out; a local value of this name is nobody's.
    assert verdict(WEB, local={"standardprofile": {"allowlocalpolicymerge": 0}}) is ALLOWED


def test_a_rule_counts_in_its_profiles_only() -> None:
    text = rule_text("Allow", "Protocol=6", "Profile=Domain", "Profile=Private")
    assert verdict(text, active=[Profile.PRIVATE]) is ALLOWED
    answer = firewall(text, active=[Profile.PUBLIC]).decide(ask())
    assert answer.verdict is BLOCKED
    assert "“Web” does so only on domain and private networks" in answer.reason
    assert not answer.matches


def test_several_active_profiles_are_each_judged() -> None:
    text = rule_text("Allow", "Profile=Private")
    answer = firewall(text, active=[Profile.PRIVATE, Profile.PUBLIC]).decide(ask())
    assert answer.verdict is PARTLY
    assert answer.reason == (
        "The rule “Web” allows it on private networks. No rule allows it on public networks, "
        "so it is blocked by default."
    )
    assert answer.profiles == ("private", "public")
    assert verdict(WEB, active=[Profile.PRIVATE, Profile.PUBLIC]) is ALLOWED


def test_without_an_active_profile_an_answer_that_all_give_is_no_assumption() -> None:
    answer = firewall(WEB, active=[]).decide(ask())
    assert answer.verdict is ALLOWED
    assert answer.reason == "The rule “Web” allows it on every network."
    assert answer.profiles == ("domain", "private", "public")


def test_without_an_active_profile_the_strictest_answer_is_given_and_said() -> None:
    text = rule_text("Allow", "Profile=Private")
    answer = firewall(text, active=[]).decide(ask())
    assert answer.verdict is BLOCKED
    assert "strictest" in answer.reason
    assert answer.reason.count(".") == 2
    assert answer.profiles == ("public",)
    private_blocks = rule_text("Block", "Profile=Private")
    answer = firewall(WEB, private_blocks, active=[]).decide(ask())
    assert answer.verdict is BLOCKED
    assert answer.profiles == ("private",)


@pytest.mark.parametrize(
    ("fields", "question", "expected"),
    [
        (["Protocol=6", "LPort=8080"], ask(), ALLOWED),
        (["Protocol=17", "LPort=8080"], ask(), BLOCKED),
        (["Protocol=17", "LPort=8080"], ask(protocol=Protocol.UDP), ALLOWED),
        (["Protocol=256"], ask(), ALLOWED),
        (["Protocol=58", "ICMP6=2:*"], ask(), BLOCKED),
        (["Protocol=6", "LPort=80", "LPort=8080"], ask(), ALLOWED),
        (["Protocol=6", "LPort2_10=1-67", "LPort2_10=69-65535"], ask(68), BLOCKED),
        (["Protocol=6", "LPort2_10=1-67", "LPort2_10=69-65535"], ask(69), ALLOWED),
        (["Protocol=6", "LPort=80,8000-8100"], ask(), ALLOWED),
        (["Protocol=6", "LPort=RPC"], ask(), UNKNOWN),
        (["Protocol=6", "LPort=RPC", "LPort=8080"], ask(), ALLOWED),
        (["Protocol=6", "LPort=RPC-EPMap"], ask(135), ALLOWED),
        (["Protocol=6", "LPort=RPC-EPMap"], ask(8080), BLOCKED),
        (["Protocol=6", "LPort2_10=IPHTTPSIn"], ask(443), UNKNOWN),
        (["Protocol=17", "LPort2_24=mDNS"], ask(5353, protocol=Protocol.UDP), ALLOWED),
        (["Protocol=17", "LPort2_29=Novel"], ask(5353, protocol=Protocol.UDP), UNKNOWN),
        (["Protocol=6", "RPort=53"], ask(), PARTLY),
        (["Protocol=6", "RPort2_10=1-65535"], ask(), ALLOWED),
    ],
)
def test_protocols_and_ports(fields: list[str], question: Any, expected: FirewallVerdict) -> None:
    assert verdict(rule_text("Allow", *fields), question=question) is expected


@pytest.mark.parametrize(
    ("fields", "about", "expected"),
    [
        ([r"App=%ProgramFiles%\Acme\server.exe"], {}, ALLOWED),
        ([r"App=%PROGRAMFILES%\\Acme\\Server.EXE"], {}, ALLOWED),
        ([r"App=C:\Program Files\Acme\other.exe"], {}, BLOCKED),
        ([r"App=%Nowhere%\server.exe"], {}, UNKNOWN),
        ([r"App=%Nowhere%\other.exe"], {}, BLOCKED),
        ([r"App=C:\x.exe"], {"program": None}, UNKNOWN),
        (["App=SYSTEM"], {"program": "System"}, ALLOWED),
        (["App=System"], {}, BLOCKED),
        ([f"App={SERVER}"], {"program": r"\\?\C:\Program Files\Acme\server.exe"}, ALLOWED),
        (["Svc=Web"], {}, BLOCKED),
        (["Svc=Web"], {"services": ("web",)}, ALLOWED),
        (["Svc=Web"], {"services": ("Other",)}, BLOCKED),
        (["Svc=*"], {}, BLOCKED),
        (["Svc=*"], {"services": ("Other",)}, ALLOWED),
        ([r"App=%SystemRoot%\system32\svchost.exe", "Svc=Web"], {"program": SVCHOST}, UNKNOWN),
        ([r"App=%SystemRoot%\system32\svchost.exe", "Svc=*"], {"program": SVCHOST}, ALLOWED),
        (
            [r"App=%SystemRoot%\system32\svchost.exe", "Svc=Web"],
            {"program": SVCHOST, "services": ("Web", "Other")},
            ALLOWED,
        ),
        (["AppPkgId=S-1-15-2-1"], {}, BLOCKED),
        (["AppPkgId=S-1-15-2-1"], {"package": "S-1-15-2-1"}, ALLOWED),
        (["AppPkgId=S-1-15-2-1"], {"package": "S-1-15-2-2"}, BLOCKED),
        (["PFN=Acme.App_8wekyb3d8bbwe"], {}, BLOCKED),
        (["PFN=Acme.App_8wekyb3d8bbwe"], {"package": "S-1-15-2-2"}, UNKNOWN),
    ],
)
def test_programs_services_and_packages(
    fields: list[str], about: dict[str, Any], expected: FirewallVerdict
) -> None:
    assert verdict(rule_text("Allow", *fields), question=ask(**about)) is expected


@pytest.mark.parametrize(
    ("fields", "about", "expected"),
    [
        (["RA4=LocalSubnet", "RA6=LocalSubnet"], {}, PARTLY),
        (["RA4=LocalSubnet"], {"remote": "203.0.113.7"}, UNKNOWN),
        (["RA6=LocalSubnet"], {"remote": "fe80::1%3"}, ALLOWED),
        (["RA6=LocalSubnet"], {"remote": "203.0.113.7"}, BLOCKED),
        (["RA4=10.0.0.0/255.0.0.0"], {"remote": "10.9.9.9"}, ALLOWED),
        (["RA4=10.0.0.0/8"], {"remote": "11.0.0.1"}, BLOCKED),
        (["RA4=10.0.0.1-10.0.0.9"], {"remote": "10.0.0.9"}, ALLOWED),
        (["RA4=10.0.0.1-10.0.0.9"], {"remote": "10.0.0.10"}, BLOCKED),
        (["RA4=10.0.0.1"], {"remote": "::ffff:10.0.0.1"}, ALLOWED),
        (["RA4=10.0.0.1"], {}, PARTLY),
        (["RA4=127.0.0.1"], {}, BLOCKED),
        (["RA4=0.0.0.0-255.255.255.255"], {"local_address": "192.0.2.5"}, ALLOWED),
        (["RA4=0.0.0.0-255.255.255.255"], {}, PARTLY),
        (["RA4=0.0.0.0/0", "RA6=::/0"], {}, ALLOWED),
        (["RA4=nonsense"], {"remote": "10.0.0.1"}, UNKNOWN),
        (["RA42=IntrAnet"], {"remote": "10.0.0.1"}, UNKNOWN),
        (["LA4=192.0.2.5"], {"local_address": "192.0.2.5"}, ALLOWED),
        (["LA4=192.0.2.5"], {"local_address": "192.0.2.6"}, BLOCKED),
        (["LA4=192.0.2.5"], {}, PARTLY),
        (["IFType=Wireless"], {}, PARTLY),
        (["IFType2_23=MBB"], {}, PARTLY),
        (["IF={11111111-1111-1111-1111-111111111111}"], {}, PARTLY),
        (["Security=Authenticate"], {}, PARTLY),
        (["TTK2_27=WFDKmDriver"], {}, BLOCKED),
        (["LUOwn=S-1-1-0"], {}, UNKNOWN),
        (["LUAuth=O:LSD:(A;;CC;;;WD)"], {}, UNKNOWN),
        (["Novelty=1"], {}, UNKNOWN),
        (["Platform=2:6:2", "Platform2=GTEQ"], {}, ALLOWED),
        (["Platform=2:6:2"], {}, BLOCKED),
        (["Platform=2:6:1", "Platform=2:6:2", "Platform2=GTEQ"], {}, ALLOWED),
        (["Edge=TRUE"], {}, ALLOWED),
    ],
)
def test_addresses_and_other_conditions(
    fields: list[str], about: dict[str, Any], expected: FirewallVerdict
) -> None:
    assert verdict(rule_text("Allow", *fields), question=ask(**about)) is expected


@pytest.mark.parametrize(
    ("remote", "expected"),
    [("192.0.2.77", ALLOWED), ("198.51.100.1", BLOCKED), ("192.0.2.5", ALLOWED)],
)
def test_the_local_subnet_is_known_where_the_machine_tells(
    remote: str, expected: FirewallVerdict
) -> None:
    around = {"networks": frozenset([ip_network("192.0.2.0/24")])}
    rules = firewall(rule_text("Allow", "RA4=LocalSubnet"), surroundings=around)
    assert rules.decide(ask(remote=remote)).verdict is expected
    answer = rules.decide(ask())
    assert answer.verdict is PARTLY
    assert answer.reason.endswith("only from the local subnet.")


@pytest.mark.parametrize(
    ("remote", "whole", "more"),
    [
        ("2001:db8:1::77", ALLOWED, ALLOWED),
        ("fe80::77", ALLOWED, ALLOWED),
        ("fe80::77%eth0", ALLOWED, ALLOWED),
        # Whether a network behind another route is local is written nowhere.
        ("2001:db8:2::77", BLOCKED, UNKNOWN),
        ("198.51.100.1", BLOCKED, BLOCKED),
        ("192.0.2.77", ALLOWED, ALLOWED),
    ],
)
def test_the_local_subnet_of_ipv6_is_known_where_the_machine_tells(
    remote: str, whole: FirewallVerdict, more: FirewallVerdict
) -> None:
    networks = frozenset(map(ip_network, ("192.0.2.0/24", "2001:db8:1::/64", "fe80::/64")))
    text = rule_text("Allow", "RA4=LocalSubnet", "RA6=LocalSubnet")
    for has_more, expected in ((False, whole), (True, more)):
        around = {"networks": networks, "has_more_ipv6": has_more}
        rules = firewall(text, surroundings=around)
        assert rules.decide(ask(remote=remote)).verdict is expected
        answer = rules.decide(ask())
        assert answer.verdict is PARTLY
        assert answer.reason.endswith("only from the local subnet.")


def test_a_machine_without_ipv6_networks_leaves_the_local_subnet_of_ipv6_open() -> None:
    around = {"networks": frozenset([ip_network("192.0.2.0/24")])}
    rules = firewall(rule_text("Allow", "RA6=LocalSubnet"), surroundings=around)
    assert rules.decide(ask(remote="2001:db8:1::77")).verdict is UNKNOWN


@pytest.mark.parametrize("remote", ["127.0.0.1", "127.8.8.8", "::1", "192.0.2.5", "fd00::5"])
def test_what_a_machine_sends_to_itself_is_not_filtered(remote: str) -> None:
    own = {"addresses": frozenset([ip_address("192.0.2.5"), ip_address("fd00::5")])}
    answer = firewall(rule_text("Block"), surroundings=own).decide(ask(remote=remote))
    assert answer.verdict is ALLOWED
    assert answer.rule is None
    assert "to itself" in answer.reason


def test_apps_from_packages_are_kept_from_loopback_unless_exempted() -> None:
    answer = firewall().decide(ask(remote="127.0.0.1", package="S-1-15-2-1"))
    assert answer.verdict is UNKNOWN


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_server_on_loopback_is_out_of_reach_whatever_the_rules_say(address: str) -> None:
    rules = firewall(rule_text("Allow"))
    for remote in (None, "192.0.2.9"):
        answer = rules.decide(ask(local_address=address, remote=remote))
        assert answer.verdict is BLOCKED
        assert f"listens on {address} only" in answer.reason
        assert answer.next_step
    assert rules.decide(ask(local_address=address, remote="127.0.0.1")).verdict is ALLOWED


def test_service_hardening_comes_first_and_its_allow_rules_are_exceptions() -> None:
    app = r"App=%SystemRoot%\System32\svchost.exe"
    block = stored(f"V2.0|Action=Block|Dir=In|{app}|Svc=Web|Name=No|", Store.STATIC)
    about = {"program": SVCHOST, "services": ("Web",)}
    opening = rule_text("Allow", app, "Svc=Web")
    answer = firewall(block, opening).decide(ask(**about))
    assert answer.verdict is BLOCKED
    assert "service hardening rule “No” blocks it" in answer.reason
    assert answer.rule is not None
    assert answer.rule.source == "service hardening"
    exception = stored(
        f"V2.0|Action=Allow|Dir=In|LPort=8080|Protocol=6|{app}|Svc=Web|Name=Yes|", Store.STATIC
    )
    assert firewall(block, exception, opening).decide(ask(**about)).verdict is ALLOWED
    assert firewall(block, exception).decide(ask(**about)).verdict is BLOCKED
    assert firewall(block, exception, opening).decide(ask(80, **about)).verdict is BLOCKED
    # It is in force where the firewall is switched off, too.
    off = {"standardprofile": {"enablefirewall": 0}}
    assert firewall(block, local=off).decide(ask(**about)).verdict is BLOCKED


def test_a_damaged_rule_makes_the_verdict_careful() -> None:
    for damaged in ("garbage", "v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=80"):
        rules = firewall(WEB, damaged)
        answer = rules.decide(ask())
        assert answer.verdict is UNKNOWN
        assert "can't be read" in answer.reason
        (shown,) = [match.rule for match in answer.matches if match.rule.text == damaged]
        assert shown.name == shown.id
        # What blocks for certain still does.
        assert firewall(rule_text("Block"), damaged).decide(ask()).verdict is BLOCKED


def test_values_that_are_no_rules_at_all_do_not_matter_to_other_programs() -> None:
    package = "v2.29|AppPkgId=S-1-15-2-1|LUOwn=S-1-1-0|C=S-1-15-3-1|M=acme.app|Name=Acme|"
    assert verdict(WEB, package) is ALLOWED


def test_a_doubtful_rule_that_changes_nothing_is_no_doubt() -> None:
    doubtful = rule_text("Allow", "LUOwn=S-1-1-0")
    assert verdict(WEB, doubtful) is ALLOWED
    assert verdict(rule_text("Block"), doubtful) is BLOCKED
    assert verdict(WEB, rule_text("Block", "LUOwn=S-1-1-0")) is UNKNOWN


def test_parts_are_compared() -> None:
    subnet = ("RA4=LocalSubnet", "RA6=LocalSubnet")
    assert verdict(rule_text("Allow", *subnet), rule_text("Block", *subnet)) is BLOCKED
    assert verdict(rule_text("Allow", "RA4=10.1.0.0/16"), rule_text("Block", "RA4=10.0.0.0/8")) is (
        BLOCKED
    )
    assert verdict(rule_text("Allow", "RA4=10.0.0.0/8"), rule_text("Block", "RA4=10.1.0.0/16")) is (
        PARTLY
    )
    assert verdict(WEB, rule_text("Block", *subnet)) is PARTLY
    halves = [
        rule_text("Allow", "RA4=0.0.0.0/1", "RA6=::/1"),
        rule_text("Allow", "RA4=128.0.0.0/1", "RA6=8000::/1"),
    ]
    assert verdict(*halves) is ALLOWED
    blocks = [text.replace("Action=Allow", "Action=Block") for text in halves]
    assert verdict(WEB, *blocks) is BLOCKED


def test_what_windows_itself_vouches_for_is_named_but_not_asked_about() -> None:
    answer = firewall(rule_text("Allow", "TTK2_22=WFDPrint", "TTK2_27=UPnP")).decide(ask())
    assert answer.verdict is BLOCKED
    assert "except what Windows itself trusts (UPnP, WFDPrint)" in answer.reason
    assert [(match.fit, match.decides) for match in answer.matches] == [(RuleFit.PART, False)]
    assert verdict(WEB, rule_text("Block", "TTK=Proximity")) is ALLOWED


@pytest.mark.parametrize(
    ("allow", "block", "expected"),
    [
        (["IF={1}"], ["IF={2}"], PARTLY),
        (["IF={1}"], ["IF={1}"], BLOCKED),
        (["IFType=Lan", "IFType=Wireless"], ["IFType=Lan"], PARTLY),
        (["LA4=192.0.2.5"], ["LA4=192.0.2.6"], PARTLY),
        (["LA4=192.0.2.5"], ["LA4=192.0.2.5"], BLOCKED),
        (["RPort=53"], ["RPort=54"], PARTLY),
        (["RPort=53", "IF={1}"], ["RPort=53"], BLOCKED),
        (["RPort=53"], ["RPort=53", "IF={1}"], PARTLY),
        (["Security=Authenticate"], ["Security=AuthenticateEncrypt"], PARTLY),
        (["RMAuth=a", "Security=Authenticate"], ["RMAuth=b", "Security=Authenticate"], PARTLY),
    ],
)
def test_conditions_are_the_same_only_where_their_values_are(
    allow: list[str], block: list[str], expected: FirewallVerdict
) -> None:
    assert verdict(rule_text("Allow", *allow), rule_text("Block", *block)) is expected


def test_rules_that_are_switched_off_are_nowhere() -> None:
    answer = firewall(rule_text("Block", active="FALSE"), WEB).decide(ask())
    assert answer.verdict is ALLOWED
    assert len(answer.matches) == 1


def test_matches_come_in_the_order_in_which_they_decide() -> None:
    texts = [
        rule_text("Allow", name="a1"),
        rule_text("Block", "RA4=10.0.0.0/8", name="b2"),
        rule_text("Allow", "RA4=LocalSubnet", name="a2"),
        rule_text("ByPass", name="p"),
        rule_text("Block", "LUOwn=S-1-1-0", name="b3"),
    ]
    answer = firewall(*texts).decide(ask())
    assert [match.rule.name for match in answer.matches] == ["p", "b2", "b3", "a1", "a2"]
    assert [match.fit for match in answer.matches] == [
        RuleFit.PART,
        RuleFit.PART,
        RuleFit.MAYBE,
        RuleFit.FULL,
        RuleFit.PART,
    ]


def test_names_kept_in_libraries_are_looked_up_only_for_rules_that_are_shown() -> None:
    asked = []

    def shown(text: str) -> str:
        asked.append(text)
        return "Core Networking"

    rules = firewall(
        rule_text("Allow", "Protocol=6", name="@FirewallAPI.dll,-25301"),
        rule_text("Allow", "Protocol=17", name="@FirewallAPI.dll,-25302"),
        surroundings={"shown_text": shown},
    )
    assert not asked
    assert "“Core Networking” allows it" in rules.decide(ask()).reason
    assert set(asked) == {"@FirewallAPI.dll,-25301"}


def test_a_name_from_the_machine_can_not_break_the_sentence() -> None:
    text = rule_text("Allow", name="a\u202e\nb" + "x" * 500)
    reason = firewall(text).decide(ask()).reason
    assert reason.isprintable()
    assert len(reason) < 200


@pytest.mark.parametrize("address", ["nonsense", "1.2.3.4.5", "10.0.0.0/8"])
def test_an_address_that_is_none_is_not_answered(address: str) -> None:
    assert firewall(WEB).decide(ask(remote=address)).verdict is UNKNOWN
    assert firewall(WEB).decide(ask(local_address=address)).verdict is UNKNOWN


def test_a_service_that_is_disabled_answers_nothing() -> None:
    rules = firewall(WEB, service_start=4)
    assert rules.decide(ask()).verdict is UNKNOWN
    assert rules.status.is_on is None
    assert rules.status.problem
    assert firewall(WEB, service_start=2).decide(ask()).verdict is ALLOWED


def test_the_status_names_what_each_profile_does() -> None:
    rules = firewall(
        WEB,
        active=[Profile.PRIVATE, Profile.PUBLIC],
        local={
            "publicprofile": {"donotallowexceptions": 1},
            "standardprofile\\logging": {
                "logdroppedpackets": 1,
                "logfilepath": r"%SystemRoot%\drops.log",
            },
        },
        policy={"domainprofile": {"enablefirewall": 0}},
    )
    status = rules.status
    assert status.is_on
    assert status.rule_count == 1
    assert status.drop_log == r"C:\Windows\drops.log"
    assert status.summary == (
        "Windows' firewall blocks all inbound connections on public networks. "
        "Windows' firewall is active on private networks."
    )
    domain, private, public = status.profiles
    assert (domain.is_on, domain.is_active) == (False, False)
    assert domain.notes == ("The firewall is switched off by Group Policy.",)
    assert (private.is_on, private.is_active, private.notes) == (True, True, ())
    assert public.blocks_all_inbound


def test_the_status_says_what_is_assumed() -> None:
    assert firewall(active=[]).status.summary == (
        "Windows' firewall is active on every network. Windows does not say which "
        "networks are connected, so the strictest answer is assumed."
    )


def test_dropped_packets_are_logged_where_windows_does_by_default() -> None:
    logging = {"standardprofile\\logging": {"logdroppedpackets": 1}}
    assert firewall(local=logging).status.drop_log == (
        r"C:\Windows\system32\LogFiles\Firewall\pfirewall.log"
    )
    assert firewall(local=logging, active=[Profile.PUBLIC]).status.drop_log is None
