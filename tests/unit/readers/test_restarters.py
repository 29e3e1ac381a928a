"""Which parents start a process again, which may, and which never do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from portview.domain.facts import ABSENT, Fact, Known, Unreadable
from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.owners.restarters import Restarter, RestarterKind
from portview.readers.restarters import docker_restarter, podman_restarter, restarter_of

if TYPE_CHECKING:
    from pathlib import Path

# No process has this number: what is read from /proc about it is not there.
SERVER = ProcessInfo(ProcessKey(2**22 + 1, 9_000), "node")


def info(pid: int, *words: str, name: str | None = None, exe: str | None = None) -> ProcessInfo:
    executable = exe or words[0]
    name = name or words[0].rpartition("/")[2]
    return ProcessInfo(ProcessKey(pid, pid), name, executable, command_line=words)


def found(
    *parents: ProcessInfo, passed_over: frozenset[ProcessKey] = frozenset()
) -> Fact[Restarter]:
    return restarter_of(SERVER, parents, passed_over)


@pytest.mark.parametrize(
    ("parent", "name"),
    [
        (info(7, "/usr/bin/python3", "/usr/bin/supervisord", "-n"), "supervisord"),
        (info(7, "/usr/bin/python3", "-m", "gunicorn", "shop:app"), "gunicorn"),
        (info(7, "gunicorn: master [shop:app]", exe="/usr/bin/python3.11"), "gunicorn"),
        (info(7, "PM2 v5.3.1: God Daemon (/home/me/.pm2)", exe="/usr/bin/node"), "pm2"),
        (info(7, "node", "/usr/lib/node_modules/nodemon/bin/nodemon.js", "x.js"), "nodemon"),
        (info(7, "runsv", "shop", exe="/usr/bin/runsv"), "runsv"),
        (info(7, "s6-supervise", "shop"), "s6-supervise"),
        (info(7, "nginx: master process nginx -g daemon off;", exe="/usr/sbin/nginx"), "nginx"),
        (info(7, r"C:\tools\nssm.exe", name="nssm.exe", exe=r"C:\tools\nssm.exe"), "nssm"),
        (info(7, "uvicorn", "shop:app", "--workers", "4", exe="/usr/bin/python3"), "uvicorn"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_supervisor_is_known_by_its_program(parent: ProcessInfo, name: str) -> None:
    fact = found(parent)
    assert isinstance(fact, Known)
    assert (fact.value.name, fact.value.process) == (name, parent.key)
    assert fact.value.how


@pytest.mark.parametrize(
    "between",
    [
        info(5, "sh", "-c", "node server.js"),
        info(5, "/usr/bin/npm", "run", "dev"),
        info(5, "node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "run", "dev"),
        info(5, "sudo", "-u", "www", "node", "server.js"),
        info(5, "tini", "--", "node", "server.js"),
        info(5, "timeout", "60", "node", "server.js"),
    ],
    ids=lambda parent: parent.name,
)
def test_what_merely_starts_one_command_is_passed_over(between: ProcessInfo) -> None:
    fact = found(between, info(4, "/usr/bin/runsv", "shop"))
    assert isinstance(fact, Known)
    assert fact.value.name == "runsv"
    assert found(between) == ABSENT
    assert found(between, info(3, "-bash", exe="/usr/bin/bash")) == ABSENT


@pytest.mark.parametrize(
    "shell",
    [
        info(6, "-zsh", exe="/usr/bin/zsh"),
        info(6, "bash", "--norc", "-i"),
        info(6, r"C:\Windows\System32\cmd.exe", name="cmd.exe"),
        info(6, "pwsh", "-NoLogo"),
    ],
    ids=lambda parent: parent.name,
)
def test_a_shell_that_is_typed_in_starts_nothing_again(shell: ProcessInfo) -> None:
    assert found(shell, info(4, "/usr/bin/gnome-terminal-server")) == ABSENT


@pytest.mark.parametrize(
    "parent",
    [
        info(6, "/usr/bin/python3", "run_forever.py"),
        info(6, "bash", "/srv/run.sh"),
        info(6, "bash", "-c", "while true; do node server.js; sleep 3; done"),
        info(6, "/opt/shop/launcher"),
    ],
    ids=lambda parent: parent.name,
)
def test_any_other_parent_may_start_it_again(parent: ProcessInfo) -> None:
    fact = found(parent)
    assert isinstance(fact, Known)
    assert not fact.value.is_certain
    assert fact.value.process == parent.key
    assert found(parent, passed_over=frozenset({parent.key})) == ABSENT


def test_process_1_and_nobody_start_nothing_again() -> None:
    assert found() == ABSENT
    assert found(info(1, "/usr/bin/python3", "main.py")) == ABSENT


def test_a_supervisor_that_portview_runs_under_counts_all_the_same() -> None:
    parent = info(7, "/usr/bin/runsv", "shop")
    assert isinstance(found(parent, passed_over=frozenset({parent.key})), Known)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("always", "restart: always"), ("unless-stopped", "restart: unless-stopped"),
     ("on-failure", "restart: on-failure"), ("no", ""), ("", "")],
)  # fmt: skip
def test_the_restart_policy_of_a_container_is_read(
    policy: str, expected: str, tmp_path: Path
) -> None:
    folder = tmp_path / ("ab" * 32)
    folder.mkdir()
    values = {"RestartPolicy": {"Name": policy, "MaximumRetryCount": 0}}
    (folder / "hostconfig.json").write_text(json.dumps(values), "utf-8")
    fact = docker_restarter(folder)
    if not expected:
        assert fact == ABSENT
        return
    assert isinstance(fact, Known)
    assert (fact.value.kind, fact.value.how) == (RestarterKind.CONTAINER_RUNTIME, expected)
    assert (fact.value.stop, fact.value.manager) == ("docker stop abababababab", "Docker")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"RestartPolicy": 3}', "[" * 20_000])
def test_a_restart_policy_that_can_not_be_read_is_not_none(
    text: str | None, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "hostconfig.json").write_text(text, "utf-8")
    assert isinstance(docker_restarter(tmp_path), Unreadable)


def test_the_restart_policy_of_podman_comes_from_its_engine() -> None:
    shop = Container(ContainerRuntime.PODMAN, "cd" * 32, name="shop")
    fact = podman_restarter(shop, "always")
    assert isinstance(fact, Known)
    assert (fact.value.name, fact.value.stop) == ("shop", "podman stop shop")
    assert (fact.value.manager, fact.value.how) == ("Podman", "restart: always")
    assert podman_restarter(shop, "no") == ABSENT
    not_told = podman_restarter(shop, "")
    assert isinstance(not_told, Unreadable)
    assert "podman stop shop stops it for good" in not_told.reason
