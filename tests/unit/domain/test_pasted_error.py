"""Messages of programs and systems, and what is understood of them."""

# ruff: noqa: ISC004 - messages are long, and have the signs of their languages

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portview.domain.pasted_error import parse_pasted_error
from portview.domain.sockets.socket_row import Protocol

IN_USE_ON_WINDOWS = {
    "en": "Only one usage of each socket address (protocol/network address/port) is normally "
    "permitted.",
    "de": "Normalerweise darf jede Socketadresse (Protokoll, Netzwerkadresse oder Anschluss) nur "
    "jeweils einmal verwendet werden.",
    "fr": "Une seule utilisation de chaque adresse de socket (protocole/adresse r\u00e9seau/port) "
    "est habituellement autoris\u00e9e.",
    "es": "Solo se permite un uso de cada direcci\u00f3n de socket (protocolo/direcci\u00f3n de "
    "red/puerto)",
    "pt-BR": "Normalmente \u00e9 permitida apenas uma utiliza\u00e7\u00e3o de cada "
    "endere\u00e7o de soquete (protocolo/endere\u00e7o de rede/porta).",
    "ru": "Обычно разрешается только одно использование адреса сокета (протокол/сетевой "
    "адрес/порт).",
    "ja": "通常、各ソケット アドレスに対してプロトコル、ネットワーク アドレス、またはポートの"
    "どれか 1 つのみを使用できます。",
    "ko": "각 소켓 주소(프로토콜/네트워크 주소/포트)는 하나만 사용할 수 있습니다.",
    "zh-CN": "通常每个套接字地址(协议/网络地址/端口)只允许使用一次。",
    "zh-TW": "一次只能用一個通訊端位址 (通訊協定/網路位址/連接埠)。",
}
DENIED_ON_WINDOWS = {
    "en": "An attempt was made to access a socket in a way forbidden by its access permissions.",
    "de": "Der Zugriff auf einen Socket war aufgrund der Zugriffsrechte des Sockets "
    "unzul\u00e4ssig.",
    "fr": "Une tentative d\u2019acc\u00e8s \u00e0 un socket de mani\u00e8re interdite par ses "
    "autorisations d\u2019acc\u00e8s a \u00e9t\u00e9 tent\u00e9e.",
    "es": "Intento de acceso a un socket no permitido por sus permisos de acceso.",
    "pt-BR": "Foi feita uma tentativa de acesso a um soquete de uma maneira que \u00e9 proibida "
    "pelas permiss\u00f5es de acesso.",
    "ru": "Сделана попытка доступа к сокету методом, запрещенным правами доступа.",
    "ja": "アクセス許可で禁じられた方法でソケットにアクセスしようとしました。",
    "ko": "액세스 권한에 의해 숨겨진 소켓에 액세스를 시도했습니다.",
    "zh-CN": "以一种访问权限不允许的方式做了一个访问套接字的尝试。",
    "zh-TW": "嘗試以存取權限所禁止的方式存取通訊端。",
}
REFUSED_ON_WINDOWS = {
    "en": "No connection could be made because the target machine actively refused it.",
    "de": "Es konnte keine Verbindung hergestellt werden, da der Zielcomputer die Verbindung "
    "verweigerte.",
    "fr": "Aucune connexion n\u2019a pu \u00eatre \u00e9tablie car l\u2019ordinateur cible "
    "l\u2019a express\u00e9ment refus\u00e9e.",
    "es": "No se puede establecer una conexi\u00f3n ya que el equipo de destino deneg\u00f3 "
    "expresamente dicha conexi\u00f3n.",
    "pt-BR": "Nenhuma conex\u00e3o p\u00f4de ser feita porque a m\u00e1quina de destino as recusou "
    "ativamente.",
    "ru": "Подключение не установлено, т.к. конечный компьютер отверг запрос на подключение.",
    "ja": "対象のコンピューターによって拒否されたため、接続できませんでした。",
    "ko": "대상 컴퓨터에서 연결을 거부했으므로 연결하지 못했습니다.",
    "zh-CN": "由于目标计算机积极拒绝，无法连接。",
    "zh-TW": "無法連線，因為目標電腦拒絕連線。",
}


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        (IN_USE_ON_WINDOWS, "EADDRINUSE"),
        (DENIED_ON_WINDOWS, "EACCES"),
        (REFUSED_ON_WINDOWS, "ECONNREFUSED"),
    ],
)
def test_messages_of_windows_in_every_language(messages: dict[str, str], error: str) -> None:
    for language, message in messages.items():
        assert parse_pasted_error(message).error == error, language
        for around in (f"bind 0.0.0.0:8080: {message}", f"[8080] {message} 127.0.0.1:8080"):
            assert parse_pasted_error(around).error == error, language
            assert parse_pasted_error(around).port == 8080, language


