"""A program without a console must not let its children open one (Windows)."""

from __future__ import annotations

import ast
from pathlib import Path

import portview

STARTING = {"run", "Popen", "call", "check_call", "check_output"}
WITH_REASON = {
    "actions/service_control/systemd.py": "Linux only",
    "actions/service_control/journal_events.py": "Linux only",
    "actions/service_control/systemd_recovery.py": "Linux only",
    "actions/elevation/polkit.py": "Linux only",
    "firewall/tools.py": "Linux only",
    "cli/pick_command.py": "the person's own command, in the person's console",
}
"""Files whose children may have a console, and why."""


def starts_without_flags(source: str) -> list[int]:
    """Return the lines in which a child is started without saying whether it gets a console."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        if isinstance(owner, ast.Name) and owner.id == "subprocess" and node.func.attr in STARTING:
            names = {keyword.arg for keyword in node.keywords}
            # Keywords that are unpacked (None) come from a function that decides per system.
            if not names & {"creationflags", None}:
                lines.append(node.lineno)
    return lines


def test_a_call_without_flags_is_found() -> None:
    assert starts_without_flags("subprocess.run(['a'])\nsubprocess.Popen(x, cwd=y)") == [1, 2]
    assert not starts_without_flags("subprocess.run(['a'], creationflags=8)\nrun(x)")


def test_every_child_on_windows_is_told_whether_it_gets_a_console() -> None:
    package = Path(portview.__file__).parent
    flashing = {}
    for file in package.rglob("*.py"):
        name = file.relative_to(package).as_posix()
        lines = starts_without_flags(file.read_text("utf-8"))
        if lines and name not in WITH_REASON:
            flashing[name] = lines
    assert not flashing
