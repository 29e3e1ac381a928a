"""Runs the commands of a change, after seeing to it that they are of the kinds that PortView makes.

What is run with root's rights may have been handed over from without.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import inert
from portview.firewall.tag import find_tag
from portview.firewall.tools import Done, run_tool
from portview.i18n import _
from portview.readers.system_tools import find_tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from portview.firewall.linux.nft_changes import Command

logger = logging.getLogger(__name__)

_LONGEST_OUTPUT = 300
_NAME = r"[A-Za-z_][\w./\\-]{0,127}"
_KEY = rf"(?:ip|ip6|inet|netdev) {_NAME} {_NAME}"
_SOURCES = r"(?:[0-9a-fA-F.:/]+,? ?)+"
_PORT = r"(?:tcp|udp) [ds]port [1-9]\d{0,4} (?:accept|drop)"
# untranslated: a pattern of commands
_SOURCE_MATCH = rf"(?:ip6? [ds]addr \{{ {_SOURCES} \}} |meta nfproto ipv[46] )?"
# untranslated: a pattern of commands
_OWN_MATCH = r'(?:iifname != "lo" (?:fib daddr type local )?)?'
_TAG = r"portview:v1:[a-z0-9:]+"
_CLIENTS = r"(?:any|[0-9a-fA-F.:/]+)"
# untranslated: a pattern of commands
_UFW_RULE = rf"(?:allow|deny) proto (?:tcp|udp) from {_CLIENTS} to any port [1-9]\d{{0,4}}"
_TABLES = r"(?:filter|nat|mangle|raw|security)"
# untranslated: a pattern of commands
_NFT_PLACE = rf"(?:add rule {_KEY}|insert rule {_KEY} handle \d+)"
_IPTABLES_PLACE = rf"-w -t {_TABLES} (?:-A {_NAME}|-I {_NAME} \d+)"
_IPTABLES_MATCH = r"-p (?:tcp|udp)(?: -[sd] [0-9a-fA-F.:/,]+)? --[ds]port [1-9]\d{0,4}"
# untranslated: a pattern of commands
_IPTABLES_END = rf"-m comment --comment {_TAG} -j (?:ACCEPT|DROP)"
# untranslated: a pattern of commands
_NEW_CHAIN = r"\{ type filter hook (?:input|prerouting) priority -\d+ ; policy accept ; \}"
# untranslated: a pattern of commands
_RICH_RULE = (
    r'rule(?: priority="-100")?(?: family="ipv[46]"(?: source address="[0-9a-fA-F.:/]+")?)?'
    r' port port="[1-9]\d{0,4}" protocol="(?:tcp|udp)"'
    rf' nflog group="65535" prefix="{_TAG}" (?:accept|drop)'
)
_FIREWALLD = r"firewall-cmd --zone=[\w-]{1,32}(?: --permanent| --timeout=\d+)?"
# untranslated: a pattern of commands
_MAKING = [
    rf"{_FIREWALLD}(?: --add-rich-rule={_RICH_RULE})+",
    rf'nft {_NFT_PLACE} {_OWN_MATCH}{_SOURCE_MATCH}{_PORT} comment "{_TAG}"',
    rf"ip6?tables-(?:nft|legacy) {_IPTABLES_PLACE} {_IPTABLES_MATCH} {_IPTABLES_END}",
    rf"ufw (?:prepend )?{_UFW_RULE} comment {_TAG}",
]
# untranslated: a pattern of commands
_PREPARING = [
    r"nft add table inet portview",
    rf"nft add chain inet portview (?:input|prerouting) {_NEW_CHAIN}",
]
# untranslated: a pattern of commands
_REMOVING = [
    rf"{_FIREWALLD}(?: --remove-rich-rule={_RICH_RULE})+",
    rf"nft delete rule {_KEY} handle \d+",
    rf"ip6?tables-legacy -w -t {_TABLES} -D {_NAME} \d+",
    rf"ufw delete {_UFW_RULE}",
    r"nft delete table inet portview",
]


def check_commands(commands: tuple[Command, ...], removals: Callable[[], set[Command]]) -> None:
    """See to it that commands only make rules of PortView's, or remove such as there are.

    ``removals`` returns the commands that would remove them, and is called only where needed.
    Raises PortViewError.
    """
    allowed: set[Command] | None = None
    for command in commands:
        text = " ".join(command)
        if any(re.fullmatch(shape, text) for shape in _PREPARING):
            continue
        if any(re.fullmatch(shape, text) for shape in _MAKING) and any(map(find_tag, command)):
            continue
        if any(re.fullmatch(shape, text) for shape in _REMOVING):
            allowed = removals() if allowed is None else allowed
            if command in allowed:
                continue
        raise PortViewError(
            "unfit_rule",
            _("This command is not for a rule created by PortView; nothing was run."),
            _("Check the rules again, then repeat the action."),
            Outcome.BAD_INPUT,
        )


def run_commands(commands: tuple[Command, ...]) -> None:
    """Run commands in order, up to the first that fails. Raises PortViewError."""
    for command in commands:
        tool = find_tool(command[0])
        if tool is None:
            raise PortViewError(
                "firewall_tool",
                _("The program {command} is not installed.").format(command=command[0]),
            )
        _see_to(command, run_tool([tool, *command[1:]]))


def _see_to(command: Command, done: Done) -> None:
    if done.code == 0:
        return
    said = inert(" ".join((done.error or done.output).split()), _LONGEST_OUTPUT)
    logger.warning("%s ended with %s: %s", command[0], done.code, said)
    if done.is_refused:
        raise PortViewError(
            "firewall_denied",
            _("Only root may change the firewall."),
            _("Run this as root."),
            Outcome.NEEDS_ADMIN,
        )
    if done.code is None:
        raise PortViewError(
            "firewall_tool",
            _("{command} could not be run: {said}.").format(command=command[0], said=said),
            _("Check whether the rule exists before you try again."),
        )
    raise PortViewError(
        "firewall_refused",
        _("{command} refused the change: {value}").format(
            command=command[0], value=said or _("exit code {code}").format(code=done.code)
        ),
    )
