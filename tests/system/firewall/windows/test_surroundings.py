"""What Windows tells of other firewalls, its service and long paths; COM objects are stand-ins."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any

import pytest

from portview.domain.facts import Absent, Known, Unreadable
from portview.firewall.windows.long_paths import long_path
from portview.firewall.windows.other_products import names_in_charge, products_in_charge
from portview.firewall.windows.service_state import is_service_running
from portview.readers.windows.com import ComObject
from portview.readers.windows.dll import bind, load_library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

pytestmark = pytest.mark.windows_only(reason="asks COM, services and files of Windows")

BOOT, FIREWALL, IPSEC = 0, 2, 3
VT_I4, VT_VARIANT, VT_ARRAY, VT_BSTR = 3, 12, 0x2000, 8
FAILED = -0x7FFFBFFB  # E_FAIL


class Variant(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_ushort),
        ("reserved", ctypes.c_ushort * 3),
        ("value", ctypes.c_void_p),
        ("more", ctypes.c_void_p),
    )


class StandIn:
    """A COM object with some methods by their places; it counts its references."""

    def __init__(self, methods: dict[int, tuple[Callable[..., int], Sequence[Any]]]) -> None:
        self.references = 1
        kinds = {2: (self._release, ()), **methods}
        self._functions = {
            place: ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, *arguments)(
                lambda _this, *values, work=work: work(*values)
            )
            for place, (work, arguments) in kinds.items()
        }
        self._table = (ctypes.c_void_p * 12)()
        for place, function in self._functions.items():
            self._table[place] = ctypes.cast(function, ctypes.c_void_p).value
        self._pointer = ctypes.c_void_p(ctypes.addressof(self._table))

    @property
    def address(self) -> int:
        return ctypes.addressof(self._pointer)

    def _release(self) -> int:
        self.references -= 1
        return 0


def put(address: int, kind: Any, value: Any) -> None:
    ctypes.cast(address, ctypes.POINTER(kind)).contents.value = value


def product(name: str, categories: Sequence[int], *, kind: int = VT_VARIANT) -> StandIn:
    """Return an INetFwProduct."""
    automation = load_library("oleaut32.dll")

    def get_categories(address: int) -> int:
        create = bind(automation, "SafeArrayCreateVector", ctypes.c_void_p, *[ctypes.c_uint] * 3)
        array = create(kind, 0, len(categories))
        put_element = bind(automation, "SafeArrayPutElement", ctypes.c_long, *[ctypes.c_void_p] * 3)
        for place, category in enumerate(categories):
            index, number = ctypes.c_long(place), ctypes.c_long(category)
            boxed = Variant(VT_I4, value=category)
            element = ctypes.byref(boxed) if kind == VT_VARIANT else ctypes.byref(number)
            assert put_element(array, ctypes.byref(index), element) == 0
        found = ctypes.cast(address, ctypes.POINTER(Variant)).contents
        found.kind, found.value = VT_ARRAY | kind, array
        return 0

    def get_name(address: int) -> int:
        make = bind(automation, "SysAllocString", ctypes.c_void_p, ctypes.c_wchar_p)
        put(address, ctypes.c_void_p, make(name))
        return 0

    pointer = (ctypes.c_void_p,)
    return StandIn({7: (get_categories, pointer), 9: (get_name, pointer)})


def products(*several: StandIn) -> StandIn:
    """Return an INetFwProducts."""

    def get_count(address: int) -> int:
        put(address, ctypes.c_long, len(several))
        return 0

    def item(place: int, address: int) -> int:
        several[place].references += 1
        put(address, ctypes.c_void_p, several[place].address)
        return 0

    return StandIn(
        {7: (get_count, (ctypes.c_void_p,)), 9: (item, (ctypes.c_long, ctypes.c_void_p))}
    )


@pytest.mark.parametrize("kind", [VT_VARIANT, VT_I4])
def test_only_products_that_take_over_the_firewall_are_in_charge(kind: int) -> None:
    several = (
        product("Only at the start", [BOOT], kind=kind),
        product("Acme Schützer", [BOOT, FIREWALL], kind=kind),
        product("IPsec", [IPSEC], kind=kind),
        product("Second", [FIREWALL], kind=kind),
    )
    listed = products(*several)
    assert names_in_charge(ComObject(listed.address)) == ("Acme Schützer", "Second")
    assert [one.references for one in several] == [1, 1, 1, 1]


def test_none_are_none() -> None:
    assert names_in_charge(ComObject(products().address)) == ()


def test_a_product_that_does_not_answer_is_an_error() -> None:
    silent = StandIn({7: (lambda _address: FAILED, (ctypes.c_void_p,))})
    with pytest.raises(OSError, match="does not answer"):
        names_in_charge(ComObject(silent.address))
    with pytest.raises(OSError, match="does not answer"):
        names_in_charge(ComObject(products(silent).address))
    assert silent.references == 1


def test_categories_of_another_kind_are_an_error() -> None:
    texts = product("Odd", [], kind=VT_BSTR)
    with pytest.raises(OSError, match="unknown kind"):
        names_in_charge(ComObject(products(product("Odd", [1], kind=2)).address))
    assert names_in_charge(ComObject(products(texts).address)) == ()


def test_windows_itself_is_asked() -> None:
    assert isinstance(products_in_charge(), Known | Absent | Unreadable)


def test_the_state_of_a_service_is_known_or_it_is_absent() -> None:
    assert is_service_running("RpcSs") == Known(value=True)
    assert is_service_running("no such service") == Absent()


def test_a_short_path_is_written_out(tmp_path: Path) -> None:
    folder = tmp_path / "A long name indeed"
    folder.mkdir()
    program = folder / "server with a name.exe"
    program.touch()
    if sys.platform == "win32":
        short = ctypes.create_unicode_buffer(1000)
        get = ctypes.WinDLL("kernel32").GetShortPathNameW
        if not get(str(program), short, 1000) or "~" not in short.value:
            pytest.skip("this drive keeps no 8.3 names")
        found = long_path(short.value)
        assert found is not None
        assert found.lower() == str(program).lower()
    assert long_path(r"C:\PROGRA~9\nowhere.exe") is None
    assert long_path(r"\\server\PROGRA~1\x.exe") is None
