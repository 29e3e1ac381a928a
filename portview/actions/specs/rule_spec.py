"""A rule spec: what it may hold, and how it travels to the side with administrator rights."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from portview.command_name import command_line
from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import EVERYONE_OF, LOCAL_SUBNET_OF, RuleEffect, RuleSpec
from portview.domain.json_schema import iso_time
from portview.domain.owners.process import ProcessKey
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Protocol, canonical_address
from portview.domain.user_input.parsing import MAX_PORT
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.domain.firewall import FirewallQuestion

ANY = "any"
LOCAL_SUBNET = "localsubnet"
PROFILES = ("domain", "private", "public")

_MOST_REMOTES = 64
_LONGEST_PROGRAM = 1024
_WINDOWS_PROGRAM = re.compile(r"(?:[A-Za-z]:|\\\\[^\\/:*?\"<>|]+)(?:\\[^\\/:*?\"<>|]+)+")
_UNIX_PROGRAM = re.compile(r"/[^\x00-\x1f\x7f\"|]+")
_WINDOWS_KERNEL = "System"
_LATEST_MS = 10**14
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_KEY = re.compile(r"([1-9][0-9]{0,9}):(0|[1-9][0-9]{0,14})")
_NONE = "-"
_WORDS = 7


def default_rule_spec(
    question: FirewallQuestion, effect: RuleEffect, *, matches_programs: bool
) -> RuleSpec:
    """Return the rule specification that a person most likely has.

    To allow is narrow: the program where it is known and can be matched, the local subnet, and not
    the Public profile. To block is wide: the port, whichever program, client and profile.
    """
    if effect is RuleEffect.BLOCK:
        return RuleSpec(effect, question.protocol, question.port, None, (ANY,), profiles=PROFILES)
    program = question.program if matches_programs and _is_program(question.program) else None
    return RuleSpec(effect, question.protocol, question.port, program)


def validated_rule_spec(rule_spec: RuleSpec) -> RuleSpec:
    """Return a rule spec with its remotes and profiles in their one form. Raises PortViewError."""
    if rule_spec.effect not in {RuleEffect.ALLOW, RuleEffect.BLOCK}:
        raise _bad(_("a rule allows or blocks"))
    if not 1 <= rule_spec.port <= MAX_PORT:
        raise _bad(_("there is no port {port}").format(port=rule_spec.port))
    if rule_spec.program is not None and not _is_program(rule_spec.program):
        raise _bad(
            _("{program} is not the full path of a program").format(
                program=quoted(rule_spec.program)
            ),
            _("Give the whole path, as “executable” in the output of {command}.").format(
                command=command_line("list", "--json")
            ),
        )
    if rule_spec.expires_at_ms is not None and not 0 < rule_spec.expires_at_ms < _LATEST_MS:
        raise _bad(_("its end time is out of range"))
    return replace(
        rule_spec,
        remotes=validated_remotes(rule_spec.remotes),
        profiles=_checked_profiles(rule_spec.profiles),
    )


def validated_remotes(remotes: Sequence[str]) -> tuple[str, ...]:
    """Return the remote side in its one form, each part once. Raises PortViewError.

    Every part is an address, a network ("10.0.0.0/8"), "localsubnet" or one of
    ``LOCAL_SUBNET_OF``, or the only part is "any".
    """
    found = tuple(dict.fromkeys(_remote(part) for part in remotes))
    if not 1 <= len(found) <= _MOST_REMOTES:
        raise _bad(
            _("from 1 to {most_remotes} remote addresses can be named").format(
                most_remotes=_MOST_REMOTES
            )
        )
    if ANY in found and len(found) > 1:
        return (ANY,)
    return found


def of_one_version(rule_spec: RuleSpec, version: int) -> RuleSpec:
    """Return a rule specification whose words for many clients mean those of one IP version."""
    words = {ANY: EVERYONE_OF[version], LOCAL_SUBNET: LOCAL_SUBNET_OF[version]}
    return replace(rule_spec, remotes=tuple(words.get(part, part) for part in rule_spec.remotes))


def of_both_versions(rule_spec: RuleSpec) -> RuleSpec:
    """Return a rule spec whose words mean the clients of both IP versions, as on Windows."""
    words = dict.fromkeys(EVERYONE_OF.values(), ANY)
    words |= dict.fromkeys(LOCAL_SUBNET_OF.values(), LOCAL_SUBNET)
    remotes = validated_remotes([words.get(part, part) for part in rule_spec.remotes])
    return replace(rule_spec, remotes=remotes)


def encode_rule_spec(rule_spec: RuleSpec) -> tuple[str, ...]:
    """Write a rule spec as the words of a request; the effect is its verb."""
    until = f"{rule_spec.until.pid}:{rule_spec.until.started_ms}" if rule_spec.until else _NONE
    return (
        rule_spec.protocol.value,
        str(rule_spec.port),
        ",".join(rule_spec.remotes),
        ",".join(rule_spec.profiles),
        str(rule_spec.expires_at_ms or _NONE),
        until,
        rule_spec.program or _NONE,
    )


def rule_command(rule_spec: RuleSpec) -> list[str]:
    """Return the words of PortView's command that has the same rule made."""
    words = [
        "firewall",
        rule_spec.effect.value,
        str(rule_spec.port),
        "--proto",
        rule_spec.protocol.value,
    ]
    words += ["--remote", ",".join(rule_spec.remotes), "--profile", ",".join(rule_spec.profiles)]
    words += ["--program", rule_spec.program or ANY]
    if rule_spec.expires_at_ms is not None:
        words += ["--until", iso_time(rule_spec.expires_at_ms) or ""]
    if rule_spec.until is not None:
        words += ["--until-end", str(rule_spec.until.pid)]
    return words


