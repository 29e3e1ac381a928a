"""What PortView says of a port is what clients on another machine meet there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.firewall.linux.conftest import PATIENCE_S, SILENCE_S
from tests.system.firewall.linux.rulesets import CASES, PUBLISHED, SCRIPTS, Case

if TYPE_CHECKING:
    from tests.system.firewall.linux.conftest import Bench

pytestmark = [
    pytest.mark.linux_only(reason="the firewall of Linux"),
    pytest.mark.root_only(reason="makes network namespaces"),
]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_verdict_is_what_clients_meet(bench: Bench, case: Case) -> None:
    bench.set_rules(case.rules)
    check(bench, case)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in SCRIPTS])
def test_so_it_is_with_rules_that_iptables_made(bench: Bench, case: Case) -> None:
    bench.far.run("sh", "-e", "-c", case.rules)
    check(bench, case)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in PUBLISHED])
def test_so_it_is_with_ports_that_docker_publishes(docker_bench: Bench, case: Case) -> None:
    docker_bench.far.run("sh", "-e", "-c", case.rules)
    check(docker_bench, case)
    assert "Docker" in docker_bench.status()["summary"]


def check(bench: Bench, case: Case) -> None:
    """Compare the verdict for any machine and for each client with what real clients meet."""
    whole = bench.verdicts([{"protocol": one, "port": 8080} for one in ("tcp", "udp")])
    assert [one["verdict"] for one in whole] == [case.tcp, case.udp], whole
    assert case.words in whole[0]["reason"]
    tries = [
        {"protocol": protocol, "source": source}
        for protocol in ("tcp", "udp")
        for source in bench.sources
    ]
    said = bench.verdicts(
        [{"protocol": one["protocol"], "port": 8080, "remote": one["source"]} for one in tries]
    )
    patience = [PATIENCE_S if one["verdict"] == "allowed" else SILENCE_S for one in said]
    met = bench.experience(
        [{**one, "patience_s": time} for one, time in zip(tries, patience, strict=True)]
    )
    for one, verdict, experience in zip(tries, said, met, strict=True):
        general = case.tcp if one["protocol"] == "tcp" else case.udp
        if verdict["verdict"] == "unknown":
            assert general == "unknown", (one, verdict)
            continue
        assert verdict["verdict"] in {"allowed", "blocked"}, (one, verdict)
        is_reached = experience == "reached"
        assert is_reached == (verdict["verdict"] == "allowed"), (one, verdict, experience)
        if general in {"allowed", "blocked"}:
            assert is_reached == (general == "allowed"), (one, verdict, experience)
