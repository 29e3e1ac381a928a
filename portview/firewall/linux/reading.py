"""Reads the rules of the kernel through nft, and says why where that does not go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portview.firewall.linux.iptables_text import legacy_ruleset, parse_save, with_saved
from portview.firewall.linux.listing import parse_devices, parse_table_flags, parse_texts
from portview.firewall.linux.netlink import has_tables
from portview.firewall.linux.ruleset import Ruleset, parse_ruleset
from portview.firewall.tools import Done, run_tool
from portview.i18n import _
from portview.readers.system_tools import find_tool

# The thread's own, because a thread can be in another network namespace than its process.
_PROC_NET = Path("/proc/thread-self/net")
_LEGACY = (
    ("ip", "ip_tables_names", "iptables-legacy-save"),
    ("ip6", "ip6_tables_names", "ip6tables-legacy-save"),
)
_SAVERS = (("ip", "iptables-nft-save"), ("ip6", "ip6tables-nft-save"))


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the rules, or the ``problem`` that was in the way and the ``hint`` for it.

    ``is_refused`` where it is rights that are missing, which no second try brings.
    """

    ruleset: Ruleset | None
    problem: str = ""
    hint: str = ""
    is_refused: bool = False


def read_ruleset() -> Reading:
    """Read all rules of the kernel; never raises."""
    legacy = _read_legacy()
    if legacy.problem:
        return legacy
    nft = find_tool("nft")
    reading = _without_nft() if nft is None else _read_with(nft)
    if reading.ruleset is None or legacy.ruleset is None:
        return reading
    return Reading(reading.ruleset.joined_with(legacy.ruleset))


def _without_nft() -> Reading:
    if has_tables() is False:
        return Reading(Ruleset())
    return Reading(
        None,
        _("The program nft, which lists the rules of the firewall, is not installed."),
        _("Install the package nftables."),
    )


def _read_with(nft: str) -> Reading:
    listing = run_tool([nft, "-j", "-s", "list", "ruleset"])
    if listing.code != 0:
        return _failed(nft, listing)
    try:
        ruleset = parse_ruleset(listing.output)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return Reading(None, _("The answer of nft could not be understood."))
    words = run_tool([nft, "-s", "-a", "list", "ruleset"])
    if words.code == 0:
        # The JSON of some versions garbles the flags; without the text they stay as they are.
        ruleset = ruleset.with_flags(parse_table_flags(words.output))
        ruleset = ruleset.with_devices(parse_devices(words.output))
    return Reading(_with_iptables(ruleset.with_texts(parse_texts(words.output))))


def _read_legacy() -> Reading:
    """Read the tables that an older iptables keeps in the kernel beside nftables."""
    ruleset = Ruleset()
    for family, names, tool_name in _LEGACY:
        try:
            tables = (_PROC_NET / names).read_text(encoding="utf-8").split()
        except OSError:
            continue  # the kernel has none, or reports root only, whom nft refuses as well
        tool = find_tool(tool_name) if tables else None
        if tables and tool is None:
            return Reading(
                None,
                _("There are iptables rules in the kernel that only {tool_name} can list.").format(
                    tool_name=tool_name
                ),
                _("Install the package iptables."),
            )
        if tool:
            done = run_tool([tool])
            if done.code != 0:
                return _failed(tool, done)
            ruleset = ruleset.joined_with(legacy_ruleset(parse_save(done.output), family))
    return Reading(ruleset)


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
            _("Only root may read the rules of the firewall."),
            _("Run PortView as root; “{nft} list ruleset” lists the rules.").format(nft=nft),
            is_refused=True,
        )
    name, reason = Path(nft).name, done.error or _("no reason given")
    return Reading(
        None, _("{name} could not list the rules: {reason}").format(name=name, reason=reason)
    )
