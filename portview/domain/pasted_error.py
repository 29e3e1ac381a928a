"""The port and the error in a message that a program printed, in whatever language it did. Pure.

Messages of Windows are recognised by what is distinctive of each in the languages that Windows is
most used in; those of Linux and of programs by the error's name, its number, or its English text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from portview.domain.sockets.socket_row import Protocol, canonical_address

_LONGEST_TEXT = 20_000
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class PastedError:
    """What was understood of a text.

    ``error`` is a POSIX name ("EADDRINUSE"), also for numbers of Windows, or a name of PortView's
    own for what has none ("ALREADY_REGISTERED", "BLOCKED_PORT", "TLS_MISMATCH", "PROXY").
    ``port``, ``address`` and ``protocol`` are None where the text does not say them.
    """

    text: str
    error: str | None = None
    port: int | None = None
    address: str | None = None
    protocol: Protocol | None = None

    @property
    def is_about_connecting(self) -> bool:
        """Return whether a client got the error, not a server."""
        if self.error == "EADDRNOTAVAIL":
            return _CONNECTING.search(self.text) is not None
        return self.error in _OF_CLIENTS


_CONNECTING = re.compile(r"\b(connect|connecting|dial)\b", re.IGNORECASE)
_OF_CLIENTS = frozenset(
    {
        "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "TLS_MISMATCH",
        "BLOCKED_PORT", "EMPTY_RESPONSE", "PROXY",
    }
)  # fmt: skip

_NAMES = {
    "EADDRINUSE": ("eaddrinuse", "wsaeaddrinuse", "addrinuse", "addressalreadyinuse"),
    "EACCES": ("eacces", "wsaeacces", "accessdenied"),
    "EPERM": ("eperm",),
    "EADDRNOTAVAIL": ("eaddrnotavail", "wsaeaddrnotavail", "addrnotavailable"),
    "EAFNOSUPPORT": ("eafnosupport", "wsaeafnosupport"),
    "EINVAL": ("einval", "wsaeinval"),
    "ENOBUFS": ("enobufs", "wsaenobufs"),
    "EMFILE": ("emfile", "wsaemfile", "enfile"),
    "ECONNREFUSED": ("econnrefused", "wsaeconnrefused", "connectionrefused"),
    "ECONNRESET": ("econnreset", "wsaeconnreset"),
    "ETIMEDOUT": ("etimedout", "wsaetimedout", "econnaborted"),
    "EHOSTUNREACH": ("ehostunreach", "wsaehostunreach"),
    "ENETUNREACH": ("enetunreach", "wsaenetunreach"),
}
_BY_NAME = {name: error for error, names in _NAMES.items() for name in names}

_BY_WINSOCK_NUMBER = {
    10013: "EACCES", 10022: "EINVAL", 10024: "EMFILE", 10047: "EAFNOSUPPORT",
    10048: "EADDRINUSE", 10049: "EADDRNOTAVAIL", 10051: "ENETUNREACH", 10054: "ECONNRESET",
    10055: "ENOBUFS", 10060: "ETIMEDOUT", 10061: "ECONNREFUSED", 10065: "EHOSTUNREACH",
}  # fmt: skip
_BY_LINUX_NUMBER = {
    1: "EPERM", 13: "EACCES", 22: "EINVAL", 24: "EMFILE", 97: "EAFNOSUPPORT", 98: "EADDRINUSE",
    99: "EADDRNOTAVAIL", 101: "ENETUNREACH", 104: "ECONNRESET", 105: "ENOBUFS", 110: "ETIMEDOUT",
    111: "ECONNREFUSED", 113: "EHOSTUNREACH",
}  # fmt: skip
_BY_MACOS_NUMBER = {47: "EAFNOSUPPORT", 48: "EADDRINUSE", 49: "EADDRNOTAVAIL", 61: "ECONNREFUSED"}
_BY_WIN32_NUMBER = {5: "EACCES", 32: "ALREADY_REGISTERED", 183: "ALREADY_REGISTERED"}

# What programs and systems say, without accents and in lower case.
_PHRASES_TEXT = """\
EADDRINUSE
  address already in use
  address in use
  port is already allocated
  only one usage of each socket address
  is already in use
  was already in use
  jede socketadresse
  une seule utilisation de chaque adresse de socket
  solo se permite un uso de cada direccion de socket
  permitida apenas uma utilizacao de cada endereco de soquete
  только одно использование адреса сокета
  各ソケット アドレスに対してプロトコル
  각 소켓 주소
  每个套接字地址
  每個通訊端位址
  一次只能用一個通訊端位址
  another postmaster already running
  address already bound
  port already in use
  地址已在使用
  地址已被使用
  die adresse wird bereits verwendet
  adresse deja utilisee
  la direccion ya se esta usando
  endereco ja em uso
  アドレスは既に使用
  адрес уже используется
  주소가 이미 사용 중
