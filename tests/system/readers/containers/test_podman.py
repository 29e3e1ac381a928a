"""A container of a real Podman: named by its engine, and stopped by it rather than by a signal."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.linux_only("control groups and namespaces"),
    pytest.mark.root_only("runs a container with a storage of its own"),
    pytest.mark.skipif(
        not all(map(shutil.which, ("podman", "runc", "busybox"))),
        reason="needs podman, runc, busybox",
    ),
]

NAME = f"shop-web-{os.getpid()}"
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")
"""What this machine allows; Podman's own limits may be above that."""


class Running(NamedTuple):
    """A server in a container, and the engine's socket."""

    port: int
    engine: Path


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run a server in a container that shares this machine's network."""
    folder = tmp_path_factory.mktemp("c")
    podman = (
        "podman", f"--root={folder}/root", f"--runroot={folder}/run", "--storage-driver=vfs",
        "--runtime=runc", "--cgroup-manager=cgroupfs",
    )  # fmt: skip

    def run(*words: str, content: bytes = b"") -> str:
        done = subprocess.run([*podman, *words], input=content, capture_output=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine runs no container: {done.stderr.decode()[-200:]}")
        return done.stdout.decode()

    image = io.BytesIO()
    with tarfile.open(fileobj=image, mode="w") as archive:
        archive.add(shutil.which("busybox") or "", "bin/busybox")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    engine = folder / "podman.sock"
    service = None
    try:
        run("import", "-", "portview-test", content=image.getvalue())
        labels = ("--label=com.docker.compose.project=shop",)
        server = ("/bin/busybox", "nc", "-ll", "-p", str(port), "-e", "/bin/busybox", "cat")
        run(
            "run",
            "-d",
            f"--name={NAME}",
            "--network=host",
            "--restart=always",
            *LIMITS,
            *labels,
            "portview-test",
            *server,
        )
        service = subprocess.Popen(
            [*podman, "system", "service", "--time=60", f"unix://{engine}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: engine.exists() and listens(port))
        yield Running(port, engine)
    finally:
        if service is not None:
            service.terminate()
            service.wait(20)
        subprocess.run([*podman, "rm", "-f", "-t=0", NAME], capture_output=True, check=False)


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            pytest.skip("the container did not start in time")
        time.sleep(0.05)


def portview(container: Running, *arguments: str) -> Any:
    ended = subprocess.run(
        [sys.executable, "-m", "portview", *arguments, "--json"],
        capture_output=True,
        check=False,
        env={**os.environ, "DOCKER_HOST": f"unix://{container.engine}"},
        timeout=60,
    )
    assert ended.stdout, ended.stderr
    return json.loads(ended.stdout)


def test_its_engine_names_it(container: Running) -> None:
    told = portview(container, "what", str(container.port))
    assert told["container"] == NAME
    assert told["project"] == "shop"
    assert told["what"].startswith(f"Podman container {NAME} (Compose project shop)")
    origin = told["processes"][0]["origin"]
    assert (origin["kind"], origin["name"]) == ("container", NAME)
    assert origin["how"] == "always"
    assert "its engine starts it again (always)" in origin["sentence"]
    (socket_of_it, *_) = portview(container, "list", "--query", f"container:{NAME}")["sockets"]
    assert socket_of_it["local_port"] == container.port


def test_it_is_stopped_by_its_engine(container: Running) -> None:
    plan = portview(container, "free", str(container.port), "--dry-run")["plan"]
    assert not plan["is_possible"]
    refusals = {step["refusal"]["code"] for step in plan["steps"]}
    assert refusals == {"container"}
    assert f"podman stop {NAME}" in plan["steps"][0]["refusal"]["advice"]


def test_without_its_engine_it_goes_by_its_identifier(container: Running) -> None:
    silent = container._replace(engine=container.engine.with_name("none"))
    told = portview(silent, "what", str(container.port))
    assert len(told["container"]) == 12
    assert told["what"].startswith("Podman container ")
