"""Rules and settings of the firewall, straight from the registry; no administrator rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portview.firewall.windows.policy import Policy, Store, StoredRule
from portview.readers.windows.registry import KeyWatch, read_values

if TYPE_CHECKING:
    from portview.firewall.windows.policy import Values

_SERVICE_KEY = r"SYSTEM\CurrentControlSet\Services\MpsSvc"
LOCAL_KEY = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
POLICY_KEY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
STORE_KEYS = {
    Store.LOCAL: rf"{LOCAL_KEY}\FirewallRules",
    Store.POLICY: rf"{POLICY_KEY}\FirewallRules",
    Store.MDM: rf"{LOCAL_KEY}\Mdm\FirewallRules",
    Store.STATIC: rf"{LOCAL_KEY}\RestrictedServices\Static\System",
    Store.CONFIGURABLE: rf"{LOCAL_KEY}\RestrictedServices\Configurable\System",
    Store.APP_ISOLATION: rf"{LOCAL_KEY}\RestrictedServices\AppIso\FirewallRules",
}
_PROFILE_KEYS = ("DomainProfile", "StandardProfile", "PrivateProfile", "PublicProfile")


class FirewallRegistry:
    """Reads all that the registry says about the firewall, again only after a change.

    Belongs to one thread at a time. Call ``close`` when done.
    """

    def __init__(self) -> None:
        """Load the libraries. Raises OSError on other systems."""
        self._watches = (KeyWatch(LOCAL_KEY), KeyWatch(POLICY_KEY))
        self._policy: Policy | None = None
        self._is_stale = True

    def read(self) -> Policy | None:
        """Return what the registry says; the same object as before where nothing changed.

        None where this system has no firewall settings at all. Raises OSError.
        """
        # Both are asked, because each waits for its next change from here on.
        changed = [watch.has_changed() for watch in self._watches]
        if self._is_stale or any(changed):
            self._is_stale = True  # until it was read without an error
            self._policy = _read()
            self._is_stale = False
        return self._policy

    def close(self) -> None:
        """Stop watching."""
        for watch in self._watches:
            watch.close()


def _read() -> Policy | None:
    settings = read_values(LOCAL_KEY)
    if settings is None:
        return None
    rules: list[StoredRule] = []
    for store, path in STORE_KEYS.items():
        values = read_values(path) or {}
        rules.extend(
            StoredRule(store, name, value)
            for name, value in values.items()
            if isinstance(value, str) and value
        )
    service = read_values(_SERVICE_KEY) or {}
    start = _lower(service).get("start")
    return Policy(
        tuple(rules),
        _profiles(LOCAL_KEY),
        _profiles(POLICY_KEY),
        _profiles(rf"{LOCAL_KEY}\Mdm"),
        start if isinstance(start, int) else None,
    )


def _profiles(path: str) -> dict[str, Values]:
    """Read the settings of all profiles below a key; those that are not there are left out."""
    found: dict[str, Values] = {}
    for name in _PROFILE_KEYS:
        for below in ("", r"\Logging"):
            values = read_values(rf"{path}\{name}{below}")
            if values is not None:
                found[f"{name}{below}".lower()] = _lower(values)
    return found


def _lower(values: Values) -> dict[str, int | str]:
    return {name.lower(): value for name, value in values.items()}
