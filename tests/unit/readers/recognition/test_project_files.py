"""The project that a folder belongs to, by the files in it; nothing strange is ever read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from portview.readers.recognition import project_files
from portview.readers.recognition.project_files import find_project, read_beginning

if TYPE_CHECKING:
    from pathlib import Path

NAMED = {
    "package.json": ('{"name": "@ann/shop"}', "@ann/shop"),
    "pyproject.toml": ('[project]\nname = "py-shop"\n', "py-shop"),
    "Cargo.toml": ('[package]\nname = "rust-shop"\n', "rust-shop"),
    "go.mod": ("module example.org/ann/go-shop/v2\n\ngo 1.22\n", "go-shop"),
    "pom.xml": (
        (
            "<project><parent><artifactId>no</artifactId></parent>"
            "<artifactId>java-shop</artifactId></project>"
        ),
        "java-shop",
    ),
    "settings.gradle.kts": ('rootProject.name = "gradle-shop"\n', "gradle-shop"),
    "composer.json": ('{"name": "ann/php-shop"}', "php-shop"),
    "mix.exs": ("def project do\n [app: :elixir_shop]\n", "elixir_shop"),
    "Shop.csproj": ("<Project/>", "Shop"),
    "Gemfile": ("source 'x'", "deep"),
    "manage.py": ("import django", "deep"),
}


@pytest.mark.parametrize(("file", "content", "name"), [(f, c, n) for f, (c, n) in NAMED.items()])
def test_a_project_is_named_by_its_file(tmp_path: Path, file: str, content: str, name: str) -> None:
    folder = tmp_path / "deep"
    inner = folder / "src" / "web"
    inner.mkdir(parents=True)
    (folder / file).write_text(content)
    for start in (folder, inner):
        found = find_project(str(start))
        assert found is not None
        assert found.name == name
        assert found.source.endswith(file)


def test_a_repository_without_such_a_file_goes_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "tool" / ".git").mkdir(parents=True)
    found = find_project(str(tmp_path / "tool"))
    assert found is not None
    assert found.name == "tool"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"name": 3}', '{"name": "  "}', "[" * 100_000, "\x00\xff"]
)
def test_a_malformed_file_names_the_folder(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "package.json").write_text(content, encoding="utf-8")
    found = find_project(str(folder))
    assert found is not None
    assert found.name == "shop"


def test_the_search_ends_at_home_and_after_some_levels(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "home"}')
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project(str(inner), home=str(tmp_path)) is None
    deep = inner.joinpath(*("x" * project_files.DEEPEST))
    deep.mkdir(parents=True)
    assert find_project(str(deep)) is None
    for nowhere in ("", "/", "/usr/bin", "/no/such/folder", "\0"):
        assert find_project(nowhere) is None


@pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and devices are files elsewhere")
def test_only_regular_files_are_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert read_beginning(str(pipe)) is None
    link = tmp_path / "link"
    link.symlink_to("/etc/passwd")
    assert read_beginning(str(link)) is None
    assert read_beginning("/dev/zero") is None
    assert read_beginning(str(tmp_path)) is None
    large = tmp_path / "large"
    large.write_bytes(b"x" * (project_files.MOST_BYTES + 10))
    assert len(read_beginning(str(large)) or "") == project_files.MOST_BYTES


@pytest.mark.linux_only("a table of mounts")
def test_folders_on_the_network_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package.json").write_text('{"name": "shop"}')
    mounts = f"20 1 0:1 / / rw - ext4 /dev/a rw\n21 20 0:2 / {tmp_path} rw - nfs4 host:/x rw\n"
    read = project_files.read_beginning
    monkeypatch.setattr(
        project_files,
        "read_beginning",
        lambda path: mounts if path.endswith("mountinfo") else read(path),
    )
    assert find_project(str(tmp_path)) is None
    mounts = mounts.replace("nfs4", "xfs")
    assert find_project(str(tmp_path)) is not None


@pytest.mark.windows_only("drives and shares")
def test_a_share_is_never_looked_at() -> None:
    assert find_project(r"\\host\share\shop") is None
    assert find_project("//host/share/shop") is None
