"""Every cause that keeps clients from a server, produced by the kernel and named alone."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.netns import serving
from tests.system.diagnosis.situations import WAIT, codes, http_server, several

if TYPE_CHECKING:
    from tests.netns import Namespace
    from tests.system.diagnosis.situations import Asker

pytestmark = [
    pytest.mark.linux_only(reason="network namespaces"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

LISTENING = """
import socket
server = socket.socket(socket.AF_INET6)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("::", {port}))
server.listen({backlog})
"""
CLIENTS = """
import time
clients = []
for _ in range({count}):
    client = socket.socket()
    client.setblocking(False)
    try:
        client.connect(("127.0.0.1", {port}))
    except BlockingIOError:
        pass
    clients.append(client)
"""
LOOP = """
import threading
def serve():
    while True:
        client, _ = server.accept()
        {act}
threading.Thread(target=serve, daemon=True).start()
"""
_FREEZER = Path("/sys/fs/cgroup/freezer")


def test_a_server_that_everybody_reaches(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8200, "::")):
        answer = portview.ask(8200)
    assert codes(answer, "reach") == {}
    assert answer["can_be_reached"] == "yes"
    assert "outside_not_provable" in {one["code"] for one in answer["cannot_tell"]}


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_server_on_loopback(portview: Asker, machine: Namespace, address: str) -> None:
    with serving(machine, http_server(8201, address)):
        answer = portview.ask(8201)
    assert codes(answer, "reach") == {"loopback_only": "proved"}
    assert answer["can_be_reached"] == "no"


def test_a_server_of_one_family(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8202)):
        answer = portview.ask(8202)
    assert codes(answer, "reach") == {"wrong_family": "proved"}
    assert answer["can_be_reached"] == "partly"


def test_localhost_that_stands_for_the_other_family(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8203, "127.0.0.1")):
        answer = portview.ask("dial tcp [::1]:8203: connect: connection refused")
    assert answer["causes"][0]["code"] in {"wrong_family", "loopback_only"}
    assert codes(answer, "reach")["wrong_family"] == "proved"


def test_a_client_that_was_refused_where_nobody_listens(portview: Asker) -> None:
    answer = portview.ask("curl: (7) Failed to connect to localhost port 8204: Connection refused")
    assert codes(answer, "reach") == {"not_listening": "proved"}
    assert answer["parsed"]["error"] == "ECONNREFUSED"


FILTER = """table inet portview_test {{
    chain in {{
        type filter hook input priority 0;
        {rule}
    }}
}}
"""


def test_a_firewall_that_drops(portview: Asker, machine: Namespace) -> None:
    machine.run("nft", "-f", "-", text=FILTER.format(rule="tcp dport 8205 drop"))
    with several(machine, http_server(8205, "::"), http_server(8206, "::")):
        blocked, beside = portview.ask(8205), portview.ask(8206)
    machine.run("nft", "delete", "table", "inet", "portview_test")
    assert codes(blocked, "reach") == {"firewall_blocks": "proved"}
    assert blocked["can_be_reached"] == "no"
    assert codes(beside, "reach") == {}
    assert beside["can_be_reached"] == "yes"


def test_a_firewall_that_keeps_some_out(portview: Asker, machine: Namespace) -> None:
    rule = "ip saddr 10.199.0.0/25 tcp dport 8207 drop"
    machine.run("nft", "-f", "-", text=FILTER.format(rule=rule))
    with serving(machine, http_server(8207, "::")):
        answer = portview.ask(8207)
    machine.run("nft", "delete", "table", "inet", "portview_test")
    assert codes(answer, "reach") == {"firewall_blocks": "proved"}
    assert answer["can_be_reached"] == "partly"


def test_a_firewall_that_only_root_may_read(as_nobody: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8208, "::")):
        answer = as_nobody.ask(8208)
    assert answer["can_be_reached"] == "unknown"
    assert "firewall_blocks" in {one["code"] for one in answer["cannot_tell"]}


def test_a_full_queue(portview: Asker, machine: Namespace) -> None:
    code = LISTENING.format(port=8209, backlog=1) + CLIENTS.format(port=8209, count=4)
    with serving(machine, code + WAIT):
        answer = portview.ask(8209)
    assert codes(answer, "reach") == {"backlog_full": "proved"}
    assert answer["can_be_reached"] == "no"


def test_a_server_that_does_not_accept(portview: Asker, machine: Namespace) -> None:
    waiting = LISTENING.format(port=8210, backlog=16) + CLIENTS.format(port=8210, count=1)
    with several(machine, waiting + WAIT, LISTENING.format(port=8211, backlog=16) + WAIT):
        with_clients, without = portview.ask(8210), portview.ask(8211)
    for answer in (with_clients, without):
        assert codes(answer, "reach") == {"hung": "likely"}
        assert answer["can_be_reached"] == "no"


def test_a_server_that_is_silent_but_accepts_is_not_hung(
    portview: Asker, machine: Namespace
) -> None:
    code = (
        LISTENING.format(port=8212, backlog=16)
        + "kept = []"
        + LOOP.format(act="kept.append(client)")
    )
    with serving(machine, code + WAIT):
        answer = portview.ask(8212)
    assert codes(answer, "reach") == {}
    assert answer["can_be_reached"] == "yes"


def test_a_suspended_server_is_not_called_hung(portview: Asker, machine: Namespace) -> None:
    code = http_server(8213, "::").replace("print('ready'", "import os; print(os.getpid()")
    process = machine.start(sys.executable, "-u", "-c", code)
    try:
        assert process.stdout
        pid = int(process.stdout.readline())
        os.kill(pid, signal.SIGSTOP)
        answer = portview.ask(8213)
        os.kill(pid, signal.SIGCONT)
        after = portview.ask(8213)
    finally:
        process.kill()
        process.communicate()
    assert codes(answer, "reach") == {"suspended": "proved"}
    assert answer["can_be_reached"] == "no"
    assert codes(after, "reach") == {}


@pytest.mark.skipif(not _FREEZER.is_dir(), reason="needs the freezer of control groups, version 1")
def test_a_frozen_server(portview: Asker, machine: Namespace) -> None:
    group = _FREEZER / f"portview-{uuid4().hex[:8]}"
    code = http_server(8214, "::").replace("print('ready'", "import os; print(os.getpid()")
    process = machine.start(sys.executable, "-u", "-c", code)
    group.mkdir()
    try:
        assert process.stdout
        pid = int(process.stdout.readline())
        (group / "cgroup.procs").write_text(str(pid))
        (group / "freezer.state").write_text("FROZEN")
        answer = portview.ask(8214)
    finally:
        (group / "freezer.state").write_text("THAWED")
        process.kill()
        process.communicate()
        group.rmdir()
    assert codes(answer, "reach") == {"suspended": "proved"}


@pytest.mark.parametrize(
    ("port", "act"),
    [
        (8215, "client.close()"),
        (8216, "client.setsockopt(1, 13, b'\\x01\\0\\0\\0\\0\\0\\0\\0'); client.close()"),
    ],
)
def test_a_relay_that_hangs_up(portview: Asker, machine: Namespace, port: int, act: str) -> None:
    code = LISTENING.format(port=port, backlog=16) + LOOP.format(act=act)
    with serving(machine, code + WAIT):
        answer = portview.ask(port)
    assert codes(answer, "reach") == {"accepts_then_resets": "proved"}
    assert answer["can_be_reached"] == "no"


def test_a_process_without_a_descriptor_left(portview: Asker, machine: Namespace) -> None:
    code = LISTENING.format(port=8217, backlog=16) + (
        "import os, resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))\n"
        "try:\n    while True:\n        os.dup(0)\nexcept OSError:\n    pass\n"
    )
    with serving(machine, code + WAIT):
        answer = portview.ask(8217)
    assert codes(answer, "reach") == {"descriptor_limit": "proved"}
    assert answer["can_be_reached"] == "no"


def test_two_servers(portview: Asker, machine: Namespace) -> None:
    with several(machine, http_server(8218, "127.0.0.1"), http_server(8218, machine.ipv4)):
        answer = portview.ask(8218)
    assert codes(answer, "reach")["two_servers"] == "proved"


WORKER = """server.listen(16)
import os, time
master = os.getpid()
if not os.fork():
    os.close(1)
    while os.getppid() == master:
        time.sleep(0.05)
    os._exit(0)
