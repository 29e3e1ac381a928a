"""The samples for other programs are well-formed, and read the log from where it is written."""

from __future__ import annotations

from typing import Any

import platformdirs
import pytest
import yaml

from tests.conftest import ROOT

FOLDER = ROOT / "resources" / "monitoring"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.y*ml"))


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_every_sample_is_well_formed(name: str) -> None:
    assert load(name)


@pytest.mark.linux_only(reason="asks for the folder of this system")
def test_the_log_is_read_from_where_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/dev")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    folder = platformdirs.user_log_dir("PortView", appauthor=False)
    paths = [
        load("filebeat/portview.yml")["filebeat.inputs"][0]["paths"],
        load("vector/portview.yaml")["sources"]["portview_log"]["include"],
    ]
    for named in paths:
        assert f"{folder}/portview.log".replace("/dev/", "/*/") in named


def test_every_task_of_the_role_only_asks() -> None:
    tasks = load("ansible/roles/portview/tasks/main.yml")
    asking = [task for task in tasks if "ansible.builtin.command" in task]
    assert len(asking) == 2
    for task in asking:
        assert task["changed_when"] is False
        assert task["check_mode"] is False
