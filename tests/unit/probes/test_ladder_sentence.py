"""The sentence at the top of the ladder, for each combination of what was found."""

from __future__ import annotations

from itertools import product

import pytest

from portview.domain.verdicts import Verdict
from portview.probes.ladder_sentence import (
    FirewallCheckVerdict,
    LadderFacts,
    LadderSentence,
    Reach,
    sentence_for,
)

LAN, LAN6 = "192.0.2.10", "2001:db8::10"
LO, LO6 = "127.0.0.1", "::1"
ANY, ANY6 = "0.0.0.0", "::"  # noqa: S104
OPEN, CLOSED, FILTERED = Verdict.OPEN, Verdict.CLOSED, Verdict.FILTERED
ALLOWED, BLOCKED, UNKNOWN = (
    FirewallCheckVerdict.ALLOWED,
    FirewallCheckVerdict.BLOCKED,
    FirewallCheckVerdict.UNKNOWN,
)
PARTLY = FirewallCheckVerdict.PARTLY


def told(
    listening: tuple[str, ...] = (),
    loopback: Verdict = CLOSED,
    own: dict[str, Verdict] | None = None,
    firewall: FirewallCheckVerdict = UNKNOWN,
    bound: tuple[str, ...] = (),
    firewall_detail: str = "",
) -> LadderSentence:
    own = {LAN: CLOSED} if own is None else own
    return sentence_for(
        LadderFacts(
            8080, listening, bound, ((LO, loopback),), tuple(own.items()), firewall, firewall_detail
        )
    )


@pytest.mark.parametrize(
    ("found", "reach", "sentence", "advice"),
    [
        (told(), Reach.NOTHING_LISTENS, "Nothing listens on TCP port 8080", "Start the server"),
        (told(bound=(LO,)), Reach.NOTHING_LISTENS, "does not listen yet", "Wait until"),
        (
            told((LO,), OPEN),
            Reach.THIS_MACHINE_ONLY,
            "It listens on 127.0.0.1 only: a client on another machine is refused.",
            f"listen on 0.0.0.0 (all addresses) or {LAN}",
        ),
        (told((LO, LO6), OPEN), Reach.THIS_MACHINE_ONLY, "127.0.0.1 and ::1 only", ANY),
        (told((LO6,), OPEN, {}), Reach.THIS_MACHINE_ONLY, "::1 only", "an address of this machine"),
        (told((LO,), FILTERED), Reach.HANGS, "does not accept connections even there", "hangs"),
        (told((LO,), OPEN, {LAN: OPEN}), Reach.UNCERTAIN, "something forwards it", "container"),
        (told((ANY,), OPEN, {}), Reach.THIS_MACHINE_ONLY, "no address but loopback", "Connect"),
        (
            told((ANY,), OPEN, {LAN: OPEN}, PARTLY, firewall_detail="from 10.0.0.0/8"),
            Reach.SOME,
            "Some clients on other machines can connect to 192.0.2.10:8080: the firewall lets in",
            "",
        ),
        (
            told((ANY,), OPEN, {LAN: OPEN}, UNKNOWN, firewall_detail="It may not be read."),
            Reach.UNCERTAIN,
            "unless a firewall stops it, which can't be determined. Firewall: It may not be read.",
            "",
        ),
        (
            told((ANY,), OPEN, {LAN: OPEN}, BLOCKED, firewall_detail="rule 7"),
            Reach.BLOCKED,
            "all IPv4 addresses (0.0.0.0), but the firewall of this machine blocks it: a client",
            "Allow TCP port 8080",
        ),
        (
            told((ANY,), OPEN, {LAN: OPEN}, ALLOWED),
            Reach.REACHABLE,
            f"A client on another machine can connect to {LAN}:8080.",
            "",
        ),
        (told((ANY,), OPEN, {LAN: OPEN}), Reach.UNCERTAIN, "unless a firewall stops it", ""),
        (
            told((ANY6,), OPEN, {LAN: OPEN, LAN6: OPEN}, ALLOWED),
            Reach.REACHABLE,
            f"{LAN}:8080, [{LAN6}]:8080",
            "",
        ),
        (
            told((ANY,), OPEN, {LAN: OPEN, LAN6: CLOSED}, ALLOWED),
            Reach.REACHABLE,
            "It speaks IPv4 only.",
            ":: with both families",
        ),
        (
            told((ANY6,), CLOSED, {LAN: CLOSED, LAN6: OPEN}, ALLOWED),
            Reach.REACHABLE,
            "It speaks IPv6 only.",
            "both families",
        ),
        (
            told((LAN,), CLOSED, {LAN: OPEN, "192.0.2.11": CLOSED}, ALLOWED),
            Reach.REACHABLE,
            "does not answer at 192.0.2.11:8080",
            "listen on 0.0.0.0",
        ),
        (told((ANY,), FILTERED, {LAN: FILTERED}), Reach.HANGS, "not even from this", "queue"),
        (told((ANY,), OPEN, {LAN: FILTERED}), Reach.BLOCKED, "a firewall drops it", "Allow"),
        (told((ANY,), OPEN), Reach.THIS_MACHINE_ONLY, "answers on loopback only", ANY),
        (told((ANY,)), Reach.UNCERTAIN, "every connection is refused", "Check again"),
        (told((), OPEN, {LAN: OPEN}), Reach.UNCERTAIN, "does not show who listens", "container"),
        (told((), OPEN), Reach.THIS_MACHINE_ONLY, "answers on loopback only", ANY),
    ],
)
def test_sentences(found: LadderSentence, reach: Reach, sentence: str, advice: str) -> None:
    assert found.reach is reach
    assert sentence in found.sentence
    assert advice in found.advice
    assert bool(advice) == bool(found.advice)


def test_every_combination_has_one_finished_sentence_that_is_no_lie() -> None:
    places = [(), (LO,), (LO6,), (ANY,), (ANY6,), (LAN,), (LO, LAN), (ANY, ANY6)]
    owns = [{}, *({LAN: a, LAN6: b} for a, b in product((OPEN, CLOSED, FILTERED), repeat=2))]
    for listening, loopback, own, firewall, bound in product(
        places, (OPEN, CLOSED, FILTERED), owns, FirewallCheckVerdict, [(), (LO,)]
    ):
        found = told(listening, loopback, own, firewall, bound)
        assert found.sentence.endswith(".")
        assert not found.advice or found.advice.endswith(".")
        if found.reach is Reach.REACHABLE:
            assert firewall is ALLOWED
            assert OPEN in own.values()
        if firewall is BLOCKED:
            assert "can connect to" not in found.sentence
        if found.reach is Reach.NOTHING_LISTENS:
            assert not listening
            assert OPEN not in {loopback, *own.values()}