"""


def test_a_server_and_its_workers_are_one(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8219, "::").replace("server.listen(16)", WORKER)):
        answer = portview.ask(8219)
    assert "two_servers" not in codes(answer, "reach")


REDIRECTION = """table ip portview_test {
    chain in {
        type nat hook prerouting priority -100;
        tcp dport 8220 redirect to :8221
    }
}
"""


def test_another_server_than_the_one_that_listens(portview: Asker, machine: Namespace) -> None:
    machine.run("nft", "-f", "-", text=REDIRECTION)
    with several(machine, http_server(8220), http_server(8221)):
        answer = portview.ask(8220)
    machine.run("nft", "delete", "table", "ip", "portview_test")
    assert codes(answer, "reach")["nat_shadow"] == "proved"
    assert answer["can_be_reached"] == "no"


def test_plain_http_where_tls_is_expected(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(443, "::")):
        answer = portview.ask(443)
        told = portview.ask("curl: (35) wrong version number: https://localhost:443/")
    assert codes(answer, "reach") == {"wrong_protocol": "likely"}
    assert codes(told, "reach") == {"wrong_protocol": "proved"}
    assert answer["can_be_reached"] == "yes"


TLS_SERVER = """
import socket, ssl, threading, trustme
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
trustme.CA().issue_cert("localhost").configure_cert(context)
server = socket.create_server(("::", {port}), family=socket.AF_INET6, dualstack_ipv6=True)
def serve():
    while True:
        client, _ = server.accept()
        try:
            with context.wrap_socket(client, server_side=True) as wrapped:
                wrapped.recv(1000)
        except OSError:
            client.close()
