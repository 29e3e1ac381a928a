"""What may tell who and where a person is does not stay in a record; what is needed does."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.windows.socket_tables import LAYOUTS, decode_row
from portview.selftest.netsh_output import encode_console, parsed
from portview.selftest.redaction import Redactor
from windows_program.smoke.netsh_texts import LANGUAGES, service_state

FOLDER = "C:\\Windows"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor({"alice", "WORKSTATION7"}, [FOLDER])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Listening on 10.20.30.40:8080", "Listening on 192.0.2.1:8080"),
        ("[2a02:8071::17]:80", "[2001:db8::1]:80"),
        ("127.0.0.1 and ::1 and 0.0.0.0", "127.0.0.1 and ::1 and 0.0.0.0"),
        ("Windows 10.0.22631.4317", "Windows 10.0.22631.4317"),
        ("User: WORKSTATION7\\alice", "User: <account>"),
        ("User: NT AUTHORITY\\SYSTEM", "User: NT AUTHORITY\\SYSTEM"),
        ("by Alice on workstation7.", "by <name> on <name>."),
        ("Image: C:\\Users\\alice\\my shop\\server.exe", "Image: <path>"),
        ("Image: C:\\Windows\\System32\\svchost.exe", "Image: C:\\Windows\\System32\\svchost.exe"),
        ("SDDL: D:(A;;GX;;;S-1-5-21-1-2-3-1001)", "SDDL: D:(A;;GX;;;S-1-5-21-0-0-0-0)"),
        ("SDDL: D:(A;;GX;;;S-1-5-20)", "SDDL: D:(A;;GX;;;S-1-5-20)"),
        ("aa-bb-cc-dd-ee-ff", "00-00-00-00-00-00"),
        ("HTTP://shop.example.org:8080/alice/", "HTTP://host.invalid:8080/"),
        ("http://+:80/x http://[2a02::1]:81/y", "http://+:80/ http://[2001:db8::1]:81/"),
        ("49152  65535", "49152  65535"),
    ],
)
def test_texts(redactor: Redactor, text: str, expected: str) -> None:
    assert redactor.text(text) == expected


@given(st.ip_addresses())
def test_an_address_becomes_another_one_of_its_kind_always_the_same(address: object) -> None:
    redactor = Redactor(())
    other = ip_address(redactor.address(str(address)))
    assert other == ip_address(redactor.address(str(address)))
    original = ip_address(str(address))
    assert other.version == original.version
    says_nothing = original.is_loopback or original.is_unspecified or original.is_multicast
    assert (other == original) == says_nothing or str(other).startswith(("192.0.2.", "2001:db8:"))


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_a_row_keeps_all_but_its_addresses(name: str, data: st.DataObject) -> None:
    layout = LAYOUTS[name]
    raw = data.draw(st.binary(min_size=layout.used, max_size=layout.used))
    before, after = decode_row(raw, layout), decode_row(Redactor(()).row(raw, layout), layout)
    assert after._replace(local=before.local, remote=before.remote) == before
    assert after.local.port == before.local.port
    assert (after.remote is None) == (before.remote is None)


@pytest.mark.parametrize("page", sorted(LANGUAGES))
def test_redacted_output_is_read_like_the_original(redactor: Redactor, page: int) -> None:
    text = redactor.text(service_state(page, 8080, 4242))
    (read,) = parsed("service_state", encode_console(text, page), page)
    assert (read["port"], read["pids"]) == (8080, [4242])
    assert read["queue"] == LANGUAGES[page].queue_name
