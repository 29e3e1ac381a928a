"""What netsh prints about http.sys on Windows in several languages, by the form of its lines.

The words are Windows' own or near to it; of the form that is known from recorded output. They are
the data of the stand-in that writes them in the code page of such a Windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language of Windows. ``colon`` stands behind each label."""

    title: str
    queue: str
    version: str
    state: str
    active: str
    processes: str
    groups: str
    urls: str
    queue_name: str
    colon: str = ": "


LANGUAGES: Final = {
    437: Language(
        *("Snapshot of HTTP service state", "Request queue name", "Version", "State", "Active"),
        *("Process IDs", "URL groups", "Registered URLs", "Café Ω"),
    ),
    850: Language(
        *("Momentaufnahme für den HTTP-Dienststatus", "Name der Anforderungswarteschlange"),
        *("Version", "Status", "Aktiv", "Prozess-IDs", "URL-Gruppen", "Registrierte URLs"),
        "Läden für Öl",
    ),
    866: Language(
        *("Моментальный снимок состояния службы HTTP", "Имя очереди запросов", "Версия"),
        *("Состояние", "Активно", "ИД процессов", "Группы URL-адресов"),
        *("Зарегистрированные URL-адреса", "Магазин"),
    ),
    932: Language(
        *("HTTP サービス状態のスナップショット", "要求キュー名", "バージョン", "状態"),
        *("アクティブ", "プロセス ID", "URL グループ", "登録済み URL", "ソ表能予"),
    ),
    936: Language(
        *("HTTP 服务状态快照", "请求队列名称", "版本", "状态", "活动", "进程 ID"),
        *("URL 组", "已注册的 URL", "商店联通", "\uff1a"),
    ),
    949: Language(
        *("HTTP 서비스 상태 스냅샷", "요청 큐 이름", "버전", "상태", "활성", "프로세스 ID"),
        *("URL 그룹", "등록된 URL", "가게"),
    ),
    950: Language(
        *("HTTP 服務狀態快照", "要求佇列名稱", "版本", "狀態", "使用中", "處理序識別碼"),
        *("URL 群組", "已登錄的 URL", "許功蓋商店", "\uff1a"),
    ),
}
"""Languages by the code page in which consoles of such a Windows write."""


def service_state(code_page: int, port: int, pid: int) -> str:
    """Return what ``netsh http show servicestate view=requestq`` prints of one queue."""
    words = LANGUAGES[code_page]

    def line(depth: int, label: str, value: str = "") -> str:
        return f"{' ' * 4 * depth}{label}{words.colon}{value}".rstrip(" ")

    lines = [
        line(0, words.title),
        "-" * 50,
        "",
        line(0, words.queue, words.queue_name),
        line(1, words.version, "2.0"),
        line(1, words.state, words.active),
        line(1, words.processes),
        f"{' ' * 8}{pid}",
        line(1, words.groups),
        line(1, words.groups, "FE00000040000001"),
        line(2, words.state, words.active),
        line(2, words.queue, words.queue_name),
        line(2, words.urls),
        f"{' ' * 12}HTTP://+:{port}/SHOP/",
        "",
    ]
    return "\r\n".join(lines)
