"""Reads the rules of the kernel through nft, and says why where that does not go."""

from __future__ import annotations

from dataclasses import dataclass

from portview.firewall.linux.iptables_text import parse_save, with_saved
from portview.firewall.linux.ruleset import Ruleset, parse_ruleset, parse_texts
from portview.firewall.linux.tools import Done, find_tool, run_tool

_SAVERS = (("ip", "iptables-nft-save"), ("ip6", "ip6tables-nft-save"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the rules, or the ``problem`` that was in the way and the ``hint`` for it."""

    ruleset: Ruleset | None
    problem: str = ""
    hint: str = ""


def read_ruleset() -> Reading:
    """Read all rules of the kernel; never raises."""
    nft = find_tool("nft")
    if nft is None:
        return Reading(
            None,
            "The program nft, which tells the rules of the firewall, is not installed.",
            "Install the package nftables.",
        )
    listing = run_tool([nft, "-j", "-s", "list", "ruleset"])
    if listing.code != 0:
        return _failed(nft, listing)
    try:
        ruleset = parse_ruleset(listing.output)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return Reading(None, "The answer of nft could not be understood.")
    words = run_tool([nft, "-s", "-a", "list", "ruleset"])
    return Reading(_with_iptables(ruleset.with_texts(parse_texts(words.output))))


def _with_iptables(ruleset: Ruleset) -> Ruleset:
    """Read the rules that iptables made in its own words, where nft does not know them all."""
    unknown = {
        rule.chain.family
        for rule in ruleset.rules()
        if any("xt" in expression for expression in rule.expressions)
    }
    for family, name in _SAVERS:
        tool = find_tool(name) if family in unknown else None
        if tool:
            ruleset = with_saved(ruleset, parse_save(run_tool([tool]).output), family)
    return ruleset


def _failed(nft: str, done: Done) -> Reading:
    if done.is_refused:
        return Reading(
            None,
            "Only root may read the rules of the firewall.",
            f"Run as root: {nft} list ruleset",
        )
    return Reading(None, f"nft could not list the rules: {done.error or 'no reason given'}")
