"""What the firewall does to a port: the question, the answer, and what people are shown rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portview.domain.owners.process import ProcessKey
    from portview.domain.sockets.socket_row import Protocol


EVERYONE_OF = {4: "0.0.0.0/0", 6: "::/0"}
"""Every client of one IP version, as the remote side of a rule names it."""

LOCAL_SUBNET_OF = {4: "localsubnet4", 6: "localsubnet6"}
"""The local networks of one IP version, as the remote side of a rule names them."""


class FirewallVerdict(StrEnum):
    """Whether a client on another machine gets through to a port.

    PARTLY: some clients, or under some conditions that the answer names. UNKNOWN: it can't be
    decided, and the answer says what stopped the reasoning. Never a guess.
    """

    ALLOWED = "allowed"
    BLOCKED = "blocked"
    PARTLY = "partly"
    UNKNOWN = "unknown"


class RuleEffect(StrEnum):
    """What a rule does with what it matches.

    REJECT is a block that answers. BYPASS is Windows' authenticated bypass of block rules. OTHER
    is what does not end the way of a packet (a jump, a mark) or is not known.
    """

    ALLOW = "allow"
    BLOCK = "block"
    REJECT = "reject"
    BYPASS = "bypass"
    OTHER = "other"


class RuleFit(StrEnum):
    """How far a rule is about the traffic that was asked about.

    FULL: all of it. PART: some of it (one subnet of all remote addresses). MAYBE: it depends on
    something that can't be read in advance.
    """

    FULL = "full"
    PART = "part"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True)
class FirewallQuestion:
    """The traffic that is asked about: a new inbound connection or datagram to one port.

    ``local_address`` is what the server is bound to, None for all addresses. ``program`` is the
    full path of the executable that listens ("System" for the Windows kernel), None where it is
    not known. ``services`` are short service names, ``package`` is the SID of an app package.
    ``remote`` is one client's address, None for "any other machine".
    """

    protocol: Protocol
    port: int
    local_address: str | None = None
    program: str | None = None
    services: tuple[str, ...] = ()
    package: str | None = None
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """A rule as people are informed of it.

    ``id`` finds it again in its store: a registry value's name, or "inet filter input 7" (family,
    table, chain, handle). ``source`` says where it stands in a few words ("local rules", "Group
    Policy", "chain inet filter input"). ``text`` is the rule as the system writes it, unchanged
    machine text. ``conditions`` are what narrows it, each one short phrase.
    """

    id: str
    name: str
    effect: RuleEffect
    source: str
    text: str
    conditions: tuple[str, ...] = ()
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """A rule that is about the traffic asked for, and whether it is the one that decides."""

    rule: FirewallRule
    fit: RuleFit
    decides: bool = False


@dataclass(frozen=True, slots=True)
class FirewallAnswer:
    """A verdict with its reason.

    ``reason`` is one sentence for people, with no final assumption left out. ``rule`` is the rule
    that decides, None where a default or a setting does. ``matches`` are all rules that are about
    this traffic, in the order in which they decide. ``profiles`` are the names of the profiles or
    zones that the answer is for, empty where the system has none. ``next_step`` is what a person
    can do about it, or empty.
    """

    verdict: FirewallVerdict
    reason: str
    rule: FirewallRule | None = None
    matches: tuple[RuleMatch, ...] = ()
    profiles: tuple[str, ...] = ()
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class ProfileState:
    """A firewall profile (Windows) or zone (firewalld) and its settings.

    ``inbound_default`` is the effect on what no rule matches. ``blocks_all_inbound`` is the shield
    that no allow rule passes. ``notes`` are sentences about where a setting comes from.
    """

    name: str
    is_active: bool
    is_on: bool = True
    inbound_default: RuleEffect = RuleEffect.BLOCK
    blocks_all_inbound: bool = False
    counts_local_rules: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirewallStatus:
    """The firewall of this machine as a whole.

    ``manager`` is who keeps the rules: "windows", "ufw", "firewalld", "nftables", "iptables" or
    "none". ``is_on`` is None where that can't be read; ``problem`` then says why, and what to do
    is in ``hint``. ``summary`` is one sentence. ``drop_log`` is the file in which the system notes
    what it dropped, where it does.
    """

    manager: str
    is_on: bool | None
    summary: str
    profiles: tuple[ProfileState, ...] = ()
    rule_count: int = 0
    drop_log: str | None = None
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """The one narrow rule that a person wants PortView to make.

    ``effect`` is ALLOW or BLOCK. ``program`` is preferred to a bare port where it is known and
    the manager can match programs (Windows). ``remotes`` are addresses or networks, or the words
    "any" and "localsubnet", or those of one IP version (``EVERYONE_OF``, ``LOCAL_SUBNET_OF``),
    which Windows' rules do not say apart. ``profiles`` are Windows profile names ("domain",
    "private", "public"); elsewhere they are not used. The rule is revoked at ``expires_at_ms``
    (Unix time) or when ``until`` has ended, whichever is given.
    """

    effect: RuleEffect
    protocol: Protocol
    port: int
    program: str | None = None
    remotes: tuple[str, ...] = ("localsubnet",)
    profiles: tuple[str, ...] = ("domain", "private")
    expires_at_ms: int | None = None
    until: ProcessKey | None = None


@dataclass(frozen=True, slots=True)
class ManagedRule:
    """A rule that PortView made, as found in the store of the firewall.

    ``id`` is PortView's own and stands in the rule's name, description or comment; ``rule`` is
    the rule as it is now.
    """

    id: str
    rule_spec: RuleSpec
    rule: FirewallRule


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A change of the firewall as it will be made; nothing was done yet.

    ``commands`` are argument lists, run in order, each shown to the person in advance. ``warnings``
    are sentences that say why the change may not help, ``notes`` what is good to know. ``id`` is
    the id of the rule that is made or revoked, ``name`` what the rule is called.
    """

    id: str
    name: str
    commands: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
