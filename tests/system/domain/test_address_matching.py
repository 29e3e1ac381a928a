"""Which addresses collide and which clients a socket takes, held against the kernel's answer."""

from __future__ import annotations

import errno
import itertools
import socket

import pytest

from portview.domain.address_matching import (
    bound_device,
    is_in_the_way,
    is_same_address,
    is_wildcard,
    normalized_address,
    takes_clients_of,
)
from portview.domain.sockets.socket_row import is_loopback
from portview.domain.user_input.port_query import parse_port_query

Place = tuple[str, bool]
ANY = "0.0.0.0"  # noqa: S104 - bound for a test, and let go
PLACES: tuple[Place, ...] = (
    (ANY, False),
    ("::", False),
    ("::", True),
    ("127.0.0.1", False),
    ("127.0.0.2", False),
    ("::1", True),
    ("::ffff:127.0.0.1", False),
    (f"{ANY}%lo", False),
    ("127.0.0.1%lo", False),
    ("::%lo", True),
)

# What is wanted at "::" is both families.
WANTED = tuple(dict.fromkeys((address, address == "::1") for address, _ in PLACES))

pytestmark = pytest.mark.usefixtures("own_network")


def bound(place: Place, port: int) -> socket.socket:
    address, is_v6_only = place
    bare, _, device = address.partition("%")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, is_v6_only)
        if device:
            holder.setsockopt(socket.SOL_SOCKET, 25, device.encode())  # SO_BINDTODEVICE
        holder.bind((bare, port))
        holder.listen()
    except OSError:
        holder.close()
        raise
    return holder


@pytest.fixture
def port() -> int:
    """Name a port that nobody has; the dual-stack socket that finds it is let go."""
    with bound(("::", False), 0) as finder:
        return int(finder.getsockname()[1])


@pytest.mark.linux_only(reason="SO_BINDTODEVICE, and binds that collide as on Linux")
@pytest.mark.parametrize(("first", "second"), tuple(itertools.product(PLACES, WANTED)))
def test_the_kernel_lets_no_one_in_where_another_is_in_the_way(
    first: Place, second: Place, port: int
) -> None:
    with bound(first, port):
        code = 0
        try:
            bound(second, port).close()
        except OSError as error:
            code = error.errno or -1
    is_refused = is_in_the_way(first[0], second[0], is_v6_only=first[1])
    assert code == (errno.EADDRINUSE if is_refused else 0)


@pytest.mark.linux_only(reason="SO_BINDTODEVICE")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
def test_the_kernel_lets_clients_connect_to_what_takes_them(
    place: Place, address: str, port: int
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with bound(place, port), socket.socket(family) as client:
        is_connected = client.connect_ex((address, port)) == 0
    assert takes_clients_of(place[0], address, is_v6_only=place[1]) is is_connected


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("::ffff:7f00:1", "127.0.0.1", True),
        ("fe80::1%eth0", "fe80::1", True),
        ("fe80::1%eth0", "fe80::1%eth1", False),
        ("10.0.0.1%eth0", "10.0.0.1", True),
        ("0:0::1", "::1", True),
        ("127.0.0.1", "::1", False),
        ("rubbish", "rubbish", True),
        ("rubbish", "::1", False),
    ],
)
def test_one_address_however_it_is_written(one: str, other: str, is_same: bool) -> None:
    assert is_same_address(one, other) is is_same
    assert is_same_address(other, one) is is_same


def test_an_address_has_one_form_in_which_it_is_compared() -> None:
    assert normalized_address("::ffff:127.0.0.1") == "127.0.0.1"
    assert normalized_address("FE80::0001%eth0") == "fe80::1%eth0"
    assert normalized_address("no address") == "no address"


def test_a_zone_is_a_device_unless_the_address_is_link_local() -> None:
    assert bound_device(f"{ANY}%eth0") == "eth0"
    assert bound_device("fe80::1%eth0") == ""
    assert is_wildcard("::%eth0")
    assert is_loopback(f"{ANY}%lo")
    assert not is_loopback(f"{ANY}%eth0")
    assert takes_clients_of(f"{ANY}%eth0", "192.0.2.1")
    assert not takes_clients_of(f"{ANY}%eth0", "127.0.0.1")
    assert not is_in_the_way(f"{ANY}%eth0", f"{ANY}%eth1")


def test_a_mapped_address_asks_for_the_ipv4_address() -> None:
    question = parse_port_query("[::ffff:127.0.0.1]:8080")
    assert is_same_address(question.address or "", "127.0.0.1")
