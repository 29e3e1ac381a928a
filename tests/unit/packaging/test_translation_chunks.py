"""Texts for translators and back: what is right is taken in, the rest is named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import catalogue
import translation_chunks
from translation_style import style_faults

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
_("Port {port} is free.")
_("&Open…")
# Translators: what a firewall does
pgettext("verdict", "Blocked")
ngettext("{n} port", "{n} ports", 2)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    monkeypatch.setattr(catalogue, "SOURCES", tmp_path / "portview")
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path / "resources" / "locale")
    (tmp_path / "portview").mkdir()
    (tmp_path / "portview" / "x.py").write_text(SOURCE, encoding="utf-8")
    return tmp_path


def exported(folder: Path, **options: Any) -> list[dict[str, Any]]:
    assert (
        translation_chunks.export("zh_CN", folder, **{"size": 3, "is_review": False} | options) == 0
    )
    return [
        entry
        for path in sorted(folder.glob("*.json"))
        for entry in json.loads(path.read_text(encoding="utf-8"))["entries"]
    ]


def write(folder: Path, translations: dict[str, Any]) -> None:
    for path in folder.glob("*.json"):
        document = json.loads(path.read_text(encoding="utf-8"))
        for entry in document["entries"]:
            entry["translation"] = translations.get(entry["msgid"], entry["translation"])
        path.write_text(json.dumps(document), encoding="utf-8")


GOOD = {
    "Port {port} is free.": "端口 {port} 空闲。",
    "&Open…": "打开(&O)…",
    "Blocked": "已阻止",
    "{n} port": ["{n} 个端口"],
}


def test_texts_go_out_in_the_order_of_the_sources_and_come_back(project: Path) -> None:
    out = project / "out"
    entries = exported(out)
    assert [entry["msgid"] for entry in entries] == list(GOOD)
    assert [entry["number"] for entry in entries] == [1, 2, 3, 4]
    assert sorted(path.name for path in out.iterdir()) == ["001.json", "002.json"]
    assert entries[2]["context"] == "verdict"
    assert entries[2]["comments"] == ["Translators: what a firewall does"]
    assert entries[0]["places"] == ["portview/x.py:2"]
    assert entries[3]["plural"] == "{n} ports"
    write(out, GOOD)
    assert translation_chunks.take_in("zh_CN", out) == 0
    assert exported(project / "rest") == []
    assert [entry["translation"] for entry in exported(project / "all", is_review=True)] == list(
        GOOD.values()
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Port {port} is free.", "端口空闲。"),
        ("Port {port} is free.", "端口 {prt} 空闲。"),
        ("Port {port} is free.", " 端口 {port} 空闲。"),
        ("Port {port} is free.", "端口 {port} 空闲."),
        ("Port {port} is free.", "TCP端口 {port} 空闲。"),
        ("&Open…", "打开(&O)"),
        ("&Open…", "打开…"),
        ("&Open…", "打&开…"),
        ("{n} port", ["{n} 个端口", "{n} 个端口"]),
        ("{n} port", ""),
    ],
)
def test_a_wrong_translation_is_named_and_left_out(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, wrong: object
) -> None:
    out = project / "out"
    exported(out)
    write(out, GOOD | {text: wrong})
    assert translation_chunks.take_in("zh_CN", out) == int(bool(wrong))
    assert (repr(text) in capsys.readouterr().out) == bool(wrong) or text == "{n} port"
    assert [entry["msgid"] for entry in exported(project / "rest")] == [text]


def test_a_text_that_changed_meanwhile_is_named(project: Path) -> None:
    out = project / "out"
    exported(out)
    write(out, GOOD)
    (project / "portview" / "x.py").write_text('_("Stop")\n', encoding="utf-8")
    assert translation_chunks.take_in("zh_CN", out) == 1
    assert [entry["msgid"] for entry in exported(project / "rest")] == ["Stop"]


def test_files_of_an_earlier_export_are_kept(project: Path) -> None:
    out = project / "out"
    exported(out)
    assert translation_chunks.export("zh_CN", out, size=3, is_review=False) == 1


@pytest.mark.parametrize(
    ("english", "text"),
    [
        ("Allow, block", "允许,阻止"),
        ("Is it free?", "空闲吗?"),
        ("Press Enter", "按Enter 键"),
        ("The port is free", "端口 空闲"),
        ("Free, or not", "空闲， 或不是"),
        ("The port (TCP)", "端口(TCP)"),
        ("<b>Free</b>", "<b>空闲<b>"),
        ("Stop", "停止…"),
        ("&Stop", "停止(&s)"),
    ],
)
def test_chinese_is_written_as_on_chinese_windows(english: str, text: str) -> None:
    assert list(style_faults("zh_CN", english, text))


@pytest.mark.parametrize(
    ("english", "text"),
    [
        ("Open {url} in https://x.test", "用 {url} 打开 https://x.test"),
        ("&Host:", "主机(&H)："),
        ("The port is free. Use it.", "端口空闲。请使用它。"),
        ("{n} of {count}", "第 {n} 个（共 {count} 个）"),
        ("TIME_WAIT (4 min)", "TIME_WAIT（4 分钟）"),
        ("portview free 8080, then retry", "portview free 8080，然后重试"),
    ],
)
def test_what_is_well_written_passes(english: str, text: str) -> None:
    assert list(style_faults("zh_CN", english, text)) == []