EACCES
  in a way forbidden by its access permissions
  permission denied
  aufgrund der zugriffsrechte des sockets unzulassig
  interdite par ses autorisations
  acceso a un socket no permitido
  proibida pelas permissoes de acesso
  методом, запрещенным правами доступа
  アクセス許可で禁じられた方法でソケット
  액세스 권한에 의해 숨겨진 소켓
  以一种访问权限不允许的方式
  以存取權限所禁止的方式
  嘗試存取通訊端被拒絕
  keine berechtigung
  permission non accordee
  permiso denegado
  权限不够
  отказано в доступе
EPERM
  operation not permitted
EADDRNOTAVAIL
  cannot assign requested address
  can't assign requested address
  requested address is not valid in its context
  angeforderte adresse ist in diesem kontext ungultig
  adresse demandee n'est pas valide dans son contexte
  direccion solicitada no es valida en este contexto
  endereco solicitado nao e valido no contexto
  адрес для своего контекста неверен
  要求したアドレスのコンテキストが無効
  요청된 주소가 잘못
  该请求的地址无效
  所要求的位址不正確
  address not available
EAFNOSUPPORT
  address family not supported
  address incompatible with the requested protocol
ENOBUFS
  lacked sufficient buffer space
  no buffer space available
  系统缓冲区空间不足
  緩衝區空間不足
  pufferspeicher
  バッファー領域
  버퍼 공간
EMFILE
  too many open files
  too many open sockets
ECONNREFUSED
  connection refused
  actively refused
  refused to connect
  err_connection_refused
  couldn't connect to server
  zielcomputer die verbindung verweigerte
  l'a expressement refusee
  denego expresamente dicha conexion
  recusou ativamente
  recusaram ativamente
  recusas ativamente
  as recusou ativamente
  компьютер отверг запрос на подключение
  対象のコンピューターによって拒否
  대상 컴퓨터에서 연결을 거부
  目标计算机积极拒绝
  目標電腦拒絕連線
  拒绝连接
  verbindungsaufbau abgelehnt
  connexion refusee
  conexion rehusada
  conexao recusada
  в соединении отказано
  接続を拒否
ECONNRESET
  connection reset
  forcibly closed by the remote host
  err_connection_reset
  vom remotehost geschlossen
  connexion existante a du etre fermee
  forzado la interrupcion de una conexion existente
  cancelamento de uma conexao existente
  принудительно разорвал существующее подключение
  既存の接続はリモート ホストに強制的に切断
  원격 호스트에 의해 강제로 끊
  强迫关闭了一个现有的连接
  強制關閉一個現存的連線
  连接被对方重设
ETIMEDOUT
  timed out
  err_connection_timed_out
  did not properly respond after a period of time
  einer bestimmten zeitspanne nicht richtig reagiert
  连接方在一段时间后没有正确答复
  連線對象有一段時間並未正確回應
  n'a pas repondu convenablement
  no respondio adecuadamente tras un periodo de tiempo
  nao respondeu corretamente apos um periodo de tempo
  за требуемое время не получен
  一定の時間を過ぎても正しく応答しなかった
  일정 시간 동안 응답하지 않
EHOSTUNREACH
  no route to host
  host is unreachable
  err_address_unreachable
ENETUNREACH
  network is unreachable
ALREADY_REGISTERED
  conflicts with an existing registration
  cannot register the following url prefix
  0x80070020
  already registered
EMPTY_RESPONSE
  err_empty_response
  empty reply from server
  server closed the connection
BLOCKED_PORT
  err_unsafe_port
  port address is restricted
  bad port
  unsafe port
TLS_MISMATCH
  wrong version number
  err_ssl_protocol_error
  wrong_version_number
  plain http request was sent to https port
  http request to an https server
  ssl_error_rx_record_too_long
  server gave http response to https client
  http: server gave http response
  unrecognized ssl message
  tls handshake
PROXY
  proxyerror
  err_proxy_connection_failed
  proxy connect aborted
