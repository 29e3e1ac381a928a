"""The firewall of Windows: read, decide, change."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import RuleChange
from portview.domain.plain_text import inert
from portview.firewall.tag import new_id
from portview.firewall.windows.managed_rules import OwnName
from portview.firewall.windows.netsh import add_rule, check_command, delete_rule
from portview.firewall.windows.registry import FirewallRegistry
from portview.firewall.windows.rules import NoWindowsRules, WindowsRules
from portview.firewall.windows.surroundings_reader import read_surroundings
from portview.firewall.windows.warnings import warnings_for
from portview.i18n import N_, _
from portview.readers.elevation import is_elevated
from portview.readers.windows.console_text import decode_console
from portview.readers.windows.system_programs import (
    CREATE_NO_WINDOW,
    program_environment,
    program_folder,
    system_program,
)

if TYPE_CHECKING:
    from pathlib import Path

    from portview.domain.firewall import ManagedRule, RuleSpec
    from portview.firewall.interface import FirewallRules
    from portview.firewall.windows.policy import Policy
    from portview.firewall.windows.surroundings import Surroundings

logger = logging.getLogger(__name__)

_NO_SETTINGS = (
    N_("This system has no settings of Windows' firewall."),
    N_("Another firewall may have replaced it."),
)
_TIMEOUT_S = 20.0
_LONGEST_OUTPUT = 200


class WindowsFirewall:
    """Windows Defender Firewall of this machine.

    ``read`` and ``apply`` block and may run on any thread, one call at a time.
    """

    def __init__(self, netsh: Path | None = None) -> None:
        """Store the program that makes changes; Windows' own unless another is given."""
        self._netsh = str(netsh or system_program("netsh.exe"))
        self._registry: FirewallRegistry | None = None
        self._policy: Policy | None = None
        self._surroundings: Surroundings | None = None
        self._rules: WindowsRules | NoWindowsRules | None = None

    def read(self) -> FirewallRules:
        """Return the rules as they are now: the same object where nothing has changed."""
        try:
            if self._registry is None:
                self._registry = FirewallRegistry()
            policy = self._registry.read()
            if policy is None:
                return self._nothing(*map(_, _NO_SETTINGS))
            return self._known(policy, read_surroundings())
        except OSError as error:
            logger.warning("the rules of the firewall can't be read: %s", error)
            reason = inert(str(error.strerror or error), _LONGEST_OUTPUT).rstrip(".")
            return self._nothing(
                _("The rules of Windows' firewall can't be read: {reason}.").format(reason=reason)
            )

    def plan(self, rule_spec: RuleSpec, rules: FirewallRules) -> RuleChange:
        """Return how a rule would be made. Changes nothing. Raises PortViewError."""
        rule_id = new_id()
        command = add_rule(self._netsh, rule_spec, rule_id)
        name = OwnName(rule_spec.effect, rule_spec.protocol, rule_spec.port, rule_id).text
        return RuleChange(rule_id, name, (command,), warnings_for(rule_spec, rules))

    def plan_removal(self, own: ManagedRule) -> RuleChange:
        """Return how a rule of PortView's would be revoked. Changes nothing."""
        return RuleChange(own.id, own.rule.name, (delete_rule(self._netsh, own.rule.name),))

    def apply(self, change: RuleChange) -> None:
        """Run netsh. Raises PortViewError, NEEDS_ADMIN where that is why.

        That it returns is no proof: read the rules again.
        """
        for command in change.commands:
            check_command(command, self._netsh)
        for command in change.commands:
            self._run(command)

    def close(self) -> None:
        """Stop watching the registry."""
        if self._registry is not None:
            self._registry.close()
            self._registry = None

    def _known(self, policy: Policy, surroundings: Surroundings) -> FirewallRules:
        if (
            isinstance(self._rules, WindowsRules)
            and surroundings == self._surroundings
            and (policy is self._policy or policy == self._policy)
        ):
            self._policy = policy
            return self._rules
        self._policy, self._surroundings = policy, surroundings
        self._rules = WindowsRules(self._next_generation(), policy, surroundings)
        return self._rules

    def _nothing(self, problem: str, hint: str = "") -> FirewallRules:
        if not isinstance(self._rules, NoWindowsRules) or self._rules.problem != problem:
            self._rules = NoWindowsRules(self._next_generation(), problem, hint)
        return self._rules

    def _next_generation(self) -> int:
        return self._rules.generation + 1 if self._rules else 1

    def _run(self, command: tuple[str, ...]) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - an argument list that was checked
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_TIMEOUT_S,
                creationflags=CREATE_NO_WINDOW if sys.platform == "win32" else 0,
                cwd=program_folder(),
                env=program_environment(),
            )
        except subprocess.TimeoutExpired as error:
            raise PortViewError(
                "firewall_timeout",
                _("netsh did not end within {timeout_s:.0f} s and was stopped.").format(
                    timeout_s=_TIMEOUT_S
                ),
                _("Check whether the rule exists before you try again."),
            ) from error
        except OSError as error:
            raise PortViewError(
                "firewall_tool",
                _("netsh can't be started: {value}.").format(value=error.strerror or error),
            ) from error
        if done.returncode == 0:
            return
        said = " ".join(decode_console(done.stdout).split())
        logger.warning("netsh ended with %d: %s", done.returncode, said)
        if not is_elevated():
            raise PortViewError(
                "firewall_denied",
                _("The firewall can't be changed without administrator rights."),
                _("Try again as administrator."),
                Outcome.NEEDS_ADMIN,
            )
        reason = inert(said, _LONGEST_OUTPUT) or _("exit code {returncode}").format(
            returncode=done.returncode
        )
        raise PortViewError(
            "firewall_refused", _("netsh refused the change: {reason}").format(reason=reason)
        )
