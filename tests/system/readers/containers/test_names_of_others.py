"""Containers of Kubernetes and behind Docker Desktop's relay, by real processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from portview.domain.owners.container import Container, ContainerRuntime
from portview.domain.owners.identity import container_name_of, project_of, what_of
from portview.domain.owners.process import ProcessKey
from portview.readers.choose import open_reader
from portview.readers.containers import kubernetes
from portview.readers.containers.kubernetes import with_kubernetes_names
from portview.readers.process_identity import process_key
from portview.readers.processes import read_process
from portview.readers.recognition.identities import identify
from tests.system.readers.containers.test_engine_api import (
    LISTED,
    engine_that_answers,
    http,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.linux_only("control groups and Unix sockets")

ID = "c3" * 32
POD = "0f2c8a52-6f0e-4b3c-9d5a-1f2e3d4c5b6a"
CGROUPS = [Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")]
SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(server.getsockname()[1], flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "containers"
    folder.mkdir()
    (folder / f"web-7d9f_shop_nginx-{ID}.log").touch()
    (folder / f"evil\x1b[31m_shop_nginx-{'d4' * 32}.log").touch()
    monkeypatch.setattr(kubernetes, "LINKS", folder)
    return folder


def test_the_kubelet_names_a_container(links: Path) -> None:
    named = with_kubernetes_names(Container(ContainerRuntime.KUBERNETES, ID, pod=POD))
    assert (named.name, named.pod) == ("nginx", "shop/web-7d9f")
    for other in (
        Container(ContainerRuntime.DOCKER, ID),
        Container(ContainerRuntime.KUBERNETES, "d4" * 32, pod=POD),
        Container(ContainerRuntime.KUBERNETES, "e5" * 32, pod=POD),
        Container(ContainerRuntime.KUBERNETES, pod=POD),
    ):
        assert with_kubernetes_names(other) is other
    unreadable = with_kubernetes_names(named, links / "none")
    assert unreadable is named


@pytest.fixture
def in_pod(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a server in a control group that is called as the kubelet calls a pod's."""
    top = next((one for one in CGROUPS if (one / "cgroup.procs").exists()), None)
    if top is None or os.geteuid() != 0:
        pytest.skip("needs root and control groups")
    around = top / f"kubepods-test-{os.getpid()}"
    group = around / "kubepods" / "besteffort" / f"pod{POD}" / ID
    try:
        group.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"control groups can't be made here: {error}")
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, "0"],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        process.stdout.readline()
        (group / "cgroup.procs").write_text(str(process.pid))
        yield process
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
        for each in (group, *group.parents[:3]):
            each.rmdir()


@pytest.mark.usefixtures("links")
def test_a_process_of_a_pod(in_pod: subprocess.Popen[str]) -> None:
    key = process_key(in_pod.pid)
    assert isinstance(key, ProcessKey)
    identity = identify({key: read_process(key)}, deadline_s=30)[key].identity
    assert identity is not None
    assert identity.what == "Kubernetes container nginx (pod shop/web-7d9f) · python, inline code"
    assert identity.container is not None
    assert identity.container.id == ID


@pytest.mark.parametrize("relay", ["com.docker.backend", "docker-proxy"])
def test_the_container_behind_a_relay(
    relay: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("r")
    program = folder / relay
    shutil.copy(os.path.realpath(sys.executable), program)
    home = Path(os.path.realpath(sys.executable)).parents[1]
    process = subprocess.Popen(
        [program, "-c", SERVER, "0"],
        env={**os.environ, "PYTHONHOME": str(home)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        port = int(process.stdout.readline())
        ports = [{"IP": "127.0.0.1", "PrivatePort": 80, "PublicPort": port, "Type": "tcp"}]
        listed = [{**LISTED[0], "Ports": ports}, LISTED[1]]
        answers = {"/containers/json": http(json.dumps(listed))}
        with engine_that_answers(folder, answers) as (engine, _):
            monkeypatch.setenv("DOCKER_HOST", f"unix://{engine.path}")
            reader = open_reader()
            try:
                snapshot = reader.read_settled()
            finally:
                reader.close()
            [row] = [row for row in snapshot.rows if row.local.port == port]
            assert row.owner is not None
            info = identify(snapshot.processes, [row.owner], deadline_s=30)[row.owner]
        expected = "Docker container shop-web-1 (Compose project shop), published port"
        assert what_of(row, info) == expected
        assert (project_of(row, info), container_name_of(row, info)) == ("shop", "shop-web-1")
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()
