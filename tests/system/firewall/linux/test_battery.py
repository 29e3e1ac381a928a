"""Rulesets by chance against real clients that exchange data: no wrong verdict, few unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.system.firewall.linux.conftest import PATIENCE_S
from tests.system.firewall.linux.random_rulesets import ruleset, saved_ruleset

if TYPE_CHECKING:
    from tests.system.firewall.linux.conftest import Bench

pytestmark = [
    pytest.mark.linux_only(reason="the firewall of Linux"),
    pytest.mark.root_only(reason="makes network namespaces"),
]

_COUNT = 120
_BATCH = 12
_SILENCE_S = 0.25
"""Shorter than a client's second try, so that each meets the rules once."""
_MOST_UNKNOWN = 0.25


@pytest.mark.parametrize("start", range(0, _COUNT, _BATCH))
def test_no_verdict_is_wrong_and_few_are_unknown(bench: Bench, start: int) -> None:
    said = unknown = 0
    for seed in range(start, start + _BATCH):
        bench.set_rules(ruleset(seed))
        verdicts, failures = tried(bench)
        said += len(verdicts)
        unknown += verdicts.count("unknown")
        assert not failures, f"{ruleset(seed)}\n{failures}"
    assert unknown <= said * _MOST_UNKNOWN


def is_served(answer: dict[str, Any]) -> bool:
    """Tell whether a client is served that stays far below every rate."""
    if answer["verdict"] == "partly":
        reason = answer["reason"]
        return reason.startswith("Allowed") and "as long as new connections stay below" in reason
    return bool(answer["verdict"] == "allowed")


@pytest.mark.parametrize("start", range(0, _COUNT // 3, _BATCH // 3))
def test_so_it_is_with_rules_of_iptables(bench: Bench, start: int) -> None:
    said = unknown = 0
    for seed in range(start, start + _BATCH // 3):
        set_saved(bench, seed)
        verdicts, failures = tried(bench)
        said += len(verdicts)
        unknown += verdicts.count("unknown")
        texts = [saved_ruleset(seed, family) for family in ("ip", "ip6")]
        assert not failures, f"{texts}\n{failures}"
    assert unknown <= said * _MOST_UNKNOWN


def set_saved(bench: Bench, seed: int) -> None:
    bench.clear()
    for family, tool in (("ip", "iptables-restore"), ("ip6", "ip6tables-restore")):
        bench.far.run(tool, text=saved_ruleset(seed, family))


def tried(bench: Bench) -> tuple[list[str], list[str]]:
    """Return what is said of each client, and where that is not what it meets."""
    tries = [
        {"protocol": protocol, "source": source}
        for protocol in ("tcp", "udp")
        for source in bench.sources
    ]
    answers = bench.verdicts(
        [
            {
                "protocol": one["protocol"],
                "port": 8080,
                "remote": one["source"],
                "local_address": bench.far.ipv6 if ":" in one["source"] else bench.far.ipv4,
            }
            for one in tries
        ]
    )
    said = [answer["verdict"] for answer in answers]
    patience = [PATIENCE_S if one in {"allowed", "partly"} else _SILENCE_S for one in said]
    met = bench.experience(
        [{**one, "patience_s": time} for one, time in zip(tries, patience, strict=True)]
    )
    failures = [
        f"{one}: said {answer['verdict']} ({answer['reason']}), met {experience}"
        for one, answer, experience in zip(tries, answers, met, strict=True)
        if answer["verdict"] != "unknown"
        # Which port a client happens to send from is not the test's to say.
        and "source port" not in answer["reason"]
        and (experience == "reached") != is_served(answer)
    ]
    return said, failures