def decode_rule_spec(effect: str, words: Sequence[str]) -> RuleSpec:
    """Read a rule spec from the words of a request, strictly. Raises PortViewError.

    ``effect`` is "allow" or "block".
    """
    if len(words) != _WORDS:
        raise _bad(_("it is incomplete"))
    protocol, port, remotes, profiles, expires, until, program = words
    if protocol not in list(Protocol) or not _PORT.fullmatch(port):
        raise _bad(_("invalid port"))
    if expires != _NONE and not _NUMBER.fullmatch(expires):
        raise _bad(_("its end time is invalid"))
    rule_spec = RuleSpec(
        RuleEffect(effect),
        Protocol(protocol),
        int(port),
        None if program == _NONE else program,
        tuple(remotes.split(",")),
        tuple(profiles.split(",")),
        None if expires == _NONE else int(expires),
        None if until == _NONE else _key(until),
    )
    if validated_rule_spec(rule_spec) != rule_spec:
        raise _bad(_("it is not in its canonical form"))
    return rule_spec


def _remote(text: str) -> str:
    word = text.strip().lower()
    if word in {ANY, LOCAL_SUBNET, *LOCAL_SUBNET_OF.values()}:
        return word
    try:
        if "/" in word:
            return str(ip_network(word))
        return canonical_address(str(ip_address(word.partition("%")[0])))
    except ValueError:
        raise _bad(
            _("{text} is not a valid address or network").format(text=quoted(text)),
            _("Write 192.168.1.7, 192.168.1.0/24, localsubnet or any."),
        ) from None


def _checked_profiles(profiles: Sequence[str]) -> tuple[str, ...]:
    words = {word.strip().lower() for word in profiles}
    if not words or not words <= set(PROFILES):
        raise _bad(
            _("{value} is not a profile").format(
                value=quoted(", ".join(sorted(words)) or "nothing")
            ),
            _("Choose from {profiles}.").format(profiles=", ".join(PROFILES)),
        )
    return tuple(profile for profile in PROFILES if profile in words)


def _is_program(program: str | None) -> bool:
    if program is None or not program.isprintable() or len(program) > _LONGEST_PROGRAM:
        return False
    return (
        program == _WINDOWS_KERNEL
        or _WINDOWS_PROGRAM.fullmatch(program) is not None
        or _UNIX_PROGRAM.fullmatch(program) is not None
    )


def _key(text: str) -> ProcessKey:
    match = _KEY.fullmatch(text)
    if match is None:
        raise _bad(_("{text} is not a process").format(text=quoted(text)))
    return ProcessKey(int(match[1]), int(match[2]))


def _bad(reason: str, hint: str = "") -> PortViewError:
    return PortViewError(
        "bad_rule",
        _("This can't be a rule: {reason}.").format(reason=reason),
        hint,
        Outcome.BAD_INPUT,
    )
