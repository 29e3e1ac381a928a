"""How far one rule is about the traffic that is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.domain.firewall import RuleEffect, RuleFit
from portview.domain.sockets.socket_row import Protocol
from portview.firewall.windows.addresses import LOCAL_SUBNET, plain_address
from portview.firewall.windows.programs import (
    SERVICE_HOST,
    base_name,
    has_short_name,
    is_open,
    may_be_same,
    normal_path,
)
from portview.firewall.windows.rule import ANY_SERVICE, Condition
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.firewall import FirewallQuestion
    from portview.firewall.windows.addresses import Address, AddressSet
    from portview.firewall.windows.rule import WindowsRule
    from portview.firewall.windows.surroundings import Surroundings

_IP_PROTOCOLS = {Protocol.TCP: 6, Protocol.UDP: 17}
_IPV4, _IPV6 = 4, 6


@dataclass(frozen=True, slots=True)
class Region:
    """The part of the traffic that a rule is about: all of it where nothing is named."""

    remote: AddressSet | None = None
    traffic: frozenset[Condition] = frozenset()

    @property
    def is_all(self) -> bool:
        """Return whether nothing narrows the region."""
        return self.remote is None and not self.traffic

    def covers(self, other: Region) -> bool:
        """Return whether all of another region is certainly in this one."""
        if not self.traffic <= other.traffic:
            return False
        if self.remote is None:
            return True
        return other.remote is not None and self.remote.covers(other.remote)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that is about the traffic, the part that it is about, and what leaves it in doubt."""

    rule: WindowsRule
    region: Region
    doubts: tuple[str, ...] = ()

    @property
    def fit(self) -> RuleFit:
        """Return how far the rule is about the traffic."""
        if self.doubts:
            return RuleFit.MAYBE
        return RuleFit.FULL if self.region.is_all else RuleFit.PART


@dataclass(frozen=True, slots=True)
class Traffic:
    """A question made ready: numbers, addresses and paths in the form that rules are compared in.

    ``program`` is a path in normal form, None where it is not known. ``families`` are those that
    the traffic can be of.
    """

    question: FirewallQuestion
    surroundings: Surroundings
    protocol: int
    program: str | None
    services: frozenset[str]
    package: str | None
    local: Address | None
    remote: Address | None
    families: frozenset[int]


def traffic_of(question: FirewallQuestion, surroundings: Surroundings) -> Traffic:
    """Make a question ready. Raises ValueError for an address that is none."""
    local = plain_address(question.local_address) if question.local_address else None
    remote = plain_address(question.remote) if question.remote else None
    families = frozenset({_IPV4, _IPV6})
    if remote is not None:
        families = frozenset({remote.version})
    elif local is not None and not (local.is_unspecified and local.version == _IPV6):
        # A socket bound to :: can take IPv4 as well.
        families = frozenset({local.version})
    return Traffic(
        question,
        surroundings,
        _IP_PROTOCOLS[question.protocol],
        normal_path(question.program, surroundings.variables) if question.program else None,
        frozenset(name.lower() for name in question.services),
        question.package.lower() if question.package else None,
        None if local is None or local.is_unspecified else local,
        remote,
        families,
    )


def match_rule(rule: WindowsRule, traffic: Traffic) -> Match | None:
    """Return how far a rule is about the traffic, None if it is not.

    Leaves out what differs from network to network: the profiles, and whether the store counts.
    """
    if not rule.is_enabled or rule.is_inbound is False:
        return None
    doubts = list(rule.doubts)
    if not (
        rule.protocol in {None, traffic.protocol}
        and _has_port(rule, traffic, doubts)
        and _has_program(rule, traffic, doubts)
        and _has_service(rule, traffic, doubts)
        and _has_package(rule, traffic, doubts)
        and _has_platform(rule, traffic, doubts)
    ):
        return None
    conditions = set(rule.traffic)
    if rule.trusted:
        kinds = ", ".join(rule.trusted)
        conditions.add(Condition(_("that Windows itself trusts"), kinds))
    if rule.effect is RuleEffect.BYPASS:
        conditions.add(Condition(_("protected by IPsec")))
    if not _has_local(rule, traffic, conditions):
        return None
    is_met, remote = _remote_part(rule, traffic, doubts)
    if not is_met:
        return None
    return Match(rule, Region(remote, frozenset(conditions)), tuple(doubts))


