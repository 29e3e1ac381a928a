from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "packaging"))

from wine_bench.apt_sources import (
    AptSource,
    debian_mirror,
    parse_deb822,
    parse_one_line,
    read_sources,
)
from wine_bench.cache import default_home, recipe_hash
from wine_bench.errors import BenchError
from wine_bench.icon_font import ICONS, to_truetype
from wine_bench.lock import Pin, marker_holds, parse_lock, pins_for
from wine_bench.picture import Picture, difference_box, read_xwd, to_png
from wine_bench.shards import find_tests, run_shards, share_out
from wine_bench.truetype import assemble, name_table, read_tables, renamed

ONE, OTHER = "1" * 64, "2" * 64
LOCK = f"""\
# Comments and options are no pins.
--only-binary :all:
Some.Thing_Else==1.0 \\
    --hash=sha256:{ONE} \\
    --hash=sha256:{OTHER}
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:{ONE}
uvloop==1 ; sys_platform != 'win32' --hash=sha256:{ONE}
numpy==2.0.2 ; python_full_version < '3.13' --hash=sha256:{ONE}
numpy==2.5.5 ; python_full_version >= '3.13' --hash=sha256:{OTHER}  # the newest
"""


def test_a_lock_gives_each_pin_with_all_of_its_hashes() -> None:
    first = parse_lock(LOCK)[0]
    assert first == Pin("some-thing-else", "1.0", frozenset({ONE, OTHER}))
    assert first.requirement() == (
        f"some-thing-else==1.0 --hash=sha256:{ONE} --hash=sha256:{OTHER}"
    )


def test_only_the_pins_of_windows_are_kept() -> None:
    kept = [(pin.name, pin.version) for pin in pins_for(LOCK)]
    assert kept == [("some-thing-else", "1.0"), ("colorama", "0.4.6"), ("numpy", "2.0.2")]


def test_line_ends_of_windows_do_not_matter() -> None:
    assert parse_lock(LOCK.replace("\n", "\r\n")) == parse_lock(LOCK)


@pytest.mark.parametrize(
    "line",
    [
        "unhashed==1.0",
        f"ranged>=1.0 --hash=sha256:{ONE}",
        "weak==1.0 --hash=md5:0123",
        f"short==1.0 --hash=sha256:{ONE[1:]}",
        f"address @ file:///x --hash=sha256:{ONE}",
    ],
)
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(BenchError, match="not a pin"):
        parse_lock(line)


def test_the_lock_of_the_project_can_be_read() -> None:
    lock = Path(__file__).resolve().parents[3] / "packaging" / "requirements.lock"
    names = {pin.name for pin in pins_for(lock.read_text("utf-8"))}
    assert {"colorama", "psutil", "pyside6-essentials", "pytest", "shiboken6"} <= names


@pytest.mark.parametrize(
    ("marker", "holds"),
    [
        ("", True),
        ("sys_platform == 'win32'", True),
        ('"win32" == sys_platform', True),
        ("platform_system != 'Windows'", False),
        ("os_name=='nt' and implementation_name == 'pypy'", False),
        ("os_name == 'posix' or platform_machine == 'AMD64'", True),
        ("os_name == 'nt' or os_name == 'x' and os_name == 'y'", True),
        ("(os_name == 'nt' or os_name == 'x') and os_name == 'y'", False),
        ("python_version >= '3.9'", True),
        ("python_version < '3.9'", False),
        ("python_version == '3.11.0'", True),
        ("python_full_version <= '3.11.10'", True),
        ("python_full_version > '3.11.10'", False),
        ("'win' in sys_platform", True),
        ("sys_platform not  in 'linux darwin'", True),
        ("platform_python_implementation != 'PyPy'", True),
    ],
)
def test_markers_are_decided_for_windows(marker: str, holds: bool) -> None:
    assert marker_holds(marker) is holds


@pytest.mark.parametrize(
    "marker",
    [
        "unknown_name == 'x'",
        "os_name",
        "os_name ==",
        "os_name == 'nt' and",
        "(os_name == 'nt'",
        "os_name == 'nt')",
        "os_name 'nt'",
        "python_version ~= '3.9'",
        "os_name == nt; x",
    ],
)
def test_a_marker_that_can_not_be_read_is_refused(marker: str) -> None:
    with pytest.raises(BenchError, match="environment marker"):
        marker_holds(marker)


