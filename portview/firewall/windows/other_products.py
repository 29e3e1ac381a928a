"""Which products have taken over the firewall of Windows (INetFwProducts, netfw.h)."""

from __future__ import annotations

import ctypes
import logging
from ctypes import wintypes

from portview.domain.facts import Absent, Fact, Known, Unreadable
from portview.i18n import _
from portview.readers.windows.com import ComObject, apartment, com_object
from portview.readers.windows.dll import bind, load_library

logger = logging.getLogger(__name__)

_PRODUCTS = ("CC19079B-8272-4D73-BB70-CDB533527B61", "39EB36E0-2097-40BD-8AF2-63A13B525362")
# Places in their tables, after the seven of IDispatch.
_GET_COUNT, _ITEM = 7, 9
_GET_RULE_CATEGORIES, _GET_DISPLAY_NAME = 7, 9
_CATEGORY_FIREWALL = 2
"""NET_FW_RULE_CATEGORY_FIREWALL, icftypes.h: the rules for which traffic gets in."""

_MOST_PRODUCTS, _MOST_CATEGORIES, _LONGEST_NAME = 32, 16, 200
_VT_I4, _VT_VARIANT, _VT_ARRAY = 3, 12, 0x2000


class _Variant(ctypes.Structure):
    """VARIANT, oaidl.h."""

    _fields_ = (
        ("kind", wintypes.WORD),
        ("reserved", wintypes.WORD * 3),
        ("value", ctypes.c_void_p),
        ("more", ctypes.c_void_p),
    )


def products_in_charge() -> Fact[tuple[str, ...]]:
    """Return the products that filter in place of Windows' firewall; Absent where none does.

    A product registers for the categories of rules that it takes over; one that only has those for
    the start of the system or for IPsec leaves the firewall to Windows. A few milliseconds; no
    administrator rights; any thread.
    """
    try:
        with apartment(), com_object(*_PRODUCTS) as products:
            names = names_in_charge(products)
    except OSError as error:
        logger.debug("which firewall products there are can't be read: %s", error)
        return Unreadable(_("Windows does not say whether another product filters in its place"))
    return Known(names) if names else Absent()


def names_in_charge(products: ComObject) -> tuple[str, ...]:
    """Return the names of those of some products that take over the firewall. Raises OSError.

    ``products`` is an INetFwProducts.
    """
    count = ctypes.c_long()
    _check(products.call(_GET_COUNT, (ctypes.c_void_p, ctypes.byref(count))))
    found = (
        _name_where_in_charge(products, place) for place in range(min(count.value, _MOST_PRODUCTS))
    )
    return tuple(name for name in found if name is not None)


def _name_where_in_charge(products: ComObject, place: int) -> str | None:
    found = ctypes.c_void_p()
    _check(products.call(_ITEM, (ctypes.c_long, place), (ctypes.c_void_p, ctypes.byref(found))))
    if not found.value:
        return None
    product = ComObject(found.value)
    try:
        return _display_name(product) if _CATEGORY_FIREWALL in _categories(product) else None
    finally:
        product.release()


def _display_name(product: ComObject) -> str:
    text = ctypes.c_void_p()
    _check(product.call(_GET_DISPLAY_NAME, (ctypes.c_void_p, ctypes.byref(text))))
    automation = load_library("oleaut32.dll")
    length = bind(automation, "SysStringLen", wintypes.UINT, ctypes.c_void_p)(text)
    try:
        name = ctypes.wstring_at(text.value, min(length, _LONGEST_NAME)) if text.value else ""
    finally:
        bind(automation, "SysFreeString", None, ctypes.c_void_p)(text)
    return name


def _categories(product: ComObject) -> set[int]:
    """Return the categories of rules that a product takes over: an array of numbers."""
    automation = load_library("oleaut32.dll")
    variant = _Variant()
    _check(product.call(_GET_RULE_CATEGORIES, (ctypes.c_void_p, ctypes.byref(variant))))
    try:
        if not variant.kind & _VT_ARRAY or not variant.value:
            raise OSError("the categories of a firewall product are no array")
        return _numbers(automation, variant.value, variant.kind & ~_VT_ARRAY)
    finally:
        bind(automation, "VariantClear", ctypes.c_long, ctypes.c_void_p)(ctypes.byref(variant))


def _numbers(automation: ctypes.CDLL, array: int, kind: int) -> set[int]:
    bound = [ctypes.c_long(), ctypes.c_long()]
    for name, value in zip(("SafeArrayGetLBound", "SafeArrayGetUBound"), bound, strict=True):
        get = bind(automation, name, ctypes.c_long, ctypes.c_void_p, wintypes.UINT, ctypes.c_void_p)
        _check(get(array, 1, ctypes.byref(value)))
    get_element = bind(
        automation,
        "SafeArrayGetElement",
        ctypes.c_long,
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
    )
    low, high = (value.value for value in bound)
    found = set()
    for place in range(low, min(high + 1, low + _MOST_CATEGORIES)):
        index, element, number = ctypes.c_long(place), _Variant(), ctypes.c_long()
        if kind == _VT_VARIANT:
            _check(get_element(array, ctypes.byref(index), ctypes.byref(element)))
            if element.kind != _VT_I4:
                raise OSError("a category of a firewall product is not a number")
            found.add(ctypes.c_long(element.value or 0).value)
        elif kind == _VT_I4:
            _check(get_element(array, ctypes.byref(index), ctypes.byref(number)))
            found.add(number.value)
        else:
            raise OSError("the categories of a firewall product are of an unknown kind")
    return found


def _check(code: int) -> None:
    if code < 0:
        raise OSError(f"a firewall product does not answer: {code & 0xFFFFFFFF:#x}")
