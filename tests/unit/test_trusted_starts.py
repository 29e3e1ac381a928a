"""Whatever PortView starts or loads goes through the few places that see to where it comes from."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import portview

STARTING = {"run", "Popen", "call", "check_call", "check_output"}
OWN_VARIABLES = {
    "hosts/asking.py": "ssh finds the person's agent by them",
    "hosts/streaming.py": "likewise",
    "actions/processes/restart.py": "the recorded program, with the variables of the person",
    "actions/process_handles/windows_close_request.py": "PortView itself, isolated",
    "cli/pick_command.py": "the person's own command",
    "watch/repair/command.py": "the person's own command",
}
"""Files whose children get this process's variables, and why."""
LOADERS = {"WinDLL", "OleDLL", "windll", "oledll", "LoadLibrary", "find_library"}
VARIABLES = {"SYSTEMROOT", "WINDIR", "PATH", "COMSPEC"}
FINDS_PROGRAMS = {
    "hosts/asking.py": "ssh as the person's shell finds it; for root only in a folder of root's",
    "readers/system_tools.py": "in the system's folders",
    "readers/origins/autostart.py": "to compare with a program that runs; it is not run",
    "command_name.py": "to name PortView in hints; it is not run",
}
"""Files that look for programs, and where or why."""


def findings(source: str) -> set[str]:
    """Return what a source does by itself that it should leave to others."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if (owner, node.attr) == ("shutil", "which"):
                found.add("which")
            if owner == "ctypes" and node.attr in LOADERS:
                found.add("loads")
        elif isinstance(node, ast.Subscript | ast.Call) and _asks_for_a_folder(node):
            found.add("variable")
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            names = {keyword.arg for keyword in node.keywords}
            if name == "run_bounded" and "env" not in names:
                found.add("hands variables on")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            names = {keyword.arg for keyword in node.keywords}
            if owner == "subprocess" and node.func.attr in STARTING and "env" not in names:
                found.add("hands variables on")
    return found


def _asks_for_a_folder(node: ast.Subscript | ast.Call) -> bool:
    text = ast.unparse(node)
    words = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    is_asked = text.startswith(("os.environ[", "os.environ.get(", "os.getenv("))
    return is_asked and any(str(word).upper() in VARIABLES for word in words)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("shutil.which('nft')", {"which"}),
        ("ctypes.WinDLL('x')", {"loads"}),
        ("os.environ.get('SystemRoot')", {"variable"}),
        ("os.environ['PATH']", {"variable"}),
        ("run_bounded(['x'], timeout_s=2)", {"hands variables on"}),
        ("subprocess.run(['x'])", {"hands variables on"}),
        ("subprocess.run(['x'], env=tool_environment())", set()),
    ],
)
def test_each_is_found(source: str, expected: set[str]) -> None:
    assert findings(source) == expected


def test_nothing_is_started_or_loaded_by_the_persons_variables() -> None:
    package = Path(portview.__file__).parent
    wrong = {}
    for file in package.rglob("*.py"):
        name = file.relative_to(package).as_posix()
        found = findings(file.read_text("utf-8"))
        if name in OWN_VARIABLES:
            found.discard("hands variables on")
        if name in FINDS_PROGRAMS:
            found.discard("which")
        if name == "readers/windows/dll.py":
            found.discard("loads")
        if found:
            wrong[name] = found
    assert not wrong
