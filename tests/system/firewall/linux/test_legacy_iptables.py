"""Rules that an older iptables keeps in the kernel beside nftables."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.system.firewall.linux.conftest import two_with_a_server
from tests.system.firewall.linux.rulesets import Case
from tests.system.firewall.linux.test_changes import check_allow_and_revoke
from tests.system.firewall.linux.test_verdict_is_experience import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.firewall.linux.conftest import Bench

pytestmark = [
    pytest.mark.linux_only(reason="the firewall of Linux"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

_TOOLS = ("iptables-legacy", "ip6tables-legacy")
_RULES = (
    ("-A", "INPUT", "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
    ("-N", "web"),
    ("-A", "INPUT", "-p", "tcp", "-m", "multiport", "--dports", "80,8080", "-j", "web"),
    ("-A", "web", "-m", "comment", "--comment", "a -j DROP of words", "-j", "RETURN"),
    ("-P", "INPUT", "DROP"),
)


@pytest.fixture(scope="module")
def legacy_machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give machines of their own: what is once in these tables leaves them in the kernel."""
    with two_with_a_server(tmp_path_factory.mktemp("legacy")) as bench:
        probe = ("ip", "netns", "exec", bench.far.name, "iptables-legacy", "-L", "-n")
        if subprocess.run(probe, check=False, capture_output=True).returncode:
            pytest.skip("this kernel has no legacy tables, or their tool is missing")
        yield bench


@pytest.fixture
def legacy_bench(legacy_machines: Bench) -> Bench:
    for tool in _TOOLS:
        for words in (("-P", "INPUT", "ACCEPT"), ("-F",), ("-X",), *_RULES):
            legacy_machines.far.run(tool, *words)
    return legacy_machines


def test_the_verdict_is_what_clients_meet(legacy_bench: Bench) -> None:
    check(legacy_bench, Case("dropped", "", "blocked", "blocked", "filter (legacy) INPUT"))
    for tool in _TOOLS:
        source = "10.199.0.0/30" if tool == "iptables-legacy" else "fd99::7"
        legacy_bench.far.run(tool, "-A", "web", "-s", source, "-p", "tcp", "-j", "DROP")
        legacy_bench.far.run(tool, "-R", "web", "1", "-s", source, "-p", "tcp", "-j", "ACCEPT")
    check(legacy_bench, Case("some", "", "partly", "blocked", "-A web"))
    assert legacy_bench.status()["manager"] == "iptables"


def test_a_rule_is_made_there_and_taken_back(legacy_bench: Bench) -> None:
    check_allow_and_revoke(legacy_bench)
