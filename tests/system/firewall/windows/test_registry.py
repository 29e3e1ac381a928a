"""The firewall's rules in a real registry: read, decided, changed and read again."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from portview.domain.firewall import (
    FirewallQuestion,
    FirewallVerdict,
    RuleEffect,
    RuleSpec,
)
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.windows.active_profile import active_profiles
from portview.firewall.windows.backend import WindowsFirewall
from portview.firewall.windows.policy import Store
from portview.firewall.windows.registry import LOCAL_KEY, POLICY_KEY, STORE_KEYS, FirewallRegistry
from portview.firewall.windows.surroundings import Profile
from portview.readers.windows.indirect_text import indirect_text
from portview.readers.windows.registry import KeyWatch, read_values
from tests.windows_registry import skip_where_windows_has_rules
from tests.windows_rules import SERVER, ask, rule_text

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.windows_only(reason="the firewall's rules are in the registry of Windows")

WEB = rule_text("Allow", "Protocol=6", "LPort=8080", f"App={SERVER}")


def write(path: str, name: str, value: int | str, kind: int | None = None) -> None:
    kind = kind or (winreg.REG_DWORD if isinstance(value, int) else winreg.REG_SZ)
    with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path) as key:
        winreg.SetValueEx(key, name, 0, kind, value)


def remove(path: str) -> None:
    """Remove a key with all that is below; nothing where there is none."""
    with suppress(FileNotFoundError):
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
            names = [winreg.EnumKey(key, index) for index in range(winreg.QueryInfoKey(key)[0])]
        for name in names:
            remove(rf"{path}\{name}")
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, path)


@pytest.fixture
def own_keys() -> Iterator[None]:
    """Have the firewall's keys to oneself; never on a machine that has a firewall of its own."""
    skip_where_windows_has_rules()
    yield
    remove(LOCAL_KEY)
    remove(POLICY_KEY)


@pytest.fixture
def firewall(own_keys: None) -> Iterator[WindowsFirewall]:
    opened = WindowsFirewall()
    yield opened
    opened.close()


def test_a_system_without_settings_says_so(firewall: WindowsFirewall) -> None:
    rules = firewall.read()
    assert rules.status.is_on is None
    assert rules.status.problem
    answer = rules.decide(ask())
    assert answer.verdict is FirewallVerdict.UNKNOWN
    assert answer.reason == rules.status.problem
    assert firewall.read() is rules


def test_rules_of_all_stores_are_read_as_they_stand(own_keys: None) -> None:
    for store, path in STORE_KEYS.items():
        write(path, f"{store.name} é|{{x}}", f"v2.31|Action=Allow|Name={store.name} 漢|")
        write(path, "number", 7)
        write(path, "", "")
    registry = FirewallRegistry()
    try:
        policy = registry.read()
    finally:
        registry.close()
    assert policy is not None
    assert {(rule.store, rule.id, rule.text) for rule in policy.rules} == {
        (store, f"{store.name} é|{{x}}", f"v2.31|Action=Allow|Name={store.name} 漢|")
        for store in Store
    }


def test_settings_are_read_from_both_places(own_keys: None) -> None:
    write(rf"{LOCAL_KEY}\StandardProfile", "EnableFirewall", 0)
    write(rf"{LOCAL_KEY}\PublicProfile\Logging", "LogDroppedPackets", 1)
    path = r"%systemroot%\drops.log"
    write(rf"{LOCAL_KEY}\PublicProfile\Logging", "LogFilePath", path, winreg.REG_EXPAND_SZ)
    write(rf"{POLICY_KEY}\DomainProfile", "DoNotAllowExceptions", 1)
    write(rf"{LOCAL_KEY}\Mdm\PublicProfile", "DefaultInboundAction", 0)
    registry = FirewallRegistry()
    try:
        policy = registry.read()
    finally:
        registry.close()
    assert policy is not None
    states = {one: policy.profile_state(one, is_active=False) for one in Profile}
    assert not states[Profile.PRIVATE].is_on
    assert states[Profile.DOMAIN].blocks_all_inbound
    assert states[Profile.PUBLIC].inbound_default is RuleEffect.ALLOW
    assert policy.drop_log(Profile.PUBLIC) == path
    assert policy.drop_log(Profile.PRIVATE) is None