def test_sources_in_lines_are_read_with_and_without_options() -> None:
    text = """\
# deb http://mirror.example/debian sid main
deb http://mirror.example/debian bookworm main contrib # the first one
deb [arch=amd64 signed-by=/k.gpg] https://other.example/x  stable   extra
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/flat ./
"""
    assert parse_one_line(text) == (
        AptSource("http://mirror.example/debian", "bookworm", ("main", "contrib")),
        AptSource("https://other.example/x", "stable", ("extra",)),
        AptSource("http://mirror.example/flat", "./", ()),
    )


def test_sources_in_paragraphs_are_read_with_each_address_and_suite() -> None:
    text = """\
Types: deb deb-src
# http://snapshot.example/debian
URIs: http://a.example/debian
 http://b.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb-src
URIs: http://sources.example/debian
Suites: trixie
"""
    assert [(source.uri, source.suite) for source in parse_deb822(text)] == [
        ("http://a.example/debian", "trixie"),
        ("http://a.example/debian", "trixie-updates"),
        ("http://b.example/debian", "trixie"),
        ("http://b.example/debian", "trixie-updates"),
    ]


def test_the_mirror_is_that_of_debian_itself() -> None:
    sources = (
        AptSource("cdrom:[Debian]/", "bookworm", ("main",)),
        AptSource("http://security.example/debian", "bookworm-security", ("main",)),
        AptSource("http://third.example/apt", "bookworm", ("stable",)),
        AptSource("http://mirror.example/debian/", "bookworm", ("main", "contrib")),
    )
    assert debian_mirror(sources) == "http://mirror.example/debian"
    assert debian_mirror(sources[:3]) is None


def test_a_derivative_has_no_mirror_of_debian() -> None:
    assert debian_mirror([AptSource("http://mirror.example/ubuntu", "noble", ("main",))]) is None


def test_a_list_of_mirrors_is_followed(tmp_path: Path) -> None:
    mirrors = tmp_path / "debian.list"
    mirrors.write_text("# near\nhttps://near.example/debian\tpriority:1\n", "utf-8")
    posix = mirrors.as_posix() if sys.platform != "win32" else None
    if posix is None:
        pytest.skip("apt names a file by its POSIX path")
    source = AptSource(f"mirror+file://{posix}", "trixie", ("main",))
    assert debian_mirror([source]) == "https://near.example/debian"


