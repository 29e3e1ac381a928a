"""What may be done with administrator rights: a closed set, and how they are written.

a request travels as command-line arguments and is read again, strictly, on the other side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from portview.actions.safety.seen_process import read_seen
from portview.domain.address_matching import parse_socket_address
from portview.domain.errors import Outcome, PortViewError
from portview.domain.plain_text import quoted
from portview.domain.sockets.socket_row import Endpoint, Protocol, canonical_address, endpoint_text
from portview.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portview.actions.safety.seen_process import SeenProcess
    from portview.actions.specs.setting import SettingChange
    from portview.domain.firewall import RuleSpec

ELEVATED_VERB = "errand"
"""The first argument by which PortView's front door knows an elevated request."""

_MOST_PROCESSES = 1000
_LONGEST_GRACE_MS = 600_000
_ENDPOINT = re.compile(
    r"(?:([0-9.]{7,15}(?:%[0-9A-Za-z._-]{1,32})?)|\[([0-9A-Fa-f:.]{2,45}(?:%[0-9A-Za-z._-]{1,32})?)\]):([0-9]{1,5})"
)
_SERVICE = re.compile(r"[^\x00-\x1f\x7f/\\\"'-][^\x00-\x1f\x7f/\"']{0,255}")
_LARGEST_PORT = 65535
_RULE_ID = re.compile(r"[a-z0-9]{4,20}")
_MOST_RULES = 1000


class ElevatedOperation(StrEnum):
    """What an elevated request does."""

    STOP = "stop"
    STOP_SERVICE = "stop-service"
    START_SERVICE = "start-service"
    RESTART_SERVICE = "restart-service"
    CLOSE = "close"
    SUSPEND = "suspend"
    RESUME = "resume"
    HOLDERS = "holders"
    ALLOW_PORT = "allow-port"
    BLOCK_PORT = "block-port"
    REVOKE_RULES = "revoke-rules"
    CHANGE_SETTING = "change-setting"


_OF_ONE_PROCESS = frozenset({ElevatedOperation.SUSPEND, ElevatedOperation.RESUME})


@dataclass(frozen=True, slots=True)
class ElevatedRequest:
    """One thing to do with administrator rights.

    STOP has ``processes``, ``grace_ms`` and ``force``. The service verbs have ``service``, and one
    of ``processes`` where it is stopped for a port. CLOSE has ``local``, ``remote``, ``token`` (0
    where the system says none) and one of ``processes`` where the owner is known. SUSPEND and
    RESUME have one of ``processes``. ALLOW_PORT and BLOCK_PORT have ``rule_spec``, REVOKE_RULES has
    ``rule_ids``. HOLDERS, which only looks, has ``protocol`` and ``port``.
    CHANGE_SETTING has ``setting``.
    """

    verb: ElevatedOperation
    processes: tuple[SeenProcess, ...] = ()
    grace_ms: int = 5000
    force: bool = False
    service: str = ""
    local: Endpoint | None = None
    remote: Endpoint | None = None
    protocol: Protocol = Protocol.TCP
    port: int = 0
    rule_spec: RuleSpec | None = None
    rule_ids: tuple[str, ...] = ()
    token: int = 0
    setting: SettingChange | None = None

    def arguments(self) -> tuple[str, ...]:
        """Return the elevated request as arguments; ``parse_elevated_request`` reads them."""
        return (ELEVATED_VERB, self.verb.value, *self._words())

    def _words(self) -> tuple[str, ...]:
        seen = tuple(word for one in self.processes for word in one.words())
        words: tuple[str, ...] = (self.service, *seen)
        if self.verb is ElevatedOperation.STOP:
            words = ("force" if self.force else "ask", str(self.grace_ms), *seen)
        elif self.verb in _OF_ONE_PROCESS:
            words = seen
        elif self.verb is ElevatedOperation.CLOSE:
            ends = (endpoint_text(self.local), endpoint_text(self.remote))
            words = (*ends, str(self.token), *seen)
        elif self.verb is ElevatedOperation.HOLDERS:
            words = (self.protocol.value, str(self.port))
        elif self.verb is ElevatedOperation.REVOKE_RULES:
            words = self.rule_ids
        elif self.setting is not None:
            words = self.setting.words()
        elif self.rule_spec is not None:
            from portview.actions.specs.rule_spec import encode_rule_spec  # noqa: PLC0415 - likewise

            words = encode_rule_spec(self.rule_spec)
        return words


