"""Rules and conditions in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.domain.firewall import FirewallRule, RuleEffect
from portview.domain.plain_text import inert
from portview.firewall.windows.rule import ANY_SERVICE
from portview.firewall.windows.rule_string import parse_rule
from portview.firewall.windows.surroundings import Profile
from portview.i18n import N_, _, join_and, join_list, join_or

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from portview.firewall.windows.addresses import AddressSet
    from portview.firewall.windows.fit import Match
    from portview.firewall.windows.rule import WindowsRule
    from portview.firewall.windows.surroundings import Surroundings

_LONGEST_NAME = 80
_MOST_SPANS = 4
_PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}
_KEYWORDS = {
    "localsubnet": N_("the local subnet"),
    "dns": N_("DNS servers"),
    "dhcp": N_("DHCP servers"),
    "wins": N_("WINS servers"),
    "defaultgateway": N_("the default gateway"),
    "intranet": N_("the intranet"),
    "internet": N_("the internet"),
    "rmtintranet": N_("the remote intranet"),
}


def shown_rule(rule: WindowsRule, surroundings: Surroundings) -> FirewallRule:
    """Return a rule as people are informed of it."""
    return FirewallRule(
        rule.id,
        rule_name(rule, surroundings),
        rule.effect,
        rule.store.value,
        rule.text,
        tuple(_conditions(rule)),
        rule.is_enabled,
    )


def rule_name(rule: WindowsRule, surroundings: Surroundings) -> str:
    """Return the name that Windows shows for a rule, its id where it has none; machine text."""
    names = parse_rule(rule.text).values("name")
    name = names[-1] if names else ""
    if name.startswith("@"):
        name = surroundings.shown_text(name)
    return name.strip() or rule.id


def quoted_name(match: Match, surroundings: Surroundings) -> str:
    """Return a rule's name as a part of a sentence."""
    return f"“{inert(rule_name(match.rule, surroundings), _LONGEST_NAME)}”"


def part(match: Match) -> str:
    """Return which part of the traffic a rule is about: "from the local subnet"."""
    phrases = sorted({condition.phrase for condition in match.region.traffic})
    if match.region.remote is not None and match.rule.remote is not None:
        # As the rule says it: "the local subnet" says more than its addresses.
        phrases.insert(0, _("from {addresses}").format(addresses=addresses(match.rule.remote)))
    return join_list(inert(phrase, _LONGEST_NAME) for phrase in phrases)


def addresses(some: AddressSet) -> str:
    """Return a set of addresses in words; of very many the first few."""
    words = sorted({word[:-2] for word in some.keywords})
    texts = [_(_KEYWORDS.get(word, "")) or word for word in words] + [
        span.text for span in some.spans
    ]
    if len(texts) > _MOST_SPANS:
        texts[_MOST_SPANS - 1 :] = [_("other addresses")]
    return join_or(texts)


def networks(profiles: Collection[Profile], *, is_negative: bool = False) -> str:
    """Return on which networks: "on domain and private networks"."""
    names = [profile.value for profile in Profile if profile in profiles]
    if len(names) == len(Profile):
        return _("on any network") if is_negative else _("on every network")
    return networks_named(names)


def networks_named(names: Iterable[str]) -> str:
    """Return on which networks, by the names of their profiles."""
    shown = [_(PROFILE_NAMES.get(name.lower(), "")) or name for name in names]
    return _("on {profiles} networks").format(profiles=join_and(shown))


PROFILE_NAMES = {"domain": N_("domain"), "private": N_("private"), "public": N_("public")}


def _conditions(rule: WindowsRule) -> list[str]:
    phrases = [*_endpoint(rule)]
    if rule.profiles is not None:
        phrases.append(networks(rule.profiles))
    if rule.remote is not None:
        phrases.append(_("from {addresses}").format(addresses=addresses(rule.remote)))
    if rule.local is not None:
        phrases.append(_("to {addresses}").format(addresses=addresses(rule.local)))
    phrases.extend(sorted({condition.phrase for condition in rule.traffic}))
    phrases.extend(
        _("only what Windows trusts ({kind})").format(kind=kind) for kind in rule.trusted
    )
    for major, minor, is_later in rule.platforms:
        phrases.append(
            (
                _("Windows {major}.{minor} or later") if is_later else _("Windows {major}.{minor}")
            ).format(major=major, minor=minor)
        )
    if rule.effect is RuleEffect.BYPASS:
        phrases.append(_("passes block rules"))
    phrases.extend(rule.doubts)
    return phrases


def _endpoint(rule: WindowsRule) -> Iterator[str]:
    if rule.protocol is not None:
        yield _PROTOCOLS.get(
            rule.protocol, _("IP protocol {protocol}").format(protocol=rule.protocol)
        )
    if rule.local_ports is not None:
        yield _("port {texts}").format(texts=join_list(rule.local_ports.texts))
    if rule.program:
        yield _("program {program}").format(program=rule.program)
    if rule.service:
        yield (
            _("any service")
            if rule.service == ANY_SERVICE
            else _("service {service}").format(service=rule.service)
        )
    if rule.package:
        yield _("app package {package}").format(package=rule.package)
