"""What the import contracts say is what they hold: an import put where it must not be is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
    "contracts"
]
QT = next(one for one in CONTRACTS if one["name"] == "Qt starts at the engine")
PSUTIL = next(one for one in CONTRACTS if one.get("forbidden_modules") == ["psutil"])

WITH_QT = {"__main__", "app", "engine", "entry", "models", "ui"}
"""The families that may import Qt, or start the ones that do."""


def families() -> set[str]:
    """Return what lies directly in the package: families and single modules."""
    return {
        path.stem
        for path in (ROOT / "portview").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    }


def test_each_family_may_import_qt_or_is_held_to_do_without() -> None:
    missing = {f"portview.{name}" for name in families() - WITH_QT} - set(QT["source_modules"])
    assert not missing, f"name them in the contract {QT['name']!r} of pyproject.toml"


def test_processes_are_asked_by_readers_and_those_who_act_alone() -> None:
    acts = {"actions", "firewall", "probes", "readers", "selftest", "watch"}
    may = acts | {"__main__", "domain", "models", "ui"}  # those have contracts of their own
    missing = {f"portview.{name}" for name in families() - may} - set(PSUTIL["source_modules"])
    assert not missing, f"name them in the contract {PSUTIL['name']!r} of pyproject.toml"


PLANTED = {
    "settings": "PySide6",
    "probes.planted": "PySide6",
    "watch.planted": "pyqtgraph",
    "cli.planted": "psutil",
    "engine.planted": "psutil",
    "models.acting": "portview.actions.free_port.plan",
    "preferences": "portview.ui.window.main_window",
    "domain.planted": "socket",
    "models.planted": "psutil",
    "readers.planted": "portview.actions.free_port.plan",
    "actions.safety.planted": "portview.actions.free_port.report",
    "ui.style.planted": "portview.ui.window.tray",
    "watch.rules.planted": "portview.watch.tracking.tracker",
    "firewall.interface": "portview.firewall.linux.backend",
    "diagnosis.facts": "portview.diagnosis.answer",
}


def lint_imports(folder: Path) -> str:
    code = "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command"
    return subprocess.run(
        [sys.executable, "-c", f"{code}; lint_imports_command(['--no-cache'])"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=100,
    ).stdout  # fmt: skip


def test_imports_that_must_not_be_are_found(tmp_path: Path) -> None:
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "portview", tmp_path / "portview", ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, imported in PLANTED.items():
        path = tmp_path / "portview" / f"{module.replace('.', '/')}.py"
        text = path.read_text("utf-8") if path.exists() else ""
        line = f"import {imported}"
        path.write_text(f"{text}\n\ndef _planted() -> None:\n    {line}\n", encoding="utf-8")
    found = lint_imports(tmp_path)
    assert "0 kept" in found, found
    for module, imported in PLANTED.items():
        assert f"portview.{module} -> {imported} (l." in found, (module, found)