def test_a_change_of_any_key_is_seen_and_nothing_else_is_read_again(
    firewall: WindowsFirewall,
) -> None:
    write(STORE_KEYS[Store.LOCAL], "web", WEB)
    first = firewall.read()
    assert first.decide(ask()).verdict is FirewallVerdict.ALLOWED
    assert firewall.read() is first

    # Group Policy's key does not exist yet, and is waited for at its parents.
    write(STORE_KEYS[Store.POLICY], "no", rule_text("Block", "Protocol=6", name="No"))
    second = firewall.read()
    assert second.generation > first.generation
    assert second.decide(ask()).verdict is FirewallVerdict.BLOCKED
    assert first.decide(ask()).verdict is FirewallVerdict.ALLOWED

    remove(POLICY_KEY)
    third = firewall.read()
    assert third.decide(ask()).verdict is FirewallVerdict.ALLOWED

    for profile in ("StandardProfile", "PublicProfile", "DomainProfile"):
        write(rf"{LOCAL_KEY}\{profile}", "DoNotAllowExceptions", 1)
    assert firewall.read().decide(ask()).verdict is FirewallVerdict.BLOCKED

    remove(LOCAL_KEY)
    assert firewall.read().status.problem
    write(STORE_KEYS[Store.LOCAL], "web", WEB)
    assert firewall.read().decide(ask()).verdict is FirewallVerdict.ALLOWED


def test_a_value_written_again_is_no_new_generation(firewall: WindowsFirewall) -> None:
    write(STORE_KEYS[Store.LOCAL], "web", WEB)
    rules = firewall.read()
    write(STORE_KEYS[Store.LOCAL], "web", WEB)
    assert firewall.read() is rules


def test_a_watch_outlives_the_thread_that_asked(own_keys: None) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    write(STORE_KEYS[Store.LOCAL], "web", WEB)
    watch = KeyWatch(LOCAL_KEY)
    try:
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(watch.has_changed).result()
        assert not watch.has_changed()
        write(STORE_KEYS[Store.LOCAL], "web", WEB + "Edge=TRUE|")
        assert watch.has_changed()
        assert not watch.has_changed()
    finally:
        watch.close()


def test_very_long_values_are_read_whole(own_keys: None) -> None:
    text = rule_text("Allow", name="x" * 100_000)
    write(STORE_KEYS[Store.LOCAL], "large", text)
    write(STORE_KEYS[Store.LOCAL], "small", WEB)
    values = read_values(STORE_KEYS[Store.LOCAL])
    assert values == {"large": text, "small": WEB}


def test_no_key_is_held_open(own_keys: None) -> None:
    """Reading and closing a thousand times leaves no handle behind."""
    import psutil  # noqa: PLC0415

    write(STORE_KEYS[Store.LOCAL], "web", WEB)
    before = 0
    for round_number in range(40):
        registry = FirewallRegistry()
        registry.read()
        write(STORE_KEYS[Store.LOCAL], "web", f"{WEB}Desc={round_number}|")
        registry.read()
        registry.close()
        if round_number == 10:
            before = psutil.Process().num_handles()
    assert psutil.Process().num_handles() <= before + 5


def test_windows_tells_which_networks_are_connected_or_nothing() -> None:
    found = active_profiles()
    assert found <= set(Profile)
    assert active_profiles() == found


def test_texts_of_libraries_are_looked_up() -> None:
    # Wine's shell has the first, that of Windows 10 both.
    for folder in ("", "%SystemRoot%\\system32\\"):
        shown = [indirect_text(f"@{folder}shell32.dll,-{number}") for number in (22, 9216)]
        assert any(text and not text.startswith("@") for text in shown)
    assert indirect_text("plain") == "plain"
    assert indirect_text("@no-such-library.dll,-1") == "@no-such-library.dll,-1"
    assert indirect_text(r"@\\server\share\x.dll,-1") == r"@\\server\share\x.dll,-1"
    assert indirect_text("@a\0b") == "@a\0b"


def test_an_own_rule_is_found_again_in_the_registry(firewall: WindowsFirewall) -> None:
    rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8080, SERVER, ("localsubnet",))
    write(STORE_KEYS[Store.LOCAL], "other", WEB)
    change = firewall.plan(rule_spec, firewall.read())
    arguments = dict(word.partition("=")[::2] for word in change.commands[0][5:])
    # What Windows makes of the command.
    write(
        STORE_KEYS[Store.LOCAL],
        "{6A3F0B0E-0000-4000-8000-000000000001}",
        rule_text(
            "Allow",
            "Protocol=6",
            "Profile=Domain",
            "Profile=Private",
            "LPort=8080",
            "RA4=LocalSubnet",
            "RA6=LocalSubnet",
            f"App={arguments['program']}",
            f"Desc={arguments['description']}",
            name=arguments["name"],
        ),
    )
    (own,) = firewall.read().managed_rules
    assert own.id == change.id
    assert own.rule_spec == rule_spec
    assert own.rule.name == change.name
    answer = firewall.read().decide(FirewallQuestion(Protocol.TCP, 8080, program=SERVER))
    assert own.rule.name in {match.rule.name for match in answer.matches} or answer.profiles == (
        "public",
    )