def _has_port(rule: WindowsRule, traffic: Traffic, doubts: list[str]) -> bool:
    ports = rule.local_ports
    if ports is None or ports.contains(traffic.question.port):
        return True
    keywords = ports.doubtful_keywords(traffic.question.port)
    doubts.extend(
        _("its port is {keyword}, which only Windows knows").format(keyword=keyword)
        for keyword in keywords
    )
    return bool(keywords)


def _has_program(rule: WindowsRule, traffic: Traffic, doubts: list[str]) -> bool:
    if not rule.program:
        return True
    if traffic.program is None:
        doubts.append(_("it is not known which program listens"))
        return True
    if rule.path == traffic.program:
        return True
    if has_short_name(rule.path) or has_short_name(traffic.program):
        return _has_program_of_short_name(rule, traffic, doubts)
    if is_open(rule.path) and base_name(rule.path) == base_name(traffic.program):
        doubts.append(
            _("it is not known which folder {program} is in").format(program=rule.program)
        )
        return True
    return False


def _has_program_of_short_name(rule: WindowsRule, traffic: Traffic, doubts: list[str]) -> bool:
    """Compare paths with 8.3 names in them, which only the file system can write out."""
    around = traffic.surroundings
    program = traffic.program or ""
    long_forms = []
    for path in (rule.path, program):
        long_form = around.long_path(path) if has_short_name(path) else path
        if long_form is None:
            break
        long_forms.append(normal_path(long_form, around.variables))
    else:
        return long_forms[0] == long_forms[1]
    if not may_be_same(rule.path, program):
        return False
    doubts.append(
        _("it is not known which program {program} is in full").format(program=rule.program)
    )
    return True


def _has_service(rule: WindowsRule, traffic: Traffic, doubts: list[str]) -> bool:
    wanted = rule.service.lower()
    if not wanted:
        return True
    is_host = traffic.program is not None and base_name(traffic.program) == SERVICE_HOST
    if wanted == ANY_SERVICE and (traffic.services or is_host):
        return True
    # Windows looks for the service's SID in the token of the process, which has those of all the
    # services in it.
    if wanted in traffic.services:
        return True
    if traffic.services:
        return False
    if traffic.program is None or is_host or rule.program:
        doubts.append(
            _("it is not known whether the service {service} listens").format(service=rule.service)
        )
        return True
    return False


def _has_package(rule: WindowsRule, traffic: Traffic, doubts: list[str]) -> bool:
    wanted = rule.package.lower()
    if not wanted:
        return True
    if traffic.package is not None:
        if wanted.startswith("s-") and traffic.package.startswith("s-"):
            return wanted == traffic.package
        doubts.append(_("a package is named in a way that can't be compared"))
        return True
    if traffic.program is None:
        doubts.append(_("it is not known which program listens"))
        return True
    return False


def _has_platform(rule: WindowsRule, traffic: Traffic, doubts: list[str]) -> bool:
    if not rule.platforms:
        return True
    version = traffic.surroundings.version
    if version is None:
        doubts.append(_("it is for certain versions of Windows"))
        return True
    return any(
        version >= (major, minor) if later else version == (major, minor)
        for major, minor, later in rule.platforms
    )


def _has_local(rule: WindowsRule, traffic: Traffic, conditions: set[Condition]) -> bool:
    wanted = rule.local
    if wanted is None:
        return True
    if not wanted.families & traffic.families:
        return False
    if traffic.local is not None and wanted.contains(traffic.local):
        return True
    if traffic.local is not None and not wanted.keywords_of(traffic.local.version):
        return False
    if traffic.local is None and wanted.covers_all(traffic.families):
        return True
    conditions.add(Condition(_("to certain addresses of this machine"), str(wanted)))
    return True


def _remote_part(
    rule: WindowsRule, traffic: Traffic, doubts: list[str]
) -> tuple[bool, AddressSet | None]:
    """Return whether a rule is about what is asked of remote addresses, and about which part."""
    if rule.remote is None:
        return True, None
    around = traffic.surroundings
    wanted = rule.remote.resolved(around.networks, has_more_ipv6=around.has_more_ipv6)
    if not wanted.families & traffic.families:
        return False, None
    if traffic.remote is not None:
        return _has_remote(wanted, traffic.remote, doubts), None
    return not wanted.is_loopback(), None if wanted.covers_all(traffic.families) else wanted


def _has_remote(wanted: AddressSet, remote: Address, doubts: list[str]) -> bool:
    keywords = wanted.keywords_of(remote.version)
    if wanted.contains(remote) or (LOCAL_SUBNET in keywords and remote.is_link_local):
        return True
    doubts.extend(
        _("only Windows knows which addresses {word} stands for").format(word=word)
        for word in keywords
    )
    return bool(keywords)