MESSAGES = [
    # Python
    ("OSError: [Errno 98] Address already in use", "EADDRINUSE", None, None),
    (
        "[Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address "
        "already in use",
        *("EADDRINUSE", 8000, "127.0.0.1"),
    ),
    ("PermissionError: [Errno 13] Permission denied", "EACCES", None, None),
    ("OSError: [Errno 99] Cannot assign requested address", "EADDRNOTAVAIL", None, None),
    ("[WinError 10013] blocked, port 8080", "EACCES", 8080, None),
    ("OSError: [Errno 24] Too many open files", "EMFILE", None, None),
    ("OSError: [Errno 48] Address already in use", "EADDRINUSE", None, None),
    # Node.js
    ("Error: listen EADDRINUSE: address already in use :::3000", "EADDRINUSE", 3000, None),
    ("Error: listen EACCES: permission denied 0.0.0.0:80", "EACCES", 80, None),
    ("Error: listen EADDRNOTAVAIL: 10.9.9.9:3000", "EADDRNOTAVAIL", 3000, "10.9.9.9"),
    ("connect ECONNREFUSED 127.0.0.1:5432", "ECONNREFUSED", 5432, "127.0.0.1"),
    ("connect ECONNREFUSED ::1:5432", "ECONNREFUSED", 5432, "::1"),
    # Go
    ("listen tcp :8080: bind: address already in use", "EADDRINUSE", 8080, None),
    ("listen udp 127.0.0.1:53: bind: permission denied", "EACCES", 53, "127.0.0.1"),
    ("dial tcp [::1]:8080: connect: connection refused", "ECONNREFUSED", 8080, "::1"),
    # Java
    ("java.net.BindException: Address already in use (Bind failed)", "EADDRINUSE", None, None),
    ("Web server failed to start. Port 8080 was already in use.", "EADDRINUSE", 8080, None),
    # .NET
    (
        "Failed to bind to address http://127.0.0.1:5000: address already in use.",
        *("EADDRINUSE", 5000, "127.0.0.1"),
    ),
    ("System.Net.Sockets.SocketException (10048): bind", "EADDRINUSE", None, None),
    (
        "HttpListenerException (183): Failed to listen on prefix 'http://+:8080/' because it "
        "conflicts with an existing registration on the machine.",
        *("ALREADY_REGISTERED", 8080, None),
    ),
    # Rust
    (
        'Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" }',
        *("EADDRINUSE", None, None),
    ),
    ("Permission denied (os error 13)", "EACCES", None, None),
    # Ruby
    (
        'Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)',
        *("EADDRINUSE", 3000, "127.0.0.1"),
    ),
    # PHP
    (
        "Failed to listen on localhost:8000 (reason: Address already in use)",
        *("EADDRINUSE", 8000, None),
    ),
    # nginx, Apache, PostgreSQL, IIS, Docker
    (
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        *("EADDRINUSE", 80, None),
    ),
    ("nginx: [emerg] bind() to [::]:443 failed (98: unknown)", "EADDRINUSE", 443, None),
    (
        "nginx: [emerg] bind() to 0.0.0.0:8080 failed (10013: An attempt)",
        *("EACCES", 8080, None),
    ),
    (
        "(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80",
        *("EADDRINUSE", 80, None),
    ),
    (
        'could not bind IPv4 address "127.0.0.1": Address already in use\n'
        "HINT: Is another postmaster already running on port 5432?",
        *("EADDRINUSE", 5432, "127.0.0.1"),
    ),
    (
        "The process cannot access the file because it is being used by another process. "
        "(Exception from HRESULT: 0x80070020) *:80",
        *("ALREADY_REGISTERED", 80, None),
    ),
    ("Bind for 0.0.0.0:5432 failed: port is already allocated", "EADDRINUSE", 5432, None),
    (
        "Ports are not available: exposing port TCP 0.0.0.0:5432 -> 0.0.0.0:0: listen tcp "
        "0.0.0.0:5432: bind: An attempt was made to access a socket in a way forbidden by its "
        "access permissions.",
        *("EACCES", 5432, None),
    ),
    # Clients
    (
        "curl: (7) Failed to connect to localhost port 8080 after 0 ms: Couldn't connect to server",
        *("ECONNREFUSED", 8080, None),
    ),
    ("net::ERR_CONNECTION_REFUSED at http://localhost:3000/", "ECONNREFUSED", 3000, None),
    ("net::ERR_UNSAFE_PORT http://localhost:6000/", "BLOCKED_PORT", 6000, None),
    ("curl: (52) Empty reply from server localhost:8080", "EMPTY_RESPONSE", 8080, None),
    ("curl: (35) wrong version number https://localhost:8080", "TLS_MISMATCH", 8080, None),
    # A number of its own, or a name
    ("errno 98", "EADDRINUSE", None, None),
    ("WSAEACCES", "EACCES", None, None),
    ("0x80072740", "EADDRINUSE", None, None),
    ("0x8007271D", "EACCES", None, None),
    # Nothing known
    ("the shop does not start", None, None, None),
    ("", None, None, None),
]


@pytest.mark.parametrize(("text", "error", "port", "address"), MESSAGES)
def test_messages_of_programs(
    text: str, error: str | None, port: int | None, address: str | None
) -> None:
    found = parse_pasted_error(text)
    assert (found.error, found.port, found.address) == (error, port, address)


def test_the_protocol_is_taken_where_it_is_named() -> None:
    assert parse_pasted_error("listen udp :53: bind: in use").protocol is Protocol.UDP
    assert parse_pasted_error("listen tcp4 :53: bind: in use").protocol is Protocol.TCP
    assert parse_pasted_error("port 53 is in use").protocol is None


def test_who_was_refused_is_told_from_who_could_not_bind() -> None:
    assert parse_pasted_error("Connection refused").is_about_connecting
    assert not parse_pasted_error("Address already in use").is_about_connecting


@given(st.text(max_size=2000))
def test_any_text_is_read_without_failing(text: str) -> None:
    found = parse_pasted_error(text)
    assert found.port is None or 1 <= found.port <= 65535


@given(st.integers(1, 65535), st.sampled_from(["0.0.0.0", "127.0.0.1", "[::1]", "localhost"]))  # noqa: S104
def test_every_port_is_found_behind_its_address(port: int, host: str) -> None:
    assert parse_pasted_error(f"bind {host}:{port}: address already in use").port == port


def test_a_text_without_end_is_cut() -> None:
    assert len(parse_pasted_error("x" * 1_000_000).text) <= 20_000
