"""What only the text of ``nft -a list ruleset`` reports: words of rules, flags of tables. Pure."""

from __future__ import annotations

import re

from portview.firewall.linux.ruleset import ChainKey

_TABLE_LINE = re.compile(r"table (\S+) (\S+) \{")
_CHAIN_LINE = re.compile(r"\tchain (\S+) \{")
_HANDLE_END = re.compile(r"(.*) # handle (\d+)$", re.DOTALL)


def parse_texts(listing: str) -> dict[tuple[ChainKey, int], str]:
    """Return the words of every rule by chain and handle, from ``nft -a list ruleset``."""
    texts: dict[tuple[ChainKey, int], str] = {}
    family = table = ""
    chain: ChainKey | None = None
    pending: list[str] = []
    for line in listing.splitlines():
        if found := _TABLE_LINE.match(line):
            family, table = found.groups()
        elif found := _CHAIN_LINE.match(line):
            chain = ChainKey(family, table, found[1])
            pending = []
        elif line == "\t}":
            chain = None
        elif chain is not None and line.startswith("\t\t"):
            # A long list of values continues over several lines, and the handle ends the last.
            pending.append(line.strip())
            if found := _HANDLE_END.match(" ".join(pending)):
                texts[chain, int(found[2])] = found[1]
                pending = []
            elif pending[0].startswith("type ") and pending[0].endswith(";"):
                pending = []
    return texts


_DEVICES = re.compile(r"\t\ttype .* hook \S+ devices? (?:= )?(\{[^}]*\}|\S+) priority")
_FLAGS_LINE = re.compile(r"\tflags ([\w, -]+?);?")


def parse_table_flags(listing: str) -> dict[str, frozenset[str]]:
    """Return the flags of the tables in ``nft list ruleset``.

    The JSON of some versions (nftables 1.0.6) has other words in their place.
    """
    found: dict[str, frozenset[str]] = {}
    table = ""
    for line in listing.splitlines():
        if started := _TABLE_LINE.match(line):
            table = " ".join(started.groups())
        elif (flags := _FLAGS_LINE.fullmatch(line)) and table:
            found[table] = frozenset(re.split(r"[,\s]+", flags[1].strip()))
    return found


def parse_devices(listing: str) -> dict[ChainKey, frozenset[str]]:
    """Return the devices that chains are bound to, which the JSON of some versions leaves out."""
    found: dict[ChainKey, frozenset[str]] = {}
    family = table = name = ""
    for line in listing.splitlines():
        if started := _TABLE_LINE.match(line):
            family, table = started.groups()
        elif chain := _CHAIN_LINE.match(line):
            name = chain[1]
        elif devices := _DEVICES.match(line):
            words = re.findall(r"[^\s,{}\"]+", devices[1])
            found[ChainKey(family, table, name)] = frozenset(words)
    return found
