"""What holds a port for a container is told as that, with what its command line tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.owners.container_owners import container_relay, describe_relay, relay_advice
from portview.domain.owners.explanations import owner_sentences
from portview.domain.owners.process import ProcessInfo, ProcessKey
from portview.domain.plain_text import inert
from portview.domain.sockets.entry import SocketEntry
from tests.factories import row

KEY = ProcessKey(11, 100)
PROXY = (
    "/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "8080",  # noqa: S104
    "-container-ip", "172.17.0.2", "-container-port", "80",
)  # fmt: skip


def told(name: str, *command_line: str, port: int | None = 8080) -> tuple[str, str]:
    relay = container_relay(ProcessInfo(KEY, name, command_line=command_line or None))
    assert relay
    return describe_relay(relay), relay_advice(relay, port)


def test_dockers_proxy_names_where_it_leads() -> None:
    words, advice = told("docker-proxy", *PROXY)
    assert "at 172.17.0.2:80 inside" in words
    assert "docker ps --filter publish=8080" in advice


def test_podmans_monitor_names_its_container() -> None:
    words, advice = told("conmon", "/usr/bin/conmon", "--api-version", "1", "-n", "shop")
    assert "the container shop" in words
    assert advice.endswith("podman stop shop")


@pytest.mark.parametrize("name", ["wslrelay.exe", "WSLRelay.exe", "wslhost"])
def test_the_subsystem_for_linux_is_told_apart(name: str) -> None:
    words, advice = told(name)
    assert "Subsystem for Linux" in words
    assert "wsl --shutdown" in advice


@pytest.mark.parametrize("name", ["com.docker.backend.exe", "vpnkit", "rootlessport", "pasta"])
def test_a_runtime_is_not_to_be_stopped_itself(name: str) -> None:
    words, advice = told(name, port=None)
    assert "container runtime" in words
    assert "and not its runtime" in advice
    assert "--filter" not in advice


@pytest.mark.parametrize("name", ["node", "nginx", "dockerize", "ssh", None])
def test_other_programs_are_none(name: str | None) -> None:
    assert container_relay(ProcessInfo(KEY, name)) is None


@given(st.lists(st.text(max_size=20), max_size=6), st.sampled_from(["docker-proxy", "conmon"]))
def test_a_command_line_that_means_no_good_stays_inert(words: list[str], name: str) -> None:
    line = (name, "-n", *words, "-container-ip", *words, "-container-port", *words)
    for text in told(name, *line):
        assert inert(text) == text


def test_the_details_tell_it_as_well() -> None:
    entry = SocketEntry(row(8080), ProcessInfo(KEY, "docker-proxy", command_line=PROXY))
    sentences = " ".join(owner_sentences(entry, "linux"))
    assert "172.17.0.2:80" in sentences
    assert "publish=8080" in sentences
