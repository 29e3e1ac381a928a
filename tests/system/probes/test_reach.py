"""What a client on another machine gets, and what the ladder, a bind and a plan say of it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.netns import joined_machines, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.netns import Namespace

pytestmark = [
    pytest.mark.linux_only(reason="NAT rules, bridges and SO_BINDTODEVICE"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

SERVE = """
import socket, sys, threading
held = []
for port, address, device, word in {servers!r}:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if device:
        server.setsockopt(socket.SOL_SOCKET, 25, device.encode())
    server.bind((address, port))
    server.listen()
    held.append((server, word))
def serve(server, word):
    while True:
        connection, _ = server.accept()
        connection.sendall(word.encode())
        connection.close()
for one in held:
    threading.Thread(target=serve, args=one, daemon=True).start()
print("ready")
threading.Event().wait()
"""
ANY = "0.0.0.0"  # noqa: S104 - bound in a namespace of the test's own


@pytest.fixture
def machines() -> Iterator[tuple[Namespace, Namespace]]:
    with joined_machines() as (here, client):
        yield here, client


@pytest.fixture
def serve(machines: tuple[Namespace, Namespace]) -> Iterator[Callable[..., None]]:
    with ExitStack() as running:

        def start(*servers: tuple[int, str, str, str]) -> None:
            running.enter_context(serving(machines[0], SERVE.format(servers=servers)))

        yield start


def portview(machine: Namespace, *arguments: object) -> tuple[int, Any]:
    command = [sys.executable, "-m", "portview", *map(str, arguments), "--json"]
    process = machine.start(*command, stderr=subprocess.PIPE)
    output, _ = process.communicate(timeout=60)
    return process.returncode, json.loads(output)


def greeting(client: Namespace, address: str, port: int) -> str:
    """Return what a client on the other machine is told, "" where it gets nowhere."""
    return str(
        client.python(f"""
import json, socket
try:
    with socket.create_connection(({address!r}, {port}), 3) as one:
        one.settimeout(3)
        print(json.dumps(one.recv(100).decode()))
except OSError:
    print('""')
""")
    )


def redirect(here: Namespace, rules: str) -> None:
    chain = "chain pre {\ntype nat hook prerouting priority -100\n" + rules + "\n}\n"
    here.run("nft", "-f", "-", text="table ip turn {\n" + chain + "}\n")


def test_a_redirect_serves_the_clients_of_a_port_at_which_nothing_listens(
    machines: tuple[Namespace, Namespace], serve: Callable[..., None]
) -> None:
    here, client = machines
    serve((8080, ANY, "", "of 8080"))
    redirect(here, "tcp dport 80 redirect to :8080\n")
    assert greeting(client, here.ipv4, 80) == "of 8080"
    code, ladder = portview(here, "ladder", 80)
    assert (code, ladder["verdict"]) == (0, "reachable")
    assert f"{here.ipv4}:8080" in ladder["detail"]
    assert "they can connect" in ladder["detail"]
    code, bind = portview(here, "probe", "bind", 80)
    assert (code, bind["verdict"]) == (1, "redirected")
    assert portview(here, "probe", "bind", "127.0.0.1:80")[0] == 0
    code, document = portview(here, "free", 80, "--dry-run")
    assert (code, document["report"]["proof"]["verdict"]) == (1, "redirected")
    assert portview(here, "free", 80, "--yes")[0] == code
    assert portview(here, "pick", "--range", "80-81")[1]["ports"] == [81]
    assert portview(here, "wait", "--free", f"{here.ipv4}:80", "--timeout", "10ms")[0] == 1


def test_a_redirect_shadows_the_server_that_really_listens(
    machines: tuple[Namespace, Namespace], serve: Callable[..., None]
) -> None:
    here, client = machines
    serve((8080, ANY, "", "of 8080"), (80, ANY, "", "of 80"))
    redirect(here, "tcp dport 80 redirect to :8080\n")
    assert greeting(client, here.ipv4, 80) == "of 8080"
    code, ladder = portview(here, "ladder", 80)
    assert code == 0
    assert "The server that listens on port 80 itself gets none of them." in ladder["detail"]


def test_a_redirect_to_where_nothing_listens_reaches_nobody(
    machines: tuple[Namespace, Namespace], serve: Callable[..., None]
) -> None:
    here, client = machines
    serve((80, ANY, "", "of 80"))
    redirect(here, "tcp dport 80 redirect to :8081\n")
    assert greeting(client, here.ipv4, 80) == ""
    code, ladder = portview(here, "ladder", 80)
    assert code == 1
    assert "Nothing accepts connections there" in ladder["detail"]


def test_a_server_at_a_bridge_without_a_way_out_is_reached_by_containers_alone(
    machines: tuple[Namespace, Namespace], serve: Callable[..., None]
) -> None:
    here, client = machines
    for words in (
        "link add docker0 type bridge",
        "addr add 172.31.0.1/16 dev docker0",
        "link set docker0 up",
    ):
        here.run("ip", *words.split())
    serve((11434, "172.31.0.1", "", "inner"), (11435, ANY, "", "everywhere"))
    assert greeting(client, here.ipv4, 11434) == ""
    code, ladder = portview(here, "ladder", 11434)
    assert (code, ladder["verdict"]) == (1, "inner_network_only")
    assert "Containers of this machine (docker0)" in ladder["detail"]
    code, ladder = portview(here, "ladder", 11435)
    assert (code, ladder["verdict"]) == (0, "reachable")
    assert "172.31.0.1" not in ladder["detail"].split(".", 3)[0]


def test_a_server_at_one_device_is_reached_through_that_device(
    machines: tuple[Namespace, Namespace], serve: Callable[..., None]
) -> None:
    here, client = machines
    serve((8000, ANY, "cable0", "outer"), (8001, ANY, "lo", "own"))
    assert greeting(client, here.ipv4, 8000) == "outer"
    assert greeting(client, here.ipv4, 8001) == ""
    _, document = portview(here, "list")
    shown = {(one["local_address"], one["local_port"]) for one in document["sockets"]}
    assert shown >= {(f"{ANY}%cable0", 8000), (f"{ANY}%lo", 8001)}
    code, ladder = portview(here, "ladder", 8000)
    assert (code, ladder["verdict"]) == (0, "reachable")
    loopback = [one for one in ladder["steps"] if one["kind"] == "loopback"]
    assert {one["outcome"] for one in loopback} == {"note"}, "nothing is amiss there"
    code, ladder = portview(here, "ladder", 8001)
    assert (code, ladder["verdict"]) == (1, "this_machine_only")
    assert portview(here, "probe", "bind", f"{ANY}:8000")[0] == 1
    code, document = portview(here, "free", 8000, "--yes")
    assert code == 0, document
