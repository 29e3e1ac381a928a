"""What the program is made of, as a CycloneDX document (https://cyclonedx.org/docs/1.6/json/)."""

from __future__ import annotations

import json
import re
import ssl
import sys
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STATIC_PARTS_FILE: Final = "static-parts.json"
"""In a wheel's dist-info, where PortView built it: a list with what is linked in, an object with
``name``, ``version`` and ``licence`` each.
"""

_PYPI: Final = "pypi"
_LINKED_IN: Final = "parts of it are linked into numpy's modules"
_NAMESPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:portview:sbom")


@dataclass(frozen=True, slots=True)
class Component:
    """One part. ``kind`` is its package-URL type; ``needs`` are names of other parts.

    ``note`` says what sets it apart from what goes by that name elsewhere.
    """

    name: str
    version: str
    licence: str
    kind: str = _PYPI
    needs: tuple[str, ...] = ()
    note: str = ""

    @property
    def purl(self) -> str:
        """Return its package URL, which also serves as its reference in the document."""
        return f"pkg:{self.kind}/{self.name}@{self.version}"


def gather_components(requirements: Iterable[str]) -> list[Component]:
    """Return what some requirements bring in, in the Python that runs this, and Python itself.

    Needs the package "packaging", which comes with PyInstaller.
    """
    from packaging.requirements import Requirement  # noqa: PLC0415 - not on every machine
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    def names_of(lines: Iterable[str]) -> tuple[str, ...]:
        wanted = [Requirement(line) for line in lines]
        holding = [w for w in wanted if w.marker is None or w.marker.evaluate({"extra": ""})]
        return tuple(sorted({canonicalize_name(one.name) for one in holding}))

    components: dict[str, Component] = {}
    waiting = list(names_of(requirements))
    while waiting:
        name = waiting.pop()
        if name in components:
            continue
        found = metadata.distribution(name)
        needs = names_of(found.requires or [])
        waiting += needs
        linked = _static_parts(found)
        components.update({part.name: part for part in linked})
        needs = tuple(sorted({*needs, *(part.name for part in linked)}))
        components[name] = Component(
            name, found.version, _licence_of(found), needs=needs, note=_note_on(name)
        )
    return sorted([*components.values(), *_interpreter()], key=lambda part: part.purl)


def bootloader() -> Component:
    """Return the part that is the beginning of every frozen program."""
    version = metadata.version("pyinstaller")
    return Component("pyinstaller", version, "GPL-2.0-or-later WITH Bootloader-exception")


def components_to_json(components: Iterable[Component]) -> str:
    """Write components down for another process."""
    return json.dumps([asdict(component) for component in components])


def components_from_json(text: str) -> list[Component]:
    """Read what ``components_to_json`` wrote."""
    return [Component(**{**one, "needs": tuple(one["needs"])}) for one in json.loads(text)]


def sbom_text(version: str, licence: str, components: Sequence[Component], epoch: int) -> str:
    """Return the document for PortView of a version; ``epoch`` is its Unix time.

    The same parts give the same text, its serial number included.
    """
    own = f"pkg:generic/portview@{version}"
    purls = {component.name: component.purl for component in components}
    depended = {need for component in components for need in component.needs}
    graph = [{"ref": own, "dependsOn": sorted(purls[n] for n in purls if n not in depended)}] + [
        {"ref": part.purl, "dependsOn": sorted(purls[need] for need in part.needs)}
        for part in components
    ]
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "PortView",
                "version": version,
                "licenses": [{"license": {"id": licence}}],
                "purl": own,
            },
        },
        "components": [_entry(component) for component in components],
        "dependencies": graph,
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(document, sort_keys=True))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{serial}"}, indent=2) + "\n"


def _entry(component: Component) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "type": "library" if component.kind == _PYPI else "platform",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    }
    if component.note:
        entry["description"] = component.note
    if component.licence:
        entry["licenses"] = [{"license": {"name": component.licence}}]
    return entry


def _licence_of(found: metadata.Distribution) -> str:
    fields = found.metadata
    if "License-Expression" in fields:
        return fields["License-Expression"]
    text = fields["License"].strip() if "License" in fields else ""
    # Some put the whole text there.
    if text and "\n" not in text:
        return text
    classifiers = fields.get_all("Classifier") or []
    licences = [str(one) for one in classifiers if str(one).startswith("License ::")]
    return licences[0].rpartition(" :: ")[2] if licences else ""


def _static_parts(found: metadata.Distribution) -> list[Component]:
    parts = json.loads(found.read_text(STATIC_PARTS_FILE) or "[]")
    return [
        Component(part["name"], part["version"], part["licence"], "generic", note=_LINKED_IN)
        for part in parts
    ]


def _note_on(name: str) -> str:
    """Return what numpy says about how it was built, nothing about others.

    Raises ValueError where it was built with a library for linear algebra, which PortView has no
    use and no room for.
    """
    if name != "numpy":
        return ""
    from numpy.__config__ import CONFIG  # noqa: PLC0415 - not on every machine

    libraries = CONFIG["Build Dependencies"]
    found = [kind for kind in ("blas", "lapack") if libraries.get(kind, {}).get("found")]
    if found:
        raise ValueError(f"numpy was built with {' and '.join(found)} from elsewhere")
    compiler = CONFIG["Compilers"]["c"]["name"]
    return f"built from its source archive with {compiler}, without a BLAS or LAPACK library"


def _interpreter() -> list[Component]:
    python = ".".join(map(str, sys.version_info[:3]))
    parts = [Component("cpython", python, "PSF-2.0", "generic")]
    openssl = re.match(r"OpenSSL (\S+)", ssl.OPENSSL_VERSION)
    if openssl:
        parts.append(Component("openssl", openssl[1], "Apache-2.0", "generic"))
    from PySide6.QtCore import qVersion  # noqa: PLC0415 - not on every machine

    parts.append(Component("qt", qVersion(), "LGPL-3.0-only", "generic"))
    return parts
