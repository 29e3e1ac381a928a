"""The Windows firewall as it was at one moment."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from portview.domain.destination import Destination
from portview.domain.facts import Known, Unreadable
from portview.domain.firewall import FirewallAnswer, FirewallStatus, FirewallVerdict
from portview.domain.plain_text import inert
from portview.firewall.windows.decide import decide
from portview.firewall.windows.describe import networks
from portview.firewall.windows.index import RuleIndex
from portview.firewall.windows.managed_rules import managed_rules
from portview.firewall.windows.policy import SERVICE_IS_DISABLED, Policy
from portview.firewall.windows.programs import filled_in
from portview.firewall.windows.surroundings import Profile, Surroundings
from portview.i18n import N_, _, join_list, join_sentences

if TYPE_CHECKING:
    from collections.abc import Collection

    from portview.domain.destination import ClientOrigin
    from portview.domain.facts import Fact
    from portview.domain.firewall import FirewallQuestion, ManagedRule, ProfileState

MANAGER = "windows"
_LONGEST_NAME = 80
_STATES = {
    "off": N_("Windows' firewall is off {networks}."),
    "blocking": N_("Windows' firewall blocks all inbound connections {networks}."),
    "active": N_("Windows' firewall is active {networks}."),
}
_DISABLED = (
    N_("The service of Windows' firewall is disabled, so it can't be determined what is filtered."),
    N_("Have the service “Windows Defender Firewall” (MpsSvc) start automatically."),
)


class WindowsRules:
    """All rules and settings as they were at one moment. Immutable; any thread; does no I/O.

    Except that names which Windows keeps in its libraries are looked up when first shown.
    """

    def __init__(
        self,
        generation: int,
        policy: Policy,
        surroundings: Surroundings,
    ) -> None:
        """Store what the registry says, and the machine around it."""
        self._generation = generation
        self._policy = policy
        self._surroundings = surroundings
        self._index = RuleIndex(policy.rules, surroundings.variables)
        self._profiles = {
            profile: policy.profile_state(profile, is_active=profile in surroundings.active)
            for profile in Profile
        }

        self._leaky = {one for one in Profile if policy.leaves_interfaces_out(one)}

    @property
    def generation(self) -> int:
        """Return a number that changes whenever rules or settings were read again and differ."""
        return self._generation

    @cached_property
    def status(self) -> FirewallStatus:
        """Return the state of the firewall as a whole."""
        if obstacle := self._obstacle:
            problem, hint = obstacle
            return FirewallStatus(
                MANAGER,
                None,
                problem,
                tuple(self._profiles.values()),
                len(self._policy.rules),
                problem=problem,
                hint=hint,
            )
        counting = self._surroundings.active or frozenset(Profile)
        return FirewallStatus(
            MANAGER,
            any(self._profiles[profile].is_on for profile in counting),
            self._summary(counting),
            tuple(self._profiles.values()),
            len(self._policy.rules),
            self._drop_log(counting),
        )

    @cached_property
    def managed_rules(self) -> tuple[ManagedRule, ...]:
        """Return the rules that PortView made."""
        return managed_rules(self._policy.rules, self._surroundings)

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        """Return what happens to the traffic that the question describes."""
        if obstacle := self._obstacle:
            problem, hint = obstacle
            return FirewallAnswer(FirewallVerdict.UNKNOWN, problem, next_step=hint)
        answer = decide(question, self._index, self._profiles, self._surroundings, self._leaky)
        doubts = [
            _("It could not be checked: {doubt}.").format(doubt=doubt) for doubt in self._unchecked
        ]
        return replace(answer, reason=join_sentences(answer.reason, *doubts))

    def destinations(
        self, question: FirewallQuestion, origin: ClientOrigin
    ) -> Fact[tuple[Destination, ...]]:
        """Return the port that was called: rules of Windows' firewall change no destination.

        A port proxy (netsh interface portproxy) is a listener of its own, and the ports of WinNAT's
        static mappings are reserved for it.
        """
        return Known((Destination(origin, question.port),))

    @property
    def _obstacle(self) -> tuple[str, str] | None:
        """Return why these rules say nothing about what is filtered, and what to do about it."""
        around = self._surroundings
        if self._policy.service_start == SERVICE_IS_DISABLED:
            return (_(_DISABLED[0]), _(_DISABLED[1]))
        if isinstance(around.products, Known) and around.products.value:
            names = join_list(inert(name, _LONGEST_NAME) for name in around.products.value)
            return (
                _(
                    "{products} has taken over the firewall of Windows; "
                    "PortView can't read its rules."
                ).format(products=names),
                _("Check the firewall settings of {products}.").format(products=names),
            )
        if isinstance(around.is_service_running, Known) and not around.is_service_running.value:
            return (
                _(
                    "The service of Windows' firewall is stopped, so it is unknown what is "
                    "filtered."
                ),
                _("Start the service “Windows Defender Firewall” (MpsSvc)."),
            )
        return None

    @property
    def _unchecked(self) -> tuple[str, ...]:
        """Return what could not be read that may make these rules count for nothing."""
        facts = (self._surroundings.products, self._surroundings.is_service_running)
        return tuple(fact.reason for fact in facts if isinstance(fact, Unreadable))

    def _summary(self, counting: Collection[Profile]) -> str:
        sentences = []
        for state, sentence in _STATES.items():
            where = [one for one in counting if _state(self._profiles[one]) == state]
            if where:
                sentences.append(_(sentence).format(networks=networks(where)))
        if not self._surroundings.active:
            sentences.append(
                _(
                    "Windows does not say which networks are connected, so the strictest answer is "
                    "assumed."
                )
            )
        return join_sentences(*sentences)

    def _drop_log(self, counting: Collection[Profile]) -> str | None:
        logs = [self._policy.drop_log(profile) for profile in Profile if profile in counting]
        path = next(filter(None, logs), None)
        return filled_in(path, self._surroundings.variables) if path else None


class NoWindowsRules:
    """Stands for rules that could not be read; every answer says why."""

    def __init__(self, generation: int, problem: str, hint: str = "") -> None:
        """Store one sentence that says why, and what to do about it."""
        self._generation = generation
        self.problem = problem
        self._hint = hint

    @property
    def generation(self) -> int:
        """Return a number that changes whenever something else is the matter."""
        return self._generation

    @property
    def status(self) -> FirewallStatus:
        """Return that nothing is known, and why."""
        return FirewallStatus(MANAGER, None, self.problem, problem=self.problem, hint=self._hint)

    @property
    def managed_rules(self) -> tuple[ManagedRule, ...]:
        """Return none."""
        return ()

    def decide(self, question: FirewallQuestion) -> FirewallAnswer:
        """Return that it is not known, and why."""
        del question
        return FirewallAnswer(FirewallVerdict.UNKNOWN, self.problem, next_step=self._hint)

    def destinations(
        self, question: FirewallQuestion, origin: ClientOrigin
    ) -> Fact[tuple[Destination, ...]]:
        """Return the port that was called: rules of Windows' firewall change no destination."""
        return Known((Destination(origin, question.port),))


def _state(state: ProfileState) -> str:
    if not state.is_on:
        return "off"
    return "blocking" if state.blocks_all_inbound else "active"
