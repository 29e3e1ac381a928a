"""A console program is asked only where nobody else would hear it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.actions.process_handles.console_choice import ConsoleWorld, choose_console_method
from portview.actions.safety.process_facts import CloseMethod
from portview.domain.owners.process import ProcessInfo, ProcessKey

SERVER, WORKER, SHELL, STARTER, STRANGER, PORTVIEW = 10, 11, 5, 6, 20, 30


def info(pid: int, name: str, *arguments: str) -> ProcessInfo:
    return ProcessInfo(ProcessKey(pid, pid), name, name, command_line=(name, *arguments))


CMD = info(SHELL, "cmd.exe")
NPM = info(STARTER, "node.exe", r"C:\node\npm-cli.js", "run", "dev")
SCRIPT = info(SHELL, "powershell.exe", "-File", r"C:\run.ps1")
BATCH = info(STARTER, "cmd.exe", "/d", "/s", "/c", "vite")


def choice(attached: set[int], *ancestors: ProcessInfo, **more: object):  # noqa: ANN201
    world = ConsoleWorld(SERVER, frozenset(attached), ancestors, {WORKER}, {PORTVIEW, 1})
    return choose_console_method(world._replace(**more))


@pytest.mark.parametrize(
    ("attached", "ancestors", "expected"),
    [
        ({SERVER}, (), CloseMethod.CONSOLE),
        ({SERVER, WORKER}, (CMD,), CloseMethod.CONSOLE),
        ({SERVER, SHELL}, (CMD,), CloseMethod.INTERRUPT),
        ({SERVER, WORKER, STARTER, SHELL}, (NPM, CMD), CloseMethod.INTERRUPT),
        ({SERVER, STARTER, SHELL}, (BATCH, CMD), CloseMethod.INTERRUPT),
        ({SERVER, SHELL}, (SCRIPT,), CloseMethod.NONE),
        ({SERVER, SHELL, STRANGER}, (CMD,), CloseMethod.NONE),
        ({SERVER, SHELL, PORTVIEW}, (CMD,), CloseMethod.NONE),
        ({SERVER, STARTER}, (info(STARTER, "launcher.exe"),), CloseMethod.NONE),
        ({SHELL}, (CMD,), CloseMethod.NONE),
        (set(), (), CloseMethod.NONE),
    ],
)
def test_the_gentlest_event_that_reaches_nobody_else(
    attached: set[int], ancestors: tuple[ProcessInfo, ...], expected: CloseMethod
) -> None:
    found = choice(attached, *ancestors)
    assert found.method is expected
    assert bool(found.reason) is (expected is CloseMethod.NONE)


def test_who_is_in_the_way_is_named() -> None:
    other = choice({SERVER, SHELL}, SCRIPT).reason
    assert "powershell.exe (PID 5)" in other
    assert "another program (PID 20)" in choice({SERVER, STRANGER}).reason
    sibling = choice({SERVER, STRANGER}, names={STRANGER: "python.exe"}).reason
    assert "python.exe (PID 20)" in sibling
    assert "PortView" in choice({SERVER, PORTVIEW}).reason


@given(attached=st.sets(st.integers(1, 40)), leads=st.booleans())
def test_nobody_but_the_process_and_what_it_runs_under_or_runs_hears_it(
    attached: set[int], leads: bool
) -> None:
    found = choice(attached, NPM, CMD, leads_group=leads)
    if found.method in {CloseMethod.CONSOLE, CloseMethod.INTERRUPT}:
        assert attached <= {SERVER, WORKER, STARTER, SHELL}
        assert SERVER in attached
    if found.method is CloseMethod.GROUP:
        assert leads
        assert SERVER in attached
