"""What a build carries and what a release publishes fit each other."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portview import update_notice
from portview.update_notice import Release, update_source, verified
from windows_program.update_file import write_update_files

if TYPE_CHECKING:
    from pathlib import Path

KEY = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
URL = "https://example.org/portview/releases/download/v1.2.3"
ENVIRONMENT = {"PORTVIEW_UPDATE_KEY": KEY, "PORTVIEW_RELEASE_URL": URL}


def test_the_program_believes_the_file_that_its_release_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource, signed = tmp_path / "update.json", tmp_path / "PortView-latest.json"
    assert write_update_files("1.2.3", resource, signed, ENVIRONMENT)
    monkeypatch.setattr(update_notice, "resource_path", lambda *_parts: resource)
    source = update_source()
    assert source is not None
    assert source.url == f"{URL.partition('/download')[0]}/latest/download/{signed.name}"
    release = verified(signed.read_bytes(), source.public_key)
    assert release == Release("1.2.3", "https://example.org/portview/releases/tag/v1.2.3")
    for file in (resource, signed):
        assert KEY not in file.read_text("utf-8")


@pytest.mark.parametrize("missing", list(ENVIRONMENT))
def test_without_a_key_or_an_address_there_is_neither(tmp_path: Path, missing: str) -> None:
    resource, signed = tmp_path / "update.json", tmp_path / "latest.json"
    environment = {**ENVIRONMENT, missing: ""}
    assert not write_update_files("1.2.3", resource, signed, environment)
    assert not list(tmp_path.iterdir())


def test_a_key_that_is_none_ends_the_build(tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "PORTVIEW_UPDATE_KEY": json.dumps("no key")}
    with pytest.raises(ValueError, match=r"."):
        write_update_files("1.2.3", tmp_path / "a", tmp_path / "b", environment)
