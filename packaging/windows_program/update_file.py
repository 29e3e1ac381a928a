"""The signed file by which PortView says that there is a newer version, and the key for it.

``python -m windows_program.update_file new-key``, started in packaging/, prints a new private key.
It is kept as the secret PORTVIEW_UPDATE_KEY where releases are made, and nowhere else. With that
variable a build carries the public key and the address of the newest release's file, and signs one
for itself.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import TYPE_CHECKING, Final

from windows_program.manifests import URL_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_VARIABLE: Final = "PORTVIEW_UPDATE_KEY"
FILE_NAME: Final = "PortView-latest.json"
_PREFIX: Final = b"portview-latest-1\n"
_RELEASES: Final = "/releases/"


def update_resource(release_url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return what ``resources/update.json`` holds in this build; None without key or address.

    The file of the newest release has an address that stays: ``releases/latest/download``. Raises
    ValueError for a key that is none.
    """
    key = _private_key(environment)
    home, found, _rest = release_url.partition(_RELEASES)
    if key is None or not found:
        return None
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode("ascii")
    url = f"{home}{_RELEASES}latest/download/{FILE_NAME}"
    return json.dumps({"url": url, "public_key": public}, indent=2) + "\n"


def signed_file(
    version: str, release_url: str, environment: Mapping[str, str] = os.environ
) -> str | None:
    """Return the signed file for a version; None without key or address. Raises ValueError."""
    key = _private_key(environment)
    home, found, _rest = release_url.partition(_RELEASES)
    if key is None or not found:
        return None
    page = f"{home}{_RELEASES}tag/v{version}"
    text = json.dumps({"version": version, "page": page})
    signature = base64.b64encode(key.sign(_PREFIX + text.encode("utf-8"))).decode("ascii")
    return json.dumps({"signed": text, "signature": signature}, indent=2) + "\n"


def _private_key(environment: Mapping[str, str]) -> Ed25519PrivateKey | None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    given = environment.get(KEY_VARIABLE, "").strip()
    if not given:
        return None
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(given, validate=True))


def _new_key() -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode("ascii")


def write_update_files(
    version: str, resource: Path, signed: Path, environment: Mapping[str, str] = os.environ
) -> bool:
    """Write what the build carries and what a release publishes; return whether there is a key.

    Raises ValueError for a key that is none.
    """
    url = environment.get(URL_VARIABLE, "").rstrip("/")
    carried = update_resource(url, environment)
    published = signed_file(version, url, environment)
    if carried is None or published is None:
        return False
    resource.write_text(carried, encoding="utf-8", newline="\n")
    signed.write_text(published, encoding="utf-8", newline="\n")
    return True


if __name__ == "__main__":
    if sys.argv[1:] == ["new-key"]:
        print(_new_key())
    else:
        sys.exit(__doc__)
