"""Which kinds of network this machine is connected to."""

from __future__ import annotations

import ctypes
import logging
from ctypes import wintypes

from portview.firewall.windows.surroundings import Profile
from portview.readers.windows.com import ComObject, apartment, com_object

logger = logging.getLogger(__name__)

# INetFwPolicy2 and INetworkListManager, netfw.h and netlistmgr.h.
_FIREWALL_POLICY = ("E2B3C97F-6AE1-41AC-817A-F6F92166D7DD", "98325047-C671-4174-8D81-DEFCD3F03186")
_NETWORK_LIST = ("DCB00C01-570F-4A9B-8D69-199FDBA5723B", "DCB00000-570F-4A9B-8D69-199FDBA5723B")
# Places in their tables, after the seven of IDispatch.
_GET_CURRENT_PROFILE_TYPES, _GET_NETWORKS, _NEXT, _GET_CATEGORY = 7, 7, 8, 18
_CONNECTED_NETWORKS = 1
_MOST_NETWORKS = 64
_BITS = {1: Profile.DOMAIN, 2: Profile.PRIVATE, 4: Profile.PUBLIC}
"""NET_FW_PROFILE_TYPE2, icftypes.h."""

_CATEGORIES = {0: Profile.PUBLIC, 1: Profile.PRIVATE, 2: Profile.DOMAIN}
"""NLM_NETWORK_CATEGORY, netlistmgr.h."""


def active_profiles() -> frozenset[Profile]:
    """Return the profiles of the connected networks; none where Windows does not say. Any thread.

    The firewall itself is asked first, because it is its view that counts, then the list of
    networks. A few milliseconds; no administrator rights.
    """
    try:
        with apartment():
            return _of_firewall() or _of_networks()
    except OSError as error:
        logger.debug("which profiles are active can't be read: %s", error)
        return frozenset()


def _of_firewall() -> frozenset[Profile]:
    try:
        with com_object(*_FIREWALL_POLICY) as policy:
            bits = ctypes.c_long()
            code = policy.call(_GET_CURRENT_PROFILE_TYPES, (ctypes.c_void_p, ctypes.byref(bits)))
    except OSError as error:
        logger.debug("the firewall does not answer: %s", error)
        return frozenset()
    known = (profile for bit, profile in _BITS.items() if bits.value & bit)
    return frozenset(known) if code == 0 else frozenset()


def _of_networks() -> frozenset[Profile]:
    with com_object(*_NETWORK_LIST) as networks:
        found = ctypes.c_void_p()
        code = networks.call(
            _GET_NETWORKS,
            (ctypes.c_int, _CONNECTED_NETWORKS),
            (ctypes.c_void_p, ctypes.byref(found)),
        )
        if code != 0 or not found.value:
            return frozenset()
        enumeration = ComObject(found.value)
        try:
            return frozenset(_categories(enumeration))
        finally:
            enumeration.release()


def _categories(enumeration: ComObject) -> list[Profile]:
    profiles = []
    for _ in range(_MOST_NETWORKS):
        one, count = ctypes.c_void_p(), wintypes.ULONG()
        code = enumeration.call(
            _NEXT,
            (wintypes.ULONG, 1),
            (ctypes.c_void_p, ctypes.byref(one)),
            (ctypes.c_void_p, ctypes.byref(count)),
        )
        if code != 0 or not one.value:
            break
        network, category = ComObject(one.value), ctypes.c_int(-1)
        try:
            if network.call(_GET_CATEGORY, (ctypes.c_void_p, ctypes.byref(category))) == 0:
                profiles.append(_CATEGORIES[category.value])
        except KeyError:
            logger.debug("a network of unknown category %d", category.value)
        finally:
            network.release()
    return profiles
