"""Datagrams that make common UDP services answer, and what their answers say. Pure.

Each is built here from its specification; none changes anything at the target.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portview.i18n import N_, _, join_list, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable

_DNS_HEADER = struct.Struct(">6H")
_DNS_RECURSION_DESIRED = 0x0100
_DNS_RESPONSE = 0x8000
_TYPE_NS, _TYPE_PTR = 2, 12
_CLASS_IN = 1
_UNICAST_RESPONSE = 0x8000
_DNS_CODES = (
    N_("no error"),
    N_("malformed"),
    N_("server failure"),
    N_("no such name"),
    N_("unsupported"),
    N_("refused"),
)

_NTP_BYTES = 48
_NTP_CLIENT_V4 = 0b00_100_011
_NTP_TRANSMIT_AT = 40
_NTP_SERVER_MODES = (2, 4, 5)

_STUN_HEADER = struct.Struct(">HHI12s")
_STUN_COOKIE = 0x2112A442
_STUN_BINDING, _STUN_BINDING_SUCCESS, _STUN_BINDING_ERROR = 0x0001, 0x0101, 0x0111

_QUIC_LONG_HEADER = 0b1100_0000
_QUIC_FORCING_VERSION = 0x1A2A3A4A
_QUIC_MIN_INITIAL_BYTES = 1200
_QUIC_ID_BYTES = 8

_SEQUENCE, _INTEGER, _OCTET_STRING, _NULL, _OID = 0x30, 0x02, 0x04, 0x05, 0x06
_SNMP_GET_REQUEST, _SNMP_GET_RESPONSE = 0xA0, 0xA2
_SYS_DESCR_0 = (1, 3, 6, 1, 2, 1, 1, 1, 0)
_BER_SHORT = 0x80


@dataclass(frozen=True, slots=True)
class Payload:
    """A question in one protocol.

    ``build`` makes the datagram from 12 random bytes, ``explain`` says in words what an answer to
    it is, empty if it is not one.
    """

    name: str
    build: Callable[[bytes], bytes]
    explain: Callable[[bytes, bytes], str]


def payload_for_port(port: int) -> Payload:
    """Return the question that suits the service which usually has a port."""
    return _BY_PORT.get(port, GENERIC)


def _dns_name(name: str) -> bytes:
    labels = [label.encode("ascii") for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _dns_query(token: bytes) -> bytes:
    """Ask for the name servers of the root, which every DNS server knows about (RFC 1035, 4)."""
    (query_id,) = struct.unpack_from(">H", token)
    header = _DNS_HEADER.pack(query_id, _DNS_RECURSION_DESIRED, 1, 0, 0, 0)
    return header + _dns_name("") + struct.pack(">2H", _TYPE_NS, _CLASS_IN)


def _mdns_query(_unused: bytes) -> bytes:
    """Ask which services there are (RFC 6763, 9), to be answered by unicast (RFC 6762, 5.4)."""
    header = _DNS_HEADER.pack(0, 0, 1, 0, 0, 0)
    name = _dns_name("_services._dns-sd._udp.local")
    return header + name + struct.pack(">2H", _TYPE_PTR, _CLASS_IN | _UNICAST_RESPONSE)


def _explain_dns(answer: bytes, sent: bytes) -> str:
    if len(answer) < _DNS_HEADER.size:
        return ""
    answer_id, flags, _unused, answers, _unused, _unused = _DNS_HEADER.unpack_from(answer)
    if not flags & _DNS_RESPONSE or answer_id != int.from_bytes(sent[:2], "big"):
        return ""
    code = flags & 0xF
    word = _(_DNS_CODES[code]) if code < len(_DNS_CODES) else _("code {code}").format(code=code)
    return ngettext(
        "DNS answer: {word}, {answers} record", "DNS answer: {word}, {answers} records", answers
    ).format(word=word, answers=answers)


def _ntp_query(token: bytes) -> bytes:
    """Ask for the time as a client (RFC 5905, 7.3); the server gives our timestamp back."""
    return bytes([_NTP_CLIENT_V4]) + bytes(_NTP_TRANSMIT_AT - 1) + token[:8]


def _explain_ntp(answer: bytes, sent: bytes) -> str:
    originate_at = 24
    is_answer = (
        len(answer) >= _NTP_BYTES
        and answer[0] & 0b111 in _NTP_SERVER_MODES
        and answer[originate_at : originate_at + 8] == sent[_NTP_TRANSMIT_AT:]
    )
    return _("NTP answer: stratum {answer}").format(answer=answer[1]) if is_answer else ""


def _ber(tag: int, content: bytes) -> bytes:
    """Write one BER element (X.690, 8.1)."""
    if len(content) < _BER_SHORT:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, _BER_SHORT | len(length)]) + length + content


def _ber_oid(numbers: tuple[int, ...]) -> bytes:
    """Write an object identifier whose parts are all below 128."""
    return _ber(_OID, bytes([numbers[0] * 40 + numbers[1], *numbers[2:]]))


def _snmp_get(token: bytes) -> bytes:
    """Read sysDescr.0 with the community "public" (RFC 1157, 4.1.2)."""
    binding = _ber(_SEQUENCE, _ber_oid(_SYS_DESCR_0) + _ber(_NULL, b""))
    request_id = _ber(_INTEGER, bytes([token[0] & 0x7F, *token[1:4]]))
    zero = _ber(_INTEGER, b"\0")
    pdu = _ber(_SNMP_GET_REQUEST, request_id + zero + zero + _ber(_SEQUENCE, binding))
    return _ber(_SEQUENCE, zero + _ber(_OCTET_STRING, b"public") + pdu)


def _explain_snmp(answer: bytes, sent: bytes) -> str:
    request_id = _ber(_INTEGER, sent[_snmp_id_at(sent) :][2:6])
    is_answer = (
        answer[:1] == bytes([_SEQUENCE])
        and bytes([_SNMP_GET_RESPONSE]) in answer
        and request_id in answer
    )
    return _("SNMP answer") if is_answer else ""


def _snmp_id_at(sent: bytes) -> int:
    """Find the request ID: the first thing within the PDU of ``_snmp_get``."""
    return sent.index(bytes([_SNMP_GET_REQUEST])) + 2


def _stun_binding(token: bytes) -> bytes:
    """Ask which address we come from (RFC 8489, 5)."""
    return _STUN_HEADER.pack(_STUN_BINDING, 0, _STUN_COOKIE, token[:12])


def _explain_stun(answer: bytes, sent: bytes) -> str:
    if len(answer) < _STUN_HEADER.size or answer[4:20] != sent[4:20]:
        return ""
    kind = int.from_bytes(answer[:2], "big")
    words = {_STUN_BINDING_SUCCESS: _("STUN answer"), _STUN_BINDING_ERROR: _("STUN error answer")}
    return words.get(kind, "")


def _quic_initial(token: bytes) -> bytes:
    """Offer a version kept for forcing version negotiation (RFC 9000, 6.1, 15 and 17.2)."""
    connection_ids = (token * 2)[:_QUIC_ID_BYTES], (token * 2)[4 : 4 + _QUIC_ID_BYTES]
    header = bytes([_QUIC_LONG_HEADER]) + _QUIC_FORCING_VERSION.to_bytes(4, "big")
    header += b"".join(bytes([len(one)]) + one for one in connection_ids)
    return header.ljust(_QUIC_MIN_INITIAL_BYTES, b"\0")


def _explain_quic(answer: bytes, sent: bytes) -> str:
    """Read a version negotiation packet, in which our two connection IDs change places."""
    ours = 5 + 1 + _QUIC_ID_BYTES
    expected = sent[ours : ours + 1 + _QUIC_ID_BYTES] + sent[5:ours]
    versions_at = 5 + len(expected)
    if len(answer) < versions_at + 4 or not answer[0] & 0x80 or any(answer[1:5]):
        return ""
    if answer[5:versions_at] != expected:
        return ""
    count = (len(answer) - versions_at) // 4
    versions = struct.unpack_from(f">{count}I", answer, versions_at)
    shown = join_list(f"0x{version:08x}" for version in versions[:8])
    return _("QUIC versions: {versions}").format(versions=shown)


DNS = Payload("dns", _dns_query, _explain_dns)
MDNS = Payload("mdns", _mdns_query, _explain_dns)
NTP = Payload("ntp", _ntp_query, _explain_ntp)
SNMP = Payload("snmp", _snmp_get, _explain_snmp)
STUN = Payload("stun", _stun_binding, _explain_stun)
QUIC = Payload("quic", _quic_initial, _explain_quic)
GENERIC = Payload("generic", lambda _unused: b"\r\n\r\n", lambda _unused, __: "")

PAYLOADS = {one.name: one for one in (DNS, MDNS, NTP, SNMP, STUN, QUIC, GENERIC)}

_BY_PORT = {
    53: DNS,
    123: NTP,
    161: SNMP,
    443: QUIC,
    853: QUIC,
    3478: STUN,
    5353: MDNS,
    8443: QUIC,
    19302: STUN,
}