def parse_elevated_request(arguments: Sequence[str]) -> ElevatedRequest:
    """Read a request from all of its arguments. Raises PortViewError on anything unexpected."""
    if len(arguments) < 3 or arguments[0] != ELEVATED_VERB:  # noqa: PLR2004 - verb, verb, value
        raise _bad(_("it is incomplete"))
    try:
        verb = ElevatedOperation(arguments[1])
    except ValueError:
        raise _bad(
            _("there is no operation {arguments}").format(arguments=quoted(arguments[1]))
        ) from None
    return _READERS.get(verb, _of_service)(verb, list(arguments[2:]))


def _of_service(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    if not rest or not _SERVICE.fullmatch(rest[0]):
        raise _bad(_("invalid service name"))
    return ElevatedRequest(verb, _seen(rest[1:], most=1), service=rest[0])


def _of_connection(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    if len(rest) < 3 or not re.fullmatch(r"[0-9]{1,20}", rest[2]):  # noqa: PLR2004 - two ends
        raise _bad(_("a connection has two ends and a number"))
    owner = _seen(rest[3:], most=1)
    ends = _endpoint(rest[0]), _endpoint(rest[1])
    return ElevatedRequest(verb, owner, local=ends[0], remote=ends[1], token=int(rest[2]))


def _of_one_process(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    seen = _seen(rest, most=1)
    if not seen:
        raise _bad(_("it is about one process"))
    return ElevatedRequest(verb, seen)


def _of_new_rule(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    # Rules are loaded with the first elevated request about one.
    from portview.actions.specs.rule_spec import decode_rule_spec  # noqa: PLC0415

    return ElevatedRequest(verb, rule_spec=decode_rule_spec(verb.value.partition("-")[0], rest))


def _of_managed_rules(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    if len(rest) > _MOST_RULES or not all(map(_RULE_ID.fullmatch, rest)):
        raise _bad(_("it names no rules created by PortView"))
    return ElevatedRequest(verb, rule_ids=tuple(rest))


def _of_setting(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    # Loaded with the first request about one.
    from portview.actions.specs.setting import parse_change  # noqa: PLC0415

    return ElevatedRequest(verb, setting=parse_change(tuple(rest)))


def _of_stopping(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    how, grace, *words = [*rest, "", ""]
    if how not in {"ask", "force"} or not re.fullmatch(r"[0-9]{1,6}", grace):
        raise _bad(_("the way to stop it is invalid"))
    seen = _seen([word for word in words if word], most=_MOST_PROCESSES)
    if int(grace) > _LONGEST_GRACE_MS or not seen:
        raise _bad(_("the grace time or the number of processes is out of range"))
    return ElevatedRequest(verb, seen, int(grace), how == "force")


def _of_port(verb: ElevatedOperation, rest: list[str]) -> ElevatedRequest:
    protocol, port = rest if len(rest) == 2 else ("", "")  # noqa: PLR2004 - protocol and port
    is_port = re.fullmatch(r"[1-9][0-9]{0,4}", port) and int(port) <= _LARGEST_PORT
    if protocol not in set(Protocol) or not is_port:
        raise _bad(_("the port is invalid"))
    return ElevatedRequest(verb, protocol=Protocol(protocol), port=int(port))


def _seen(words: Sequence[str], *, most: int) -> tuple[SeenProcess, ...]:
    try:
        seen = read_seen(words)
    except ValueError as error:
        raise _bad(
            _("{error} is not a process or socket").format(error=quoted(str(error)))
        ) from error
    if len(seen) > most:
        raise _bad(_("it names too many processes"))
    return seen


def _endpoint(text: str) -> Endpoint:
    match = _ENDPOINT.fullmatch(text)
    if match is None or int(match[3]) > _LARGEST_PORT:
        raise _bad(_("{text} is not a valid endpoint").format(text=quoted(text)))
    address = match[1] or match[2]
    if parse_socket_address(address) is None:
        raise _bad(_("{address} is not a valid address").format(address=quoted(address)))
    if canonical_address(address) != address:
        raise _bad(
            _("{address} is not a valid address in its usual form").format(address=quoted(address))
        )
    return Endpoint(address, int(match[3]))


def _bad(reason: str) -> PortViewError:
    return PortViewError(
        "bad_errand",
        _("The elevated request is invalid: {reason}.").format(reason=reason),
        "",
        Outcome.BAD_INPUT,
    )


_READERS = {
    ElevatedOperation.STOP: _of_stopping,
    ElevatedOperation.CLOSE: _of_connection,
    ElevatedOperation.SUSPEND: _of_one_process,
    ElevatedOperation.RESUME: _of_one_process,
    ElevatedOperation.HOLDERS: _of_port,
    ElevatedOperation.ALLOW_PORT: _of_new_rule,
    ElevatedOperation.BLOCK_PORT: _of_new_rule,
    ElevatedOperation.REVOKE_RULES: _of_managed_rules,
    ElevatedOperation.CHANGE_SETTING: _of_setting,
}
