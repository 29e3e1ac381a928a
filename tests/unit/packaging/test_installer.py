"""What the installer is told to install, and what NSIS makes of it where it is installed."""

from __future__ import annotations

import re
import struct
import subprocess
from pathlib import Path

import pytest

from tests.unit.packaging.test_icon_file import png
from windows_program.icon_file import ico_bytes
from windows_program.installer import InstallerOrder, file_lines, find_makensis, make_installer
from windows_program.installer_pictures import HEADER_SIZE, WIZARD_SIZE, write_pictures

SCRIPT = Path(__file__).parents[3] / "packaging" / "windows_program" / "installer.nsi"
NAMES = ["PortView.exe", "_internal/a.dll", "_internal/b/x.pyd", "_internal/b/y.txt", "z.txt"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in reversed(NAMES):
        file = tmp_path / "PortView" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    return tmp_path / "PortView"


def test_every_file_is_installed_once_where_it_lay(folder: Path) -> None:
    place, installed = "", []
    for line in file_lines(folder):
        command, quoted = line.split(" ", 1)
        path = quoted.strip('"')
        if command == "SetOutPath":
            place = path.removeprefix("$INSTDIR").strip("\\").replace("\\", "/")
        else:
            installed.append(f"{place}/{Path(path).name}".lstrip("/"))
    assert sorted(installed) == sorted(NAMES)
    by_folder = sorted(installed, key=lambda name: (len(Path(name).parts) > 1, Path(name).parts))
    assert installed == by_folder


def test_a_name_in_which_nsis_would_find_a_variable_is_refused(folder: Path) -> None:
    (folder / "$TEMP.txt").touch()
    with pytest.raises(ValueError, match=r"\$TEMP"):
        list(file_lines(folder))


MAKENSIS = find_makensis()


@pytest.mark.skipif(MAKENSIS is None, reason="needs NSIS, which `dev.py package` installs")
def test_the_script_compiles_without_a_warning_and_gives_the_same_bytes_again(
    folder: Path, tmp_path: Path
) -> None:
    assert MAKENSIS is not None
    icon = tmp_path / "portview.ico"
    icon.write_bytes(ico_bytes({16: png(16), 256: png(256)}))
    licence = tmp_path / "LICENSE.txt"
    licence.write_text("Do what you like.\r\n", "utf-8")
    write_pictures(tmp_path)
    outputs = [tmp_path / f"PortView-{number}-setup.exe" for number in range(2)]
    for output in outputs:
        order = InstallerOrder(
            *(folder, icon, tmp_path, licence),
            *("1.2.3", "Copyright", 1_700_000_000, output, tmp_path),
        )
        make_installer(MAKENSIS, order)
    assert outputs[0].read_bytes()[:2] == b"MZ"
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


@pytest.mark.skipif(MAKENSIS is None, reason="needs NSIS, which `dev.py package` installs")
def test_what_the_compiler_says_of_a_mistake_is_told(folder: Path, tmp_path: Path) -> None:
    assert MAKENSIS is not None
    absent = tmp_path / "absent.ico"
    order = InstallerOrder(
        *(folder, absent, tmp_path, absent),
        *("1.2.3", "us", 0, tmp_path / "out-setup.exe", tmp_path),
    )
    with pytest.raises(subprocess.CalledProcessError) as failure:
        make_installer(MAKENSIS, order)
    assert "absent.ico" in failure.value.stdout + failure.value.stderr


def test_the_pictures_are_bitmaps_of_24_bits_that_are_not_plain(tmp_path: Path) -> None:
    write_pictures(tmp_path)
    for name, size in (("wizard", WIZARD_SIZE), ("header", HEADER_SIZE)):
        data = (tmp_path / f"{name}.bmp").read_bytes()
        assert data[:2] == b"BM"
        assert struct.unpack_from("<ii", data, 18) == size
        assert struct.unpack_from("<H", data, 28) == (24,)
        assert len({data[54:][place : place + 3] for place in range(0, 150_000, 3)}) > 20


def test_every_sentence_of_the_installer_is_there_in_both_languages() -> None:
    script = SCRIPT.read_text("utf-8")
    named = re.findall(r'!insertmacro SENTENCE (\w+) "([^"]+)" "([^"]+)"', script)
    assert len(named) > 15
    used = set(re.findall(r"\$\((\w+)\)", script))
    assert {name for name, _english, _chinese in named} == used
    for name, english, chinese in named:
        assert english.isascii()
        assert name == "ProgramName" or not chinese.isascii()
        assert re.findall(r"\$\w+", english) == re.findall(r"\$\w+", chinese)
    # Nothing is said outside of them.
    assert not re.search(r'MessageBox [^"]*"(?!\$)', script)
