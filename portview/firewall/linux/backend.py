"""The firewall of a Linux machine: read, decide, change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.errors import Outcome, PortViewError
from portview.domain.firewall import FirewallStatus, ManagedRule, RuleChange
from portview.firewall.drop_log.linux import find_log_file
from portview.firewall.linux import firewalld, nft_changes, ufw
from portview.firewall.linux.commands import check_commands, run_commands
from portview.firewall.linux.facts import read_machine
from portview.firewall.linux.managed_rules import managed_rule_parts
from portview.firewall.linux.naming import rule_name
from portview.firewall.linux.netlink import read_generation
from portview.firewall.linux.planning import plan_rule
from portview.firewall.linux.reading import read_ruleset
from portview.firewall.linux.rules import LinuxRules, status_of, takes_note
from portview.firewall.linux.scope import scope_of
from portview.firewall.linux.state import read_surroundings
from portview.firewall.tag import RuleTag, format_tag, new_id
from portview.i18n import _

if TYPE_CHECKING:
    from portview.domain.firewall import RuleSpec
    from portview.firewall.interface import FirewallRules
    from portview.firewall.linux.machine import Machine
    from portview.firewall.linux.nft_changes import Command
    from portview.firewall.linux.ruleset import Ruleset

_UFW_FILES = (Path("/etc/ufw/user.rules"), Path("/etc/ufw/user6.rules"))


class LinuxFirewall:
    """nftables' rules through nft, changed through whoever keeps them."""

    def __init__(self) -> None:
        """Create a firewall that has read nothing yet."""
        self._last: LinuxRules | None = None
        self._kernel_generation: int | None = None
        self._ufw_files: tuple[int | None, ...] = ()
        self._is_refused = False

    def read(self) -> LinuxRules:
        """Return the rules as they are now; cheap where nothing changed since the last call."""
        generation, machine = read_generation(), read_machine()
        files = tuple(map(_age, _UFW_FILES))
        number = self._last.generation + 1 if self._last else 1
        if self._is_current(generation) and files == self._ufw_files:
            assert self._last  # noqa: S101 - it is current
            machine = replace(machine, surroundings=read_surroundings(self._last.ruleset, machine))
            if self._last.ruleset is not None and machine != self._last.machine:
                self._last = _rules_of(number, self._last.ruleset, machine)
            return self._last
        reading = read_ruleset()
        machine = replace(machine, surroundings=read_surroundings(reading.ruleset, machine))
        if reading.ruleset is None:
            status = FirewallStatus(
                "none",
                is_on=None,
                summary=_("Whether a firewall is on could not be read."),
                problem=reading.problem,
                hint=reading.hint,
            )
            self._last = LinuxRules(number, None, machine, status)
        else:
            self._last = _rules_of(number, reading.ruleset, machine)
        self._kernel_generation, self._ufw_files = generation, files
        self._is_refused = reading.is_refused
        return self._last

    def plan(self, rule_spec: RuleSpec, rules: FirewallRules) -> RuleChange:
        """Return how a rule would be made. Changes nothing. Raises PortViewError."""
        if not isinstance(rules, LinuxRules) or rules.ruleset is None:
            raise _unread(rules.status)
        rule_id = new_id()
        scope = scope_of(rule_spec, rules.machine)
        tag = format_tag(RuleTag(rule_id, rule_spec.expires_at_ms, rule_spec.until))
        commands, warnings, notes = plan_rule(rule_spec, scope, tag, rules, _ufw_rules)
        if not commands:
            raise _nothing_to_make(warnings)
        name = rule_name(rule_spec.effect, rule_spec.protocol, rule_spec.port, rule_id)
        return RuleChange(rule_id, name, commands, warnings, notes)

    def plan_removal(self, own: ManagedRule) -> RuleChange:
        """Return how a rule of PortView's would be revoked. Reads the rules, changes nothing.

        Raises PortViewError where the rule is gone already.
        """
        commands = self._removals(own.id)
        if not commands:
            raise PortViewError(
                "rule_gone", _("The rule no longer exists."), outcome=Outcome.NOT_DONE
            )
        rule_spec = own.rule_spec
        name = rule_name(rule_spec.effect, rule_spec.protocol, rule_spec.port, own.id)
        return RuleChange(own.id, name, commands)

    def apply(self, change: RuleChange) -> None:
        """Run the commands of a change. Raises PortViewError, NEEDS_ADMIN where that is why.

        That it returns is no proof: read the rules again.
        """
        check_commands(change.commands, lambda: set(self._removals(change.id)))
        run_commands(change.commands)

    def close(self) -> None:
        """Free what watches the rules: nothing does."""

    def _removals(self, rule_id: str) -> tuple[Command, ...]:
        """Return the commands that remove what is there now of a rule of PortView's."""
        rules = self.read()
        if rules.ruleset is None:
            raise _unread(rules.status)
        commands: tuple[Command, ...] = ()
        for parts in managed_rule_parts(rules.ruleset):
            if parts.own.id == rule_id:
                commands += nft_changes.plan_removal(parts.rules, rules.ruleset)
        for own in ufw.managed_rules(_ufw_rules()):
            if own.id == rule_id:
                commands += ufw.plan_removal(own)
        for own in firewalld.managed_rules(rules.ruleset):
            if own.id == rule_id:
                commands += firewalld.plan_removal(own, rules.ruleset)
        return commands

    def _is_current(self, generation: int | None) -> bool:
        last = self._last
        if last is None:
            return False
        if generation is None:
            return self._is_refused
        # What times out, or is added by traffic, changes without a new generation.
        is_steady = last.ruleset is not None and not last.ruleset.changes_by_itself
        return is_steady and generation == self._kernel_generation


def _rules_of(number: int, ruleset: Ruleset, machine: Machine) -> LinuxRules:
    status = status_of(ruleset, machine)
    if any(map(takes_note, ruleset.rules())):
        status = replace(status, drop_log=find_log_file())
    own = tuple(parts.own for parts in managed_rule_parts(ruleset)) + firewalld.managed_rules(
        ruleset
    )
    # Also while ufw is off: they would be back with it.
    own += ufw.managed_rules(_ufw_rules())
    return LinuxRules(number, ruleset, machine, status, own)


def _age(path: Path) -> int | None:
    """Return what changes when a file does, None where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _ufw_rules() -> list[ufw.UfwRule]:
    found: list[ufw.UfwRule] = []
    for path in _UFW_FILES:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found += ufw.parse_user_rules(text)
    return found


def _nothing_to_make(warnings: tuple[str, ...]) -> PortViewError:
    if warnings:
        message = _("No rule would help. {warnings}").format(warnings=" ".join(warnings))
        return PortViewError("no_rule_helps", message, outcome=Outcome.NOT_DONE)
    message = _("No rule is needed: the firewall treats these clients so already.")
    return PortViewError("rule_not_needed", message, outcome=Outcome.DONE)


def _unread(status: FirewallStatus) -> PortViewError:
    outcome = Outcome.NEEDS_ADMIN if "root" in status.problem else Outcome.FAILED
    return PortViewError("firewall_unread", status.problem, status.hint, outcome)
