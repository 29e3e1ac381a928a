from __future__ import annotations

import pytest

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import RuleEffect, RuleSpec
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.linux.commands import check_commands
from portview.firewall.linux.firewalld import plan_rule as plan_with_firewalld
from portview.firewall.linux.machine import Interface, Machine
from portview.firewall.linux.scope import Scope, scope_of
from portview.firewall.tag import RuleTag, format_tag

TAG = format_tag(RuleTag("abcd12"))
DELETE = ("nft", "delete", "rule", "inet", "filter", "input", "handle", "7")
MACHINE = Machine(
    (
        Interface("lo", ("127.0.0.1/8",)),
        Interface("eth0", ("198.51.100.1/24", "2001:db8::1/64")),
        Interface("tun0", ("203.0.113.9/32",)),
        Interface("docker0", ("172.17.0.1/16",), is_inner=True),
    )
)


MAKING = """
nft add rule inet filter input ip saddr { 192.0.2.1, 10.0.0.0/8 } tcp dport 80 accept comment "TAG"
nft insert rule ip my-table in_1 handle 5 udp dport 53 drop comment "TAG"
iptables-nft -w -t filter -I IN 3 -p tcp -s ::1 --dport 80 -m comment --comment TAG -j ACCEPT
ufw prepend deny proto udp from any to any port 53 comment TAG
nft add table inet portview
nft add chain inet portview input { type filter hook input priority -10 ; policy accept ; }
"""


@pytest.mark.parametrize("command", MAKING.strip().replace("TAG", TAG).splitlines())
def test_what_makes_rules_of_portview_may_run(command: str) -> None:
    check_commands((tuple(command.split()),), set)


def test_what_is_planned_for_firewalld_may_run() -> None:
    rule_spec = RuleSpec(RuleEffect.ALLOW, Protocol.TCP, 8080)
    scope = Scope(("198.51.100.0/24",), ("2001:db8::7",))
    commands = plan_with_firewalld(rule_spec, scope, TAG, ["public"], now_ms=0, is_first=True)
    assert [len(command) for command in commands] == [4, 5]
    check_commands(commands, set)


@pytest.mark.parametrize(
    "command",
    [
        "nft flush ruleset",
        "sh -c reboot",
        f'nft add rule inet filter input accept comment "{TAG}"',
        f'nft add rule inet filter input tcp dport 80 accept; flush ruleset comment "{TAG}"',
        'nft add rule inet filter input tcp dport 80 accept comment "portview:v1:no"',
        'nft add rule inet filter input tcp dport 80 accept comment "something"',
        f"iptables-nft -w -t filter -F INPUT -m comment --comment {TAG} -j ACCEPT",
        "ufw disable",
        f"ufw allow proto tcp from any to any port 22 comment {TAG} extra",
        "nft delete table inet filter",
        "nft delete rule inet filter input handle 8",
        f"firewall-cmd --zone=public --panic-on --add-rich-rule={TAG}",
    ],
)
def test_nothing_else_runs(command: str) -> None:
    with pytest.raises(PortViewError) as caught:
        check_commands((tuple(command.split(" ")),), lambda: {DELETE})
    assert caught.value.outcome is Outcome.BAD_INPUT


def test_only_rules_that_are_there_are_removed() -> None:
    check_commands((DELETE,), lambda: {DELETE})
    with pytest.raises(PortViewError):
        check_commands((DELETE,), set)


def wish_for(*remotes: str, port: int = 80) -> RuleSpec:
    return RuleSpec(RuleEffect.ALLOW, Protocol.TCP, port, remotes=remotes)


def test_the_local_subnet_is_what_this_machine_is_connected_to() -> None:
    scope = scope_of(wish_for("localsubnet"), MACHINE)
    assert (scope.v4, scope.v6) == (("198.51.100.0/24",), ("2001:db8::/64",))


def test_networks_are_put_together() -> None:
    scope = scope_of(wish_for("10.0.0.0/9", "10.128.0.0/9", "10.1.1.1", "2001:DB8::7"), MACHINE)
    assert (scope.v4, scope.v6) == (("10.0.0.0/8",), ("2001:db8::7",))
    assert scope_of(wish_for("10.0.0.1", "any"), MACHINE).is_any


@pytest.mark.parametrize(
    "rule_spec", [wish_for("10.0.0.1; drop"), wish_for(), wish_for("any", port=0), wish_for("eth0")]
)
def test_what_can_be_in_no_rule_is_refused(rule_spec: RuleSpec) -> None:
    with pytest.raises(PortViewError) as caught:
        scope_of(rule_spec, MACHINE)
    assert caught.value.outcome is Outcome.BAD_INPUT