threading.Thread(target=serve, daemon=True).start()
"""


@pytest.mark.parametrize(
    ("port", "text", "certainty"),
    [
        (80, "", "likely"),
        (8081, "http://localhost:8081 curl: (52) Empty reply from server", "likely"),
        (8082, "http://localhost:8082: wrong version number", "proved"),
    ],
)
def test_tls_where_plain_http_was_spoken(
    portview: Asker, machine: Namespace, port: int, text: str, certainty: str
) -> None:
    with serving(machine, TLS_SERVER.format(port=port) + WAIT):
        answer = portview.ask(text or port)
    assert codes(answer, "reach") == {"wrong_protocol": certainty}
    assert answer["can_be_reached"] == "yes"


def test_a_port_that_browsers_refuse(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(6000, "::")):
        answer = portview.ask(6000)
    assert codes(answer, "reach") == {"browser_blocked_port": "proved"}


def test_the_bridge_of_containers(portview: Asker, machine: Namespace) -> None:
    machine.run("ip", "link", "add", "docker0", "type", "bridge")
    machine.run("ip", "addr", "add", "172.31.0.1/16", "dev", "docker0")
    machine.run("ip", "link", "set", "docker0", "up")
    with serving(machine, http_server(8222, "172.31.0.1")):
        answer = portview.ask(8222)
    machine.run("ip", "link", "del", "docker0")
    assert codes(answer, "reach") == {"container_network_only": "proved"}
    assert answer["can_be_reached"] == "no"


def test_another_network_namespace(portview: Asker, machines: tuple[Namespace, Namespace]) -> None:
    with serving(machines[1], http_server(8223)):
        answer = portview.ask(8223)
    assert codes(answer, "reach") == {"other_namespace": "likely"}
    assert answer["can_bind"] == "yes"
    assert answer["can_be_reached"] is None


def test_a_container_that_publishes_nothing(
    portview: Asker, machines: tuple[Namespace, Namespace]
) -> None:
    near, far = machines
    near.run("ip", "link", "add", "docker0", "type", "bridge")
    near.run("ip", "addr", "add", "172.30.0.1/16", "dev", "docker0")
    near.run("ip", "link", "set", "docker0", "up")
    far.run("ip", "addr", "add", "172.30.0.2/16", "dev", "cable0")
    with serving(far, http_server(8225, "172.30.0.2")):
        answer = portview.ask(8225)
    far.run("ip", "addr", "del", "172.30.0.2/16", "dev", "cable0")
    near.run("ip", "link", "del", "docker0")
    assert codes(answer, "reach") == {"container_network_only": "likely"}
    assert answer["can_bind"] == "yes"


def test_an_interface_that_is_down(portview: Asker, machines: tuple[Namespace, Namespace]) -> None:
    near, far = machines
    far.run("ip", "link", "set", "cable0", "down")
    with serving(near, http_server(8224, near.ipv4)):
        answer = portview.ask(8224)
    far.run("ip", "link", "set", "cable0", "up")
    assert codes(answer, "reach") == {"interface_down": "proved"}
    assert answer["can_be_reached"] == "no"