def test_sources_of_both_formats_are_found_below_apt(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/d sid main\n", "utf-8")
    (parts / "b.list").write_text("deb http://b.example/d sid main\n", "utf-8")
    (parts / "c.sources").write_text(
        "Types: deb\nURIs: http://c.example/d\nSuites: sid\nComponents: main\n", "utf-8"
    )
    (parts / "d.list.disabled").write_text("deb http://d.example/d sid main\n", "utf-8")
    hosts = [source.uri for source in read_sources(tmp_path)]
    assert hosts == ["http://a.example/d", "http://b.example/d", "http://c.example/d"]


def test_the_recipe_hash_depends_on_names_content_and_facts(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"one\n")
    second.write_bytes(b"two\n")
    base = recipe_hash([first, second], "fact")
    assert base == recipe_hash([first, second], "fact")
    others = [
        recipe_hash([second, first], "fact"),
        recipe_hash([first], "fact"),
        recipe_hash([first, second]),
        recipe_hash([first, second], "other"),
        recipe_hash([first, second], "fact", ""),
    ]
    first.write_bytes(b"one more\n")
    others.append(recipe_hash([first, second], "fact"))
    assert len({base, *others}) == len(others) + 1


def test_the_recipe_hash_is_the_same_in_every_checkout(tmp_path: Path) -> None:
    for name, content in (("unix", b"x\ny\n"), ("windows", b"x\r\ny\r\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "recipe.py").write_bytes(content)
    hashes = {recipe_hash([tmp_path / name / "recipe.py"]) for name in ("unix", "windows")}
    assert len(hashes) == 1


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("XDG paths are POSIX paths")
    assert default_home({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "portview/windows-bench"
    relative = default_home({"XDG_CACHE_HOME": "cache"})
    assert relative == Path.home() / ".cache/portview/windows-bench"


def _dump(width: int, height: int, pixels: bytes, *, padding: int = 0) -> bytes:
    header_bytes, colours = 104, 2
    line = width * 4 + padding
    fields = [0] * 25
    fields[0], fields[4], fields[5] = header_bytes, width, height
    fields[11], fields[12], fields[19] = 32, line, colours
    rows = (pixels[n * width * 4 : (n + 1) * width * 4] + bytes(padding) for n in range(height))
    head = struct.pack(">25I", *fields).ljust(header_bytes, b"w")
    return head + bytes(12 * colours) + b"".join(rows)


def test_a_screen_dump_is_read_without_the_padding_of_its_lines() -> None:
    pixels = bytes(range(2 * 3 * 4))
    assert read_xwd(_dump(2, 3, pixels, padding=8)) == Picture(2, 3, pixels)


def test_a_picture_is_written_as_png_with_red_first() -> None:
    png = to_png(Picture(1, 1, bytes([1, 2, 3, 0])))
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    data = png[png.index(b"IDAT") + 4 :]
    assert zlib.decompressobj().decompress(data) == bytes([0, 3, 2, 1])


def test_the_changed_part_of_a_screen_is_found_and_cut_out() -> None:
    before = Picture(5, 4, bytes(5 * 4 * 4))
    changed = bytearray(before.pixels)
    for x, y in ((1, 1), (3, 2)):
        changed[(y * 5 + x) * 4] = 255
    after = Picture(5, 4, bytes(changed))
    assert difference_box(before, before) is None
    assert difference_box(before, after) == (1, 1, 4, 3)
    cut = after.cropped(1, 1, 4, 3)
    assert (cut.width, cut.height) == (3, 2)
    assert cut.pixels == b"\xff" + bytes(19) + b"\xff" + bytes(3)


def test_a_font_keeps_its_glyphs_under_another_name() -> None:
    icons = to_truetype("Icons")
    other = renamed(assemble({**read_tables(icons), b"DSIG": b"sig!"}), "Other", "Bold")
    tables = read_tables(other)
    assert tables.pop(b"name") == name_table("Other", "Bold")
    expected = read_tables(icons)
    expected.pop(b"name")
    assert tables == expected


def test_the_icon_font_has_a_glyph_for_each_code() -> None:
    tables = read_tables(to_truetype("Icons"))
    assert struct.unpack(">H", tables[b"maxp"][4:6])[0] == len(ICONS) + 1
    assert len(tables[b"loca"]) == 4 * (len(ICONS) + 2)
    assert "Icons".encode("utf-16-be") in tables[b"name"]


def test_tests_are_shared_out_by_weight() -> None:
    weights = {"a": 10, "b": 7, "c": 3, "d": 1}
    assert share_out(weights, 2) == [["a", "d"], ["b", "c"]]
    assert share_out(weights, 1) == [["a", "b", "c", "d"]]
    assert share_out(weights, 9) == [["a"], ["b"], ["c"], ["d"]]
    assert share_out({}, 4) == [[]]


def test_test_files_are_found_below_the_folders_that_are_asked_for(tmp_path: Path) -> None:
    for name in ("tests/unit/test_a.py", "tests/gui/test_b.py", "tests/unit/conftest.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"12345")
    assert find_tests(tmp_path, ["tests/unit"]) == {"tests/unit/test_a.py": 5}
    assert set(find_tests(tmp_path, ["tests"])) == {"tests/unit/test_a.py", "tests/gui/test_b.py"}


@pytest.mark.parametrize(
    ("codes", "worst"), [([0, 0], 0), ([0, 5], 0), ([5, 5], 5), ([0, 1], 1), ([2, 1, 5], 2)]
)
def test_shards_show_all_that_was_printed_and_give_the_worst_code(
    codes: list[int], worst: int
) -> None:
    def run(names: Sequence[str], stream: BinaryIO) -> int:
        stream.write(f"<{names[0]}>".encode())
        return int(names[0])

    output = io.BytesIO()
    assert run_shards([[str(code)] for code in codes], run, output) == worst
    assert sorted(output.getvalue()) == sorted("".join(f"<{code}>" for code in codes).encode())