"""  # untranslated: texts that are looked for


def _read_phrases(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith(" "):
            found[name].append(line.strip())
        else:
            name = line
            found[name] = []
    return {error: tuple(phrases) for error, phrases in found.items()}


_PHRASES = _read_phrases(_PHRASES_TEXT)
_ORDER = (
    "ALREADY_REGISTERED", "BLOCKED_PORT", "TLS_MISMATCH", "PROXY", "EMPTY_RESPONSE",
    "EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT", "ENOBUFS", "EMFILE", "ECONNREFUSED",
    "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT", "EPERM", "EACCES",
)  # fmt: skip
"""The more precise first: Docker prints "driver failed ... permission ... in use"."""

_WORD = re.compile(r"[A-Za-z_]{5,}")
_WINSOCK = re.compile(r"\b(100[1-6]\d)\b")
_HRESULT = re.compile(r"0x8007([0-9a-f]{4})", re.IGNORECASE)
_ERRNO = re.compile(
    r"(?:errno[:\s=]*-?|os error |code:?\s*|error:? |\()(?P<number>\d{1,3})(?=[\]):,}\s]|$)",
    re.IGNORECASE,
)
_WIN_ERROR = re.compile(
    r"(?:WinError|HttpListenerException[^(]*\(|error code:?)\s*(\d{1,5})", re.IGNORECASE
)

_HOST = r"(?P<host>\[[0-9a-fA-F:.%\w]*\]|(?:\d{1,3}\.){3}\d{1,3}|localhost|\*|\+|::[0-9a-f]*)"
_PORT_PATTERNS = (
    re.compile(rf"\(\s*['\"]{_HOST}?['\"]\s*,\s*(?P<port>\d{{1,5}})"),
    re.compile(rf"{_HOST}:(?P<port>\d{{1,5}})(?!\d)", re.IGNORECASE),
    re.compile(r"(?<![\w:.])(?P<host>):::?(?P<port>\d{1,5})\b"),
    re.compile(rf"['\"]{_HOST}['\"]?,?\s+port\s+(?P<port>\d{{1,5}})", re.IGNORECASE),
    re.compile(
        r"\bport(?:s|\s+number|\s+no\.?)?(?P<host>)[\s:=#\"'(]*(?P<port>\d{1,5})\b", re.IGNORECASE
    ),
    re.compile(r"(?P<host>)(?<![\d.:\w])(?P<port>\d{1,5})/(?:tcp|udp)\b", re.IGNORECASE),
    re.compile(r"(?<![\w:.\]])(?P<host>):(?P<port>\d{2,5})\b(?!:\d)"),
    re.compile(
        r"(?P<host>)(?:端口|連接埠|埠|ポート|포트|порт|puerto|porta)\D{0,4}(?P<port>\d{1,5})",
        re.IGNORECASE,
    ),
)
_QUOTED_ADDRESS = re.compile(rf"(?:address|for|on|to)\s+['\"]?{_HOST}", re.IGNORECASE)
_PROTOCOL = re.compile(r"\b(tcp|udp)[46]?\b", re.IGNORECASE)
_SOURCE_END = re.compile(
    r"(?:from |src=|listen tcp )?(?:\d{1,3}\.){3}\d{1,3}:\d{1,5}(?=->)|->\s*\S+:\d{1,5}",
    re.IGNORECASE,
)


def parse_pasted_error(text: str) -> PastedError:
    """Return what a text says of a port and an error. Never raises; at most 20,000 characters."""
    text = text[:_LONGEST_TEXT]
    port, address = _find_port(text)
    protocol = _PROTOCOL.search(text)
    return PastedError(
        text,
        _find_error(text),
        port,
        address,
        Protocol(protocol[1].lower()) if protocol else None,
    )


def _find_error(text: str) -> str | None:
    flat = _flattened(text)
    for error in _ORDER:
        if any(phrase in flat for phrase in _PHRASES.get(error, ())):
            return error
    for word in _WORD.findall(text):
        error_of_word = _BY_NAME.get(word.casefold().replace("_", ""))
        if error_of_word:
            return error_of_word
    return _find_number(text)


def _find_number(text: str) -> str | None:
    for pattern, table in (
        (_WIN_ERROR, _BY_WIN32_NUMBER | _BY_WINSOCK_NUMBER),
        (_WINSOCK, _BY_WINSOCK_NUMBER),
    ):
        for match in pattern.finditer(text):
            if error := table.get(int(match[1])):
                return error
    for match in _HRESULT.finditer(text):
        if error := (_BY_WINSOCK_NUMBER | _BY_WIN32_NUMBER).get(int(match[1], 16)):
            return error
    numbers = _BY_MACOS_NUMBER | _BY_LINUX_NUMBER
    for match in _ERRNO.finditer(text):
        if error := numbers.get(int(match["number"])):
            return error
    return None


def _find_port(text: str) -> tuple[int | None, str | None]:
    # "exposing port TCP 0.0.0.0:5432 -> 0.0.0.0:0" names what was wanted first.
    for pattern in _PORT_PATTERNS:
        for match in pattern.finditer(text):
            number = int(match["port"])
            if 0 < number <= _MAX_PORT:
                return number, _address(match["host"]) or _nearby_address(text)
    return None, _nearby_address(text)


def _nearby_address(text: str) -> str | None:
    match = _QUOTED_ADDRESS.search(text)
    return _address(match["host"]) if match else None


def _address(host: str | None) -> str | None:
    """Return a numeric address; names and signs that mean "all" stand for none in particular."""
    bare = (host or "").strip("[]")
    if not bare or bare in {"*", "+", "localhost", "::", "0.0.0.0"}:  # noqa: S104 - a text
        return None
    return canonical_address(bare)


def _flattened(text: str) -> str:
    """Return a text without accents, doubled blanks and typographic quotes, in lower case."""
    plain = unicodedata.normalize("NFKC", text.replace("\u2019", "'")).casefold()
    without = "".join(
        one
        for one in unicodedata.normalize("NFD", plain)
        # Only accents of Latin letters are dropped: Japanese marks and й are letters of their own.
        if not "\u0300" <= one <= "\u036f"
    )
    return " ".join(unicodedata.normalize("NFC", without).split())
