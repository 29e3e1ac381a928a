"""Every cause that keeps a server from a port, produced by the kernel and named alone."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.netns import ROOT, serving
from tests.system.diagnosis.situations import WAIT, Asker, codes, http_server, several

if TYPE_CHECKING:
    from tests.netns import Namespace

pytestmark = [
    pytest.mark.linux_only(reason="network namespaces"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

BOUND = "import socket\ns = socket.socket()\n{options}\ns.bind(('0.0.0.0', {port}))\n"
REUSE_ADDRESS = "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
OUTGOING = """
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.socket()
client.bind(("127.0.0.1", {port}))
client.connect(server.getsockname())
accepted, _ = server.accept()
"""
ENDED_SERVER = """
import socket
server = socket.socket()
{options}
server.bind(("127.0.0.1", {port}))
server.listen()
client = socket.create_connection(("127.0.0.1", {port}))
accepted, _ = server.accept()
{ending}
server.close()
"""
UDP = """
import socket
s = socket.socket(type=socket.SOCK_DGRAM)
{options}
s.bind(("0.0.0.0", {port}))
"""


def test_a_free_port_is_called_free(portview: Asker) -> None:
    answer = portview.ask(8100)
    assert answer["can_bind"] == "yes"
    assert answer["can_be_reached"] is None
    assert answer["causes"] == []
    assert "packet_filter" in {one["code"] for one in answer["ruled_out"]}


def test_asking_leaves_nothing_behind(portview: Asker, machine: Namespace) -> None:
    portview.ask(8101)
    portview.ask(8101)
    assert "8101" not in machine.run("ss", "-tan")


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - in a namespace
def test_a_listener(portview: Asker, machine: Namespace, address: str) -> None:
    with serving(machine, http_server(8102, address)):
        answer = portview.ask(8102)
    assert codes(answer, "bind") == {"listener": "proved"}
    assert answer["can_bind"] == "no"


def test_a_listener_at_another_address_is_not_in_the_way(
    portview: Asker, machine: Namespace
) -> None:
    with serving(machine, http_server(8103, "127.0.0.1")):
        answer = portview.ask(8103, address="127.0.0.2")
    assert codes(answer, "bind") == {}
    assert answer["can_bind"] == "yes"


def test_a_dual_stack_listener(portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8104, "::")):
        asked_ipv4 = portview.ask(8104, address="127.0.0.1")
        asked_ipv6 = portview.ask(8104, address="::1")
    assert codes(asked_ipv4, "bind") == {"dual_stack": "proved"}
    assert codes(asked_ipv6, "bind") == {"listener": "proved"}
    assert asked_ipv4["can_bind"] == "no"


def test_a_listener_for_ipv6_alone_leaves_ipv4_free(portview: Asker, machine: Namespace) -> None:
    only = "server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)"
    with serving(machine, http_server(8105, "::", only)):
        everywhere = portview.ask(8105)
        ipv4 = portview.ask(8105, address="127.0.0.1")
    assert everywhere["can_bind"] == "partly"
    assert codes(everywhere, "bind") == {"listener": "proved"}
    assert ipv4["can_bind"] == "yes"
    assert codes(ipv4, "bind") == {}


def test_a_socket_that_is_bound_and_does_not_listen(portview: Asker, machine: Namespace) -> None:
    with serving(machine, BOUND.format(options="", port=8106) + WAIT):
        answer = portview.ask(8106)
    assert codes(answer, "bind") == {"bound_not_listening": "proved"}
    assert answer["can_bind"] == "no"
    assert answer["can_be_reached"] is None


def test_a_bound_socket_that_shares_its_address_is_no_proof(
    portview: Asker, machine: Namespace
) -> None:
    with serving(machine, BOUND.format(options=REUSE_ADDRESS, port=8107) + WAIT):
        answer = portview.ask(8107)
    assert codes(answer, "bind") == {"bound_not_listening": "possible"}
    assert answer["can_bind"] == "yes"


@pytest.mark.parametrize("port", [42344, 5544])
def test_an_outgoing_connection(portview: Asker, machine: Namespace, port: int) -> None:
    with serving(machine, OUTGOING.format(port=port) + WAIT):
        answer = portview.ask(port)
    assert codes(answer, "bind") == {"outgoing_connection": "proved"}
    assert answer["can_bind"] == "no"


@pytest.mark.parametrize(
    "ending", ["", "accepted.close()", "accepted.close(); client.close()", "client.close()"]
)
def test_what_an_ended_server_leaves(portview: Asker, machine: Namespace, ending: str) -> None:
    port = 8110 + len(ending)
    with serving(machine, ENDED_SERVER.format(port=port, options="", ending=ending) + WAIT):
        answer = portview.ask(port)
    assert codes(answer, "bind") == {"leftovers": "proved"}
    assert answer["can_bind"] == "no"


def test_leftovers_of_a_server_that_reuses_its_address_block_nobody_who_does(
    portview: Asker, machine: Namespace
) -> None:
    option = "server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"
    with serving(machine, ENDED_SERVER.format(port=8108, options=option, ending="") + WAIT):
        answer = portview.ask(8108)
    assert codes(answer, "bind") == {"leftovers": "possible"}
    assert answer["can_bind"] == "yes"


def test_a_udp_holder_is_a_listener(portview: Asker, machine: Namespace) -> None:
    with serving(machine, UDP.format(options="", port=8109) + WAIT):
        answer = portview.ask(8109, proto="udp")
        over_tcp = portview.ask(8109)
    assert codes(answer, "bind") == {"listener": "proved"}
    assert answer["can_bind"] == "no"
    assert over_tcp["can_bind"] == "yes"
    assert over_tcp["causes"] == []


def test_sockets_that_share_a_port(portview: Asker, machine: Namespace) -> None:
    option = "server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)"
    twins = [http_server(8160, options=option)] * 2
    with several(machine, *twins):
        answer = portview.ask(8160)
    assert codes(answer, "bind") == {"reuse_port_group": "proved"}
    assert answer["can_bind"] == "no"


def test_a_single_socket_that_would_share_is_a_listener(
    portview: Asker, machine: Namespace
) -> None:
    option = "server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)"
    with serving(machine, http_server(8161, options=option)):
        answer = portview.ask(8161)
    assert codes(answer, "bind") == {"listener": "proved"}
    options = [item for item in answer["causes"][0]["evidence"] if item["source"] == "pidfd_getfd"]
    assert "SO_REUSEPORT 1" in options[0]["value"]


def test_a_privileged_port(portview: Asker, as_nobody: Asker) -> None:
    refused = as_nobody.ask(80)
    assert codes(refused, "bind") == {"privileged_port": "proved"}
    assert refused["can_bind"] == "no"
    allowed = portview.ask(80)
    assert allowed["can_bind"] == "yes"
    assert "privileged_port" in {one["code"] for one in allowed["ruled_out"]}


def test_a_holder_of_another_account(as_nobody: Asker, portview: Asker, machine: Namespace) -> None:
    with serving(machine, http_server(8162)):
        hidden = as_nobody.ask(8162)
        seen = portview.ask(8162)
    assert codes(hidden, "bind") == {"other_user": "proved"}
    assert "root" in hidden["answer"]
    assert codes(seen, "bind") == {"listener": "proved"}


def test_an_address_of_another_machine(portview: Asker) -> None:
    answer = portview.ask(8163, address="10.9.9.9")
    assert codes(answer, "bind") == {"address_not_here": "proved"}
    assert answer["can_bind"] == "no"


def test_a_link_local_address_without_its_interface(portview: Asker) -> None:
    answer = portview.ask(8164, address="fe80::1")
    assert codes(answer, "bind") == {"zone_missing": "proved"}


def test_a_reserved_port_is_free_to_whoever_asks_by_number(
    portview: Asker, machine: Namespace
) -> None:
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=40500")
    answer = portview.ask(40500)
    assert answer["can_bind"] == "yes"
    assert answer["causes"] == []
    assert "administered_exclusion" in {one["code"] for one in answer["ruled_out"]}


def test_a_socket_of_the_kernel(portview: Asker, machine: Namespace) -> None:
    machine.run("ip", "link", "add", "vx0", "type", "vxlan", "id", "9", "dstport", "4789",
                "dev", "cable0")  # fmt: skip
    machine.run("ip", "link", "set", "vx0", "up")
    answer = portview.ask(4789, proto="udp")
    machine.run("ip", "link", "del", "vx0")
    assert codes(answer, "bind") == {"kernel_socket": "proved"}
    assert "vx0" in answer["answer"]


NAT = """table ip portview_test {{
    chain {hook} {{
        type nat hook {hook} priority -100;
        {rule}
    }}
}}
"""


def test_a_redirection_in_front_of_a_free_port(portview: Asker, machine: Namespace) -> None:
    rule = NAT.format(hook="prerouting", rule="tcp dport 8165 redirect to :8166")
    machine.run("nft", "-f", "-", text=rule)
    answer = portview.ask(8165)
    target = portview.ask(8166)
    machine.run("nft", "delete", "table", "ip", "portview_test")
    assert codes(answer, "bind") == {"nat_shadow": "proved"}
    assert answer["can_bind"] == "yes"
    assert answer["can_be_reached"] is None
    assert target["causes"] == []


def test_a_redirection_that_no_rule_tells_this_user_of(
    as_nobody: Asker, machine: Namespace
) -> None:
    rule = NAT.format(hook="output", rule="tcp dport 8167 redirect to :8168")
    machine.run("nft", "-f", "-", text=rule)
    with serving(machine, http_server(8168)):
        answer = as_nobody.ask(8167)
    machine.run("nft", "delete", "table", "ip", "portview_test")
    assert codes(answer, "bind") == {"nat_shadow": "proved"}


@pytest.mark.parametrize(("port", "verdict"), [(5353, "yes"), (5354, "no")])
def test_udp_ports_that_are_there_to_be_shared(
    portview: Asker, machine: Namespace, port: int, verdict: str
) -> None:
    one = UDP.format(options=REUSE_ADDRESS, port=port) + WAIT
    with several(machine, one, one):
        answer = portview.ask(port, proto="udp")
    assert answer["can_bind"] == verdict
    named = codes(answer, "bind")
    assert named == ({} if verdict == "yes" else {"reuse_port_group": "proved"})


CLIENTS = """
import socket
server = socket.create_server(("127.0.0.1", 0), backlog=64)
clients = [socket.create_connection(server.getsockname()) for _ in range(11)]
"""


def test_outgoing_connections_that_use_all_dynamic_ports(
    portview: Asker, machine: Namespace
) -> None:
    taking = CLIENTS.replace('("127.0.0.1", 0)', '("127.0.0.1", 8171)')
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40010")
    with serving(machine, taking + WAIT):
        answer = portview.ask("dial tcp 127.0.0.1:8171: connect: cannot assign requested address")
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=32768 60999")
    assert answer["causes"][0]["code"] == "port_exhaustion"
    assert answer["causes"][0]["certainty"] in {"proved", "likely"}
    assert answer["address"] is None


def test_a_udp_client_holds_its_port(portview: Asker, machine: Namespace) -> None:
    client = UDP.format(options="", port=8172).replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - in a namespace
    with serving(machine, client + "s.connect(('127.0.0.1', 53))" + WAIT):
        answer = portview.ask(8172, proto="udp")
    assert codes(answer, "bind") == {"outgoing_connection": "proved"}
    assert answer["can_bind"] == "no"


def test_a_sandbox_that_allows_no_bind(machine: Namespace) -> None:
    sandbox = (sys.executable, str(ROOT / "tests" / "system" / "diagnosis" / "landlocked.py"))
    asker = Asker(machine, sandbox)
    answer = asker.ask(8173)
    asker.close()
    assert codes(answer, "bind") == {"packet_filter": "proved"}
    assert answer["can_bind"] == "no"


def test_pid_1_of_a_container_is_no_socket_unit(machine: Namespace) -> None:
    code = http_server(8174).partition("print('ready'")[0] + (
        "import subprocess, sys\n"
        "asked = [sys.executable, '-m', 'portview', 'why', '8174', '--json']\n"
        "print(subprocess.run(asked, capture_output=True, text=True).stdout)\n"
    )
    inner = ("unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", code)
    answer = json.loads(machine.start(*inner, cwd=ROOT).communicate(timeout=60)[0])
    assert codes(answer, "bind") == {"listener": "proved"}


def test_ipv6_that_is_off(portview: Asker, machine: Namespace) -> None:
    machine.run("sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=1")
    machine.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
    loopback = portview.ask(8169, address="::1")
    usual = portview.ask(8169)
    machine.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0")
    machine.run("sysctl", "-qw", "net.ipv6.conf.lo.disable_ipv6=0")
    machine.run("ip", "addr", "add", "fd99::1/64", "dev", "cable0", "nodad")
    assert codes(loopback, "bind") == {"ipv6_off": "proved"}
    assert usual["can_bind"] == "yes"


def test_a_range_of_dynamic_ports_that_is_used_up(portview: Asker, machine: Namespace) -> None:
    taking = (
        "import socket\nheld = []\nfor port in range(40000, 40021):\n"
        "    one = socket.socket()\n    one.bind(('0.0.0.0', port))\n    held.append(one)\n"
    )
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40020")
    with serving(machine, taking + WAIT):
        answer = portview.ask(8170)
    nearly = portview.ask(8170)
    machine.run("sysctl", "-qw", "net.ipv4.ip_local_port_range=32768 60999")
    assert codes(answer, "bind") == {"port_exhaustion": "proved"}
    assert nearly["causes"] == []
