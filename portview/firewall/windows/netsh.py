"""Changes of Windows' firewall as argument lists for netsh."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import RuleEffect
from portview.domain.user_input.parsing import MAX_PORT
from portview.firewall.tag import RuleTag, format_tag
from portview.firewall.windows.managed_rules import OwnName, read_own_name
from portview.firewall.windows.surroundings import Profile
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from portview.domain.firewall import RuleSpec

_SYSTEM = "System"
_PROGRAM = re.compile(r"(?:[A-Za-z]:|\\\\[^\\/:*?\"<>|\x00-\x1f]+)(?:\\[^\\/:*?\"<>|\x00-\x1f]+)+")
_KEYWORDS = ("any", "localsubnet")
_KEYS = frozenset(
    ["name", "dir", "action", "enable", "profile", "protocol", "localport", "remoteip"]
) | {"program", "description"}
_MOST_REMOTES = 100
_LONGEST_PATH = 1024


def add_rule(netsh: str, rule_spec: RuleSpec, rule_id: str) -> tuple[str, ...]:
    """Return the command that makes the rule. Raises PortViewError for what can't be in one."""
    if rule_spec.effect not in {RuleEffect.ALLOW, RuleEffect.BLOCK}:
        raise _unfit(_("A rule created by PortView can only allow or block."))
    if not 0 < rule_spec.port <= MAX_PORT:
        raise _unfit(
            _("{port} is not a port.").format(port=rule_spec.port), _("Ports are 1 to 65535.")
        )
    name = OwnName(rule_spec.effect, rule_spec.protocol, rule_spec.port, rule_id)
    tag = RuleTag(rule_id, rule_spec.expires_at_ms, rule_spec.until)
    try:
        # untranslated: it stays in the rule, which may be read in another language
        description = f"Made by PortView. {format_tag(tag)}"
    except ValueError as error:
        raise _unfit(
            _("The rule can't be marked as PortView's: {error}.").format(error=error)
        ) from error
    return (
        *(netsh, "advfirewall", "firewall", "add", "rule"),
        f"name={name.text}",
        "dir=in",
        f"action={rule_spec.effect.value}",
        "enable=yes",
        f"profile={_profiles(rule_spec.profiles)}",
        f"protocol={rule_spec.protocol.value.upper()}",
        f"localport={rule_spec.port}",
        f"remoteip={_remotes(rule_spec.remotes)}",
        *([f"program={_program(rule_spec.program)}"] if rule_spec.program else []),
        f"description={description}",
    )


def delete_rule(netsh: str, name: str) -> tuple[str, ...]:
    """Return the command that removes a rule of PortView's; raises PortViewError for any other."""
    if read_own_name(name) is None:
        raise _unfit(_("PortView did not create this rule; nothing is removed."))
    return (netsh, "advfirewall", "firewall", "delete", "rule", f"name={name}", "dir=in")


def check_command(command: Sequence[str], netsh: str) -> None:
    """See to it that a command does nothing but make or remove a rule of PortView's.

    Raises PortViewError. What is run with administrator rights was handed over from without.
    """
    start, rest = tuple(command[:5]), command[5:]
    verbs = [(netsh, "advfirewall", "firewall", verb, "rule") for verb in ("add", "delete")]
    keys = [argument.partition("=")[0] for argument in rest]
    if start not in verbs or "name" not in keys or len(set(keys)) < len(keys):
        raise _unfit(_("This is not a firewall command of PortView; nothing was run."))
    name = rest[keys.index("name")].partition("=")[2]
    if not _KEYS.issuperset(keys) or read_own_name(name) is None:
        raise _unfit(_("This command is not for a rule created by PortView; nothing was run."))


def _profiles(names: Iterable[str]) -> str:
    wanted = {name.lower() for name in names}
    unknown = wanted - {profile.value for profile in Profile}
    if unknown or not wanted:
        what = (
            _("“{unknown}” is not a profile.").format(unknown=min(unknown))
            if unknown
            else _("No profile was chosen.")
        )
        raise _unfit(what, _("Profiles are domain, private and public."))
    if len(wanted) == len(Profile):
        return "any"
    return ",".join(profile.value for profile in Profile if profile.value in wanted)


def _remotes(texts: Sequence[str]) -> str:
    if not texts or len(texts) > _MOST_REMOTES:
        raise _unfit(
            _("A rule needs 1 to {most_remotes} remote addresses, or “any”.").format(
                most_remotes=_MOST_REMOTES
            )
        )
    words = [_remote(text) for text in texts]
    return "any" if "any" in words else ",".join(dict.fromkeys(words))


def _remote(text: str) -> str:
    word = text.strip().lower()
    if word in _KEYWORDS:
        return word
    try:
        return _addresses(word)
    except ValueError as error:
        raise _unfit(
            _("“{text}” is not a valid address or network.").format(text=text),
            _("Write it like 192.168.1.5, 192.168.0.0/16, any or localsubnet."),
        ) from error


def _addresses(word: str) -> str:
    if "%" in word:
        raise ValueError("a rule can't name the zone of an address")
    first, dash, last = word.partition("-")
    if dash:
        start, end = ip_address(first.strip()), ip_address(last.strip())
        if start.version != end.version or int(start) > int(end):
            raise ValueError("a range goes from a lower address to a higher one")
        return f"{start}-{end}"
    return str(ip_network(word, strict=False)) if "/" in word else str(ip_address(word))


def _program(path: str) -> str:
    if path.lower() == _SYSTEM.lower():
        return _SYSTEM
    if len(path) > _LONGEST_PATH or not _PROGRAM.fullmatch(path):
        raise _unfit(
            _("The path of the program can't be in a rule of the firewall."),
            _("Create the rule for the port alone."),
        )
    return path


def _unfit(message: str, hint: str = "") -> PortViewError:
    return PortViewError("unfit_rule", message, hint, Outcome.BAD_INPUT)
