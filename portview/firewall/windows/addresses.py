"""Sets of addresses as rules name them: single ones, ranges, prefixes, masks and keywords."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
    summarize_address_range,
)
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LOCAL_SUBNET = "localsubnet"
_IPV4 = 4
_LAST = {4: 2**32 - 1, 6: 2**128 - 1}
_LINK_LOCAL = IPv6Network("fe80::/10")
_LOOPBACK = {4: ip_network("127.0.0.0/8"), 6: ip_network("::1/128")}


class Span(NamedTuple):
    """Addresses of one family (4 or 6) from first to last, both included, as numbers."""

    family: int
    first: int
    last: int

    @property
    def text(self) -> str:
        """Return the span as one address, a network or a range."""
        make = IPv4Address if self.family == _IPV4 else IPv6Address
        first, last = make(self.first), make(self.last)
        if first == last:
            return str(first)
        networks = list(summarize_address_range(first, last))
        return str(networks[0]) if len(networks) == 1 else f"{first}-{last}"


@dataclass(frozen=True, slots=True)
class AddressSet:
    """Addresses that a rule names. Make it with ``address_set``.

    ``spans`` are sorted and don't touch each other. ``keywords`` are in lower case with their
    family, "localsubnet/4"; only the system knows which addresses they stand for. What can't be
    read as an address is kept as a keyword too.
    """

    spans: tuple[Span, ...] = ()
    keywords: frozenset[str] = frozenset()

    @property
    def families(self) -> frozenset[int]:
        """Return the families that the set has anything of."""
        named = {int(keyword[-1]) for keyword in self.keywords}
        return frozenset(named | {span.family for span in self.spans})

    def contains(self, address: Address) -> bool:
        """Return whether an address is certainly in the set."""
        return self._has_span(Span(address.version, int(address), int(address)))

    def covers(self, other: AddressSet) -> bool:
        """Return whether all of another set is certainly in this one."""
        return other.keywords <= self.keywords and all(map(self._has_span, other.spans))

    def covers_all(self, families: Iterable[int]) -> bool:
        """Return whether every address of the families is in the set."""
        return all(self._has_span(Span(family, 0, _LAST[family])) for family in families)

    def keywords_of(self, family: int) -> frozenset[str]:
        """Return the keywords for a family, without it."""
        return frozenset(word[:-2] for word in self.keywords if word.endswith(f"/{family}"))

    def is_loopback(self) -> bool:
        """Return whether the set has nothing but loopback addresses."""
        return not self.keywords and all(
            int(_LOOPBACK[span.family][0]) <= span.first
            and span.last <= int(_LOOPBACK[span.family][-1])
            for span in self.spans
        )

    def resolved(self, networks: Iterable[Network], *, has_more_ipv6: bool) -> AddressSet:
        """Return the set with the local subnet as the addresses it stands for.

        ``networks`` are what the machine is in. That of IPv6 stays a keyword beside its addresses
        where ``has_more_ipv6`` says that it may be more. Nothing is resolved for a family of which
        no network is known.
        """
        spans, keywords = list(self.spans), set(self.keywords)
        for family in _LAST:
            word = f"{LOCAL_SUBNET}/{family}"
            known = [_network_span(one) for one in networks if one.version == family]
            if word not in keywords or not known:
                continue
            spans += known
            if family == _IPV4:
                keywords.discard(word)
                continue
            spans.append(_network_span(_LINK_LOCAL))
            if not has_more_ipv6:
                keywords.discard(word)
        return AddressSet(_merged(spans), frozenset(keywords))

    def joined(self, other: AddressSet) -> AddressSet:
        """Return what is in either set."""
        return AddressSet(_merged((*self.spans, *other.spans)), self.keywords | other.keywords)

    def _has_span(self, wanted: Span) -> bool:
        return any(
            span.family == wanted.family and span.first <= wanted.first and wanted.last <= span.last
            for span in self.spans
        )


@lru_cache(maxsize=1024)
def address_set(texts: tuple[tuple[int, str], ...]) -> AddressSet:
    """Read addresses of rules, each with its family: ``(4, "10.0.0.0/255.0.0.0")``.

    Single addresses, ``a-b``, ``a/prefix``, ``a/mask`` (MS-GPFAS 2.2.2.9 to 2.2.2.13).
    """
    spans, keywords = [], set()
    for family, text in texts:
        span = _span(family, text.strip())
        if span is None:
            keywords.add(f"{text.strip().casefold()}/{family}")
        else:
            spans.append(span)
    return AddressSet(_merged(spans), frozenset(keywords))


def plain_address(text: str) -> Address:
    """Read one address; without its zone, and an IPv4 address in IPv6 clothes as IPv4.

    Raises ValueError.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _span(family: int, text: str) -> Span | None:
    first, dash, last = text.partition("-")
    try:
        if dash:
            span = Span(family, int(_of(family, first)), int(_of(family, last)))
        elif "/" in text:
            network = ip_network(text, strict=False)
            span = _network_span(network)
        else:
            span = Span(family, int(_of(family, text)), int(_of(family, text)))
    except ValueError:
        return None
    return span if span.family == family and span.first <= span.last else None


def _of(family: int, text: str) -> Address:
    return IPv4Address(text.strip()) if family == _IPV4 else IPv6Address(text.strip())


def _network_span(network: Network) -> Span:
    return Span(network.version, int(network.network_address), int(network.broadcast_address))


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans):
        before = merged[-1] if merged else None
        if before and before.family == span.family and span.first <= before.last + 1:
            merged[-1] = before._replace(last=max(before.last, span.last))
        else:
            merged.append(span)
    return tuple(merged)
