"""The networks that a machine is in, and who else may be there."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface, ip_network

from hypothesis import example, given
from hypothesis import strategies as st

from portview.readers.local_subnets import local_subnets, subnets_of

INTERFACES = st.one_of(
    st.builds(
        lambda address, size: ip_interface(f"{address}/{size}"),
        st.ip_addresses(v=4),
        st.integers(0, 32),
    ),
    st.builds(
        lambda address, size: ip_interface(f"{address}/{size}"),
        st.ip_addresses(v=6),
        st.integers(0, 128),
    ),
)


@given(st.lists(INTERFACES, max_size=6))
@example([ip_interface("::/0"), ip_interface("::1/0")])
def test_neighbours_are_in_the_network_and_never_this_machine(
    own: list[IPv4Interface | IPv6Interface],
) -> None:
    for subnet in subnets_of(own):
        assert subnet.neighbours
        for neighbour in subnet.neighbours:
            assert ip_address(neighbour) in ip_network(subnet.network)
            assert all(ip_address(neighbour) != one.ip for one in own)


def test_a_network_is_asked_for_by_both_its_ends() -> None:
    own = [ip_interface("192.0.2.1/24"), ip_interface("127.0.0.1/8"), ip_interface("10.8.0.2/32")]
    (subnet,) = subnets_of(own)
    assert (subnet.network, subnet.neighbours) == ("192.0.2.0/24", ("192.0.2.2", "192.0.2.254"))


def test_link_local_networks_count_only_where_there_is_no_other() -> None:
    link, wide = ip_interface("fe80::2/64"), ip_interface("2001:db8::2/64")
    assert [one.network for one in subnets_of([link, wide])] == ["2001:db8::/64"]
    assert [one.network for one in subnets_of([link])] == ["fe80::/64"]


def test_this_machine_is_read() -> None:
    for subnet in local_subnets():
        assert not ip_network(subnet.network).is_loopback
