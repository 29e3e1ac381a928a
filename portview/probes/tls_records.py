"""What can be read of a TLS handshake from outside: whether a client certificate was asked for.

Python's ``ssl`` does not say it, and it decides whether a server that ends the connection wanted
one. Pure. Layouts: RFC 5246, 6.2 and 7.4 (TLS 1.2), RFC 8446, 4.4 and 5.1 (TLS 1.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHANGE_CIPHER_SPEC, _HANDSHAKE, _APPLICATION_DATA = 20, 22, 23
_RECORD_HEADER = 5
_MESSAGE_HEADER = 4
_CERTIFICATE_REQUEST = 13
_AEAD_TAG = 16
_INNER_TYPE = 1


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and payload of each whole record at the beginning of a stream."""
    at = 0
    while at + _RECORD_HEADER <= len(data):
        size = int.from_bytes(data[at + 3 : at + _RECORD_HEADER], "big")
        end = at + _RECORD_HEADER + size
        if end > len(data):
            return
        yield data[at], data[at + _RECORD_HEADER : end]
        at = end


def has_certificate_request(received: bytes) -> bool:
    """Return whether the plain part of a server's handshake asks for a client certificate.

    For TLS 1.2 and before; in TLS 1.3 the request is encrypted.
    """
    plain = bytearray()
    for kind, payload in records(received):
        if kind == _CHANGE_CIPHER_SPEC:
            break
        if kind == _HANDSHAKE:
            plain += payload
    at = 0
    while at + _MESSAGE_HEADER <= len(plain):
        if plain[at] == _CERTIFICATE_REQUEST:
            return True
        at += _MESSAGE_HEADER + int.from_bytes(plain[at + 1 : at + _MESSAGE_HEADER], "big")
    return False


def answers_certificate_request(sent: bytes, cipher: str) -> bool:
    """Return whether a client's last flight of TLS 1.3 has more in it than its Finished message.

    A client that was asked for a certificate and has none sends an empty one (RFC 8446, 4.4.2).
    """
    hash_bytes = 48 if cipher.endswith("SHA384") else 32
    finished = _MESSAGE_HEADER + hash_bytes + _INNER_TYPE + _AEAD_TAG
    protected = sum(len(payload) for kind, payload in records(sent) if kind == _APPLICATION_DATA)
    return protected > finished
