"""What a Java archive's manifest says of it, however it was packed, and whoever made it."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.readers.recognition.jar_manifest import main_attributes

MANIFEST = (
    "Manifest-Version: 1.0\r\n"
    "Implementation-Title: Corner shop with a name that goes on in the next li\r\n"
    " ne\r\n"
    "\r\n"
    "Name: org/example/Shop.class\r\n"
    "Implementation-Title: Another\r\n"
)


def archive(method: int, *, before: tuple[str, ...] = ()) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as jar:
        for name in before:
            jar.writestr(name, b"" if name.endswith("/") else b"x" * 100)
        jar.writestr("META-INF/MANIFEST.MF", MANIFEST)
        jar.writestr("Shop.class", b"\xca\xfe\xba\xbe")
    return content.getvalue()


class Unseekable(io.BytesIO):
    """A stream on which sizes can only be written behind the data, as Java's own tool does."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("before", [(), ("META-INF/",), ("META-INF/", "a.txt")])
def test_main_attributes(method: int, before: tuple[str, ...]) -> None:
    found = main_attributes(archive(method, before=before))
    assert found["implementation-title"] == "Corner shop with a name that goes on in the next line"


def test_sizes_that_stand_behind_the_data() -> None:
    content = Unseekable()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr("META-INF/MANIFEST.MF", MANIFEST)
    assert "implementation-title" in main_attributes(content.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_java_can_not_read_is_not_read(method: int) -> None:
    assert main_attributes(archive(method)) == {}


def test_a_manifest_that_unpacks_to_very_much_is_bounded() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as jar:
        jar.writestr("META-INF/MANIFEST.MF", "A: " + "x" * 50_000_000)
    assert len(main_attributes(content.getvalue())["a"]) == 200


@given(st.binary(max_size=300), st.integers(0, 200))
def test_anything_is_read_without_an_error(content: bytes, place: int) -> None:
    main_attributes(content)
    whole = archive(zipfile.ZIP_DEFLATED)
    main_attributes(whole[:place] + content + whole[place:])
