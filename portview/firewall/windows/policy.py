"""What the registry says about the firewall: stores of rules, and the settings of profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias

from portview.domain.firewall import ProfileState, RuleEffect
from portview.firewall.windows.surroundings import Profile
from portview.i18n import N_, _

Values: TypeAlias = Mapping[str, int | str]
"""Values of one registry key by name in lower case; numbers and texts only."""

SERVICE_IS_DISABLED = 4
"""``Start`` of a service that is never started (SERVICE_DISABLED, winnt.h)."""

_LOCAL_KEYS = {
    Profile.DOMAIN: "domainprofile",
    Profile.PRIVATE: "standardprofile",
    Profile.PUBLIC: "publicprofile",
}
_POLICY_KEYS = {
    Profile.DOMAIN: "domainprofile",
    Profile.PRIVATE: "privateprofile",
    Profile.PUBLIC: "publicprofile",
}


class Store(Enum):
    """A place where rules stand; the value is what people are informed of it."""

    LOCAL = N_("local rules")
    POLICY = N_("Group Policy")
    MDM = N_("device management")
    STATIC = N_("service hardening")
    CONFIGURABLE = N_("configurable service hardening")
    APP_ISOLATION = N_("app isolation")

    @property
    def is_hardening(self) -> bool:
        """Return whether the rules restrict services or apps, whatever the firewall allows."""
        return self in {Store.STATIC, Store.CONFIGURABLE, Store.APP_ISOLATION}


class StoredRule(NamedTuple):
    """One registry value that holds a rule: its store, its name and its text."""

    store: Store
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Policy:
    r"""All that the registry says, unjudged.

    ``local``, ``policy`` and ``mdm`` are the settings of profiles: key name in lower case to its
    values; the values of a ``Logging`` key stand under "domainprofile\logging". ``service_start``
    is how the firewall's service is started, None where there is no such service.
    """

    rules: tuple[StoredRule, ...] = ()
    local: Mapping[str, Values] = field(default_factory=dict)
    policy: Mapping[str, Values] = field(default_factory=dict)
    mdm: Mapping[str, Values] = field(default_factory=dict)
    service_start: int | None = None

    def setting(self, profile: Profile, name: str, below: str = "") -> tuple[int | str | None, str]:
        """Return a value and who set it ("Group Policy", "device management", ""); None if none.

        Group Policy wins over device management and this over the local settings, value by value.
        ``StandardProfile`` of Group Policy counts for both private and public networks where it
        has neither of these (MS-GPFAS 2.2.3).
        """
        places = (
            (self.policy, self._policy_key(profile), _(Store.POLICY.value)),
            (self.mdm, _LOCAL_KEYS[profile], _(Store.MDM.value)),
            (self.local, _LOCAL_KEYS[profile], ""),
        )
        for settings, key, who in places:
            value = settings.get(key + below, {}).get(name.casefold())
            if value is not None:
                return value, who
        return None, ""

    def profile_state(self, profile: Profile, *, is_active: bool) -> ProfileState:
        """Return the settings of a profile that are in force, with the defaults where none is."""
        notes: list[str] = []

        def number(name: str, default: int) -> int:
            value, who = self.setting(profile, name)
            if not isinstance(value, int):
                return default
            if who and bool(value) != bool(default):
                notes.append(_("{meaning} by {who}.").format(meaning=_(_MEANING[name]), who=who))
            return value

        def merges() -> bool:
            # Only who sets the policy can say that nothing else counts.
            name = "AllowLocalPolicyMerge"
            return not self.setting(profile, name)[1] or number(name, 1) != 0

        if self.leaves_interfaces_out(profile):
            notes.append(_("Some network interfaces are left out of the firewall."))
        is_on = number("EnableFirewall", 1) != 0
        blocks_all = number("DoNotAllowExceptions", 0) != 0
        blocks = number("DefaultInboundAction", 1) != 0
        return ProfileState(
            profile.value,
            is_active=is_active,
            is_on=is_on,
            inbound_default=RuleEffect.BLOCK if blocks else RuleEffect.ALLOW,
            blocks_all_inbound=blocks_all,
            counts_local_rules=merges(),
            notes=tuple(notes),
        )

    def leaves_interfaces_out(self, profile: Profile) -> bool:
        """Return whether the firewall filters nothing on some network interfaces.

        ``DisabledInterfaces`` lists their GUIDs (FW_PROFILE_CONFIG_DISABLED_INTERFACES, MS-FASP).
        """
        value, _unused = self.setting(profile, "DisabledInterfaces")
        return isinstance(value, str) and "{" in value

    def drop_log(self, profile: Profile) -> str | None:
        """Return the file in which Windows notes the packets that it drops, None if it does not."""
        if not self.setting(profile, "LogDroppedPackets", "\\logging")[0]:
            return None
        path, _unused = self.setting(profile, "LogFilePath", "\\logging")
        if isinstance(path, str) and path.strip():
            return path
        return r"%systemroot%\system32\LogFiles\Firewall\pfirewall.log"

    def _policy_key(self, profile: Profile) -> str:
        own = ("privateprofile", "publicprofile")
        if profile is not Profile.DOMAIN and not any(key in self.policy for key in own):
            return "standardprofile"
        return _POLICY_KEYS[profile]


_MEANING = {
    "EnableFirewall": N_("The firewall is switched off"),
    "DoNotAllowExceptions": N_("All inbound connections are blocked"),
    "DefaultInboundAction": N_("What no rule matches is allowed"),
    "AllowLocalPolicyMerge": N_("Local rules are ignored"),
}
"""What a value other than the default means."""
