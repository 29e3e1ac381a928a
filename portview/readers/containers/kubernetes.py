"""The names of Kubernetes' containers, from the links that the kubelet makes for their logs.

/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log, on every node; only names are read, no log.
https://kubernetes.io/docs/concepts/cluster-administration/logging/
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from portview.domain.owners.container import ContainerRuntime

if TYPE_CHECKING:
    from portview.domain.owners.container import Container

LINKS = Path("/var/log/containers")
_NAME = re.compile(
    r"(?P<pod>[a-z0-9.-]{1,253})_(?P<namespace>[a-z0-9-]{1,63})_(?P<container>[a-z0-9-]{1,63})"
)


def with_kubernetes_names(container: Container, links: Path | None = None) -> Container:
    """Return a container of Kubernetes with its name and "namespace/pod", as far as known here."""
    if container.runtime is not ContainerRuntime.KUBERNETES or not container.id:
        return container
    try:
        found = next((links or LINKS).glob(f"*-{container.id}.log"), None)
    except OSError:
        return container
    match = _NAME.fullmatch(found.name.removesuffix(f"-{container.id}.log")) if found else None
    if match is None:
        return container
    return replace(container, name=match["container"], pod=f"{match['namespace']}/{match['pod']}")
