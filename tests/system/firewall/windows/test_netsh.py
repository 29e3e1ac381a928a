"""Commands of netsh as real processes; a program of the test's own stands for netsh."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.windows import backend as module
from portview.firewall.windows.backend import WindowsFirewall
from portview.readers.windows import system_programs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from portview.domain.firewall import RuleChange

RULE_SPEC = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8080, "C:\\Program Files\\A & B\\%x% 'é'.exe")

scripted = pytest.mark.linux_only(reason="a script can stand for netsh where it can be started")


@pytest.fixture
def netsh(tmp_path: Path) -> Callable[[str], Path]:
    """Write programs that do what some Python code says; ``seen`` holds what they were given."""

    def write(code: str) -> Path:
        program = tmp_path / "netsh"
        program.write_text(
            f"#!{sys.executable}\nimport json, sys, time\n"
            f"json.dump(sys.argv[1:], open({str(tmp_path / 'seen')!r}, 'w'))\n{code}\n",
            "utf-8",
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    return write


def planned(firewall: WindowsFirewall) -> RuleChange:
    return firewall.plan(RULE_SPEC, firewall.read())


@scripted
def test_the_program_gets_exactly_what_was_shown(
    netsh: Callable[[str], Path], tmp_path: Path
) -> None:
    firewall = WindowsFirewall(netsh("sys.exit(0)"))
    change = planned(firewall)
    firewall.apply(change)
    seen = json.loads((tmp_path / "seen").read_text("utf-8"))
    assert tuple(seen) == change.commands[0][1:]
    assert f"program={RULE_SPEC.program}" in seen


@scripted
def test_a_refusal_is_told_in_netshs_own_words(
    netsh: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = netsh("print('No rules\\n match \\u202e.'); sys.exit(1)")
    firewall = WindowsFirewall(program)
    monkeypatch.setattr(module, "is_elevated", lambda: True)
    with pytest.raises(PortViewError) as error:
        firewall.apply(planned(firewall))
    assert error.value.code == "firewall_refused"
    assert error.value.message == "netsh refused the change: No rules match \\u{202E}."
    monkeypatch.setattr(module, "is_elevated", lambda: False)
    with pytest.raises(PortViewError) as error:
        firewall.apply(planned(firewall))
    assert error.value.code == "firewall_denied"
    assert error.value.outcome is Outcome.NEEDS_ADMIN


@scripted
def test_output_in_any_encoding_is_borne(
    netsh: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    firewall = WindowsFirewall(netsh("sys.stdout.buffer.write(b'\\xff\\x81'); sys.exit(2)"))
    monkeypatch.setattr(module, "is_elevated", lambda: True)
    with pytest.raises(PortViewError) as error:
        firewall.apply(planned(firewall))
    assert error.value.code == "firewall_refused"


@scripted
def test_a_program_that_does_not_end_is_stopped(
    netsh: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.2)
    firewall = WindowsFirewall(netsh("time.sleep(600)"))
    with pytest.raises(PortViewError) as error:
        firewall.apply(planned(firewall))
    assert error.value.code == "firewall_timeout"


def test_a_program_that_is_missing_is_told(tmp_path: Path) -> None:
    firewall = WindowsFirewall(tmp_path / "nowhere" / "netsh.exe")
    try:
        with pytest.raises(PortViewError) as error:
            firewall.apply(planned(firewall))
        assert error.value.code == "firewall_tool"
    finally:
        firewall.close()


@pytest.mark.linux_only(reason="elsewhere there may be such a registry")
def test_a_system_without_a_registry_answers_why() -> None:
    rules = WindowsFirewall().read()
    assert rules.status.problem.startswith("The rules of Windows' firewall can't be read")
    assert rules.managed_rules == ()


@pytest.mark.windows_only(reason="Windows has a folder of the system")
def test_a_users_variables_do_not_choose_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = system_programs.system_program("netsh.exe")
    assert real.is_file()
    for name in ("SYSTEMROOT", "WINDIR"):
        monkeypatch.setenv(name, str(tmp_path))
    system_programs._system_folder.cache_clear()
    assert system_programs.system_program("netsh.exe") == real


@pytest.mark.windows_only(reason="runs the system's own netsh")
def test_an_exit_code_is_no_proof() -> None:
    """Wine's netsh does nothing and says that all is well; nothing may be believed of it."""
    firewall = WindowsFirewall()
    try:
        if not firewall.read().status.problem:
            pytest.skip("this Windows has a firewall of its own, which no test may change")
        firewall.apply(planned(firewall))
        assert firewall.read().managed_rules == ()
    finally:
        firewall.close()
