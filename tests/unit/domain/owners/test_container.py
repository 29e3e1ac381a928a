"""A process's control group names its container, whatever runs it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.container import (
    Container,
    ContainerRuntime,
    container_of_cgroups,
    describe_container,
    stop_command,
)
from portview.readers.windows.wsl_distributions import read_distributions

ID = "0d5f" * 16
INNER = "c1a9" * 16
POD = "b0ab7a55-81cd-4a23-9b8a-3a0e2e51f1aa"
POD_IN_SLICE = POD.replace("-", "_")

SHAPES = [
    ("0::/system.slice/docker-{id}.scope", ContainerRuntime.DOCKER, ""),
    ("0::/docker/{id}", ContainerRuntime.DOCKER, ""),
    ("12:pids:/docker/{id}\n0::/system.slice/containerd.service", ContainerRuntime.DOCKER, ""),
    (
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{id}.scope",
        ContainerRuntime.DOCKER,
        "",
    ),
    ("0::/machine.slice/libpod-{id}.scope/container", ContainerRuntime.PODMAN, ""),
    ("0::/libpod_parent/libpod-{id}", ContainerRuntime.PODMAN, ""),
    (
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{id}.scope",
        ContainerRuntime.PODMAN,
        "",
    ),
    ("0::/system.slice/nerdctl-{id}.scope", ContainerRuntime.CONTAINERD, ""),
    ("4:memory:/default/{id}", ContainerRuntime.CONTAINERD, ""),
    (
        (
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod_}.slice/"
            "cri-containerd-{id}.scope"
        ),
        ContainerRuntime.KUBERNETES,
        POD,
    ),
    (
        "0::/kubepods.slice/kubepods-pod{pod_}.slice/crio-{id}.scope",
        ContainerRuntime.KUBERNETES,
        POD,
    ),
    ("11:cpu:/kubepods/besteffort/pod{pod}/{id}", ContainerRuntime.KUBERNETES, POD),
    (
        "0::/system.slice/k3s.service/kubepods-besteffort-pod{pod_}.slice:cri-containerd:{id}",
        ContainerRuntime.KUBERNETES,
        POD,
    ),
    (
        (
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{pod_}.slice/"
            "docker-{id}.scope"
        ),
        ContainerRuntime.KUBERNETES,
        POD,
    ),
]


@pytest.mark.parametrize(("text", "runtime", "pod"), SHAPES)
def test_a_container_is_recognised(text: str, runtime: ContainerRuntime, pod: str) -> None:
    text = text.format(id=ID, pod=POD, pod_=POD_IN_SLICE)
    assert container_of_cgroups(text) == Container(runtime, ID, pod=pod)


@pytest.mark.parametrize(
    ("text", "runtime", "name"),
    [
        ("0::/lxc.payload.web-1/system.slice/nginx.service", ContainerRuntime.LXC, "web-1"),
        ("3:cpu:/lxc/old", ContainerRuntime.LXC, "old"),
        ("0::/machine.slice/machine-build\\x2dbox.scope/payload", "nspawn", "build-box"),
        ("0::/machine.slice/systemd-nspawn@deb.service/payload/init.scope", "nspawn", "deb"),
    ],
)
def test_a_system_container_goes_by_its_name(text: str, runtime: str, name: str) -> None:
    assert container_of_cgroups(text) == Container(ContainerRuntime(runtime), name=name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0::/",
        "0::/user.slice/user-1000.slice/session-3.scope",
        "0::/system.slice/docker.service",
        "0::/system.slice/containerd.service",
        f"0::/machine.slice/libpod-conmon-{ID}.scope",
        f"0::/system.slice/docker-{ID[:12]}.scope",
        f"0::/system.slice/docker-{ID.upper()}.scope",
    ],
)
def test_what_is_no_container_is_none(text: str) -> None:
    assert container_of_cgroups(text) is None


def test_the_inner_container_is_the_one() -> None:
    found = container_of_cgroups(f"0::/docker/{ID}/docker/{INNER}")
    assert found == Container(ContainerRuntime.DOCKER, INNER)


@given(st.text(alphabet="0:/abcdef-._podlxcmachine\\x2\n", max_size=300))
def test_any_text_is_read(text: str) -> None:
    container_of_cgroups(text)


def test_each_runtime_is_stopped_by_its_own_command() -> None:
    commands = {
        runtime: stop_command(Container(runtime, ID, "web"))[0] for runtime in ContainerRuntime
    }
    assert commands[ContainerRuntime.DOCKER] == "docker"
    assert len(set(commands.values())) == len(ContainerRuntime)
    assert stop_command(Container(ContainerRuntime.DOCKER, ID)) == ["docker", "stop", ID[:12]]


def test_a_container_is_described_with_its_project_and_inert() -> None:
    web = Container(ContainerRuntime.DOCKER, ID, "shop-web", "nginx:1", "shop", "web")
    assert describe_container(web) == "Docker container shop-web (Compose project shop)"
    hostile = Container(ContainerRuntime.PODMAN, ID, "a\x1b[31m\nb" * 50)
    assert "\x1b" not in describe_container(hostile)
    assert "\n" not in describe_container(hostile)
    assert len(describe_container(hostile)) < 130


@pytest.mark.parametrize(
    ("output", "names"),
    [
        (
            "Ubuntu-22.04\r\ndocker-desktop\r\n".encode("utf-16-le"),
            ("Ubuntu-22.04", "docker-desktop"),
        ),
        ("\ufeffUbuntu\r\n".encode("utf-16-le"), ("Ubuntu",)),
        (b"Debian\n", ("Debian",)),
        (b"", ()),
        (b"\xff\xfe\x00", ()),
    ],
)
def test_running_distributions_are_read_in_either_encoding(
    output: bytes, names: tuple[str, ...]
) -> None:
    found = read_distributions(output)
    assert found[: len(names)] == names
    assert len(found) <= len(names) or output.startswith(b"\xff")
