"""Views that are kept by name: what is shown, which columns, in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portview.domain.sockets.scope import Scope
from portview.domain.table.columns import COLUMN_BY_ID
from portview.i18n import N_

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NAME = 80
"""Characters of a name."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A filter in a scope. ``columns`` are ids, leftmost first; none leaves those that are shown.

    ``sort_column`` is an id as well.
    """

    name: str
    query: str = ""
    scope: Scope = Scope.ALL
    columns: tuple[str, ...] = ()
    sort_column: str = "port"
    is_descending: bool = False


_DEVELOPER_PORTS = (
    "1234,1313,1433,1521,2375,3000-3010,3306,4000,4173,4200,4321,5000-5010,5173-5180,5432,5500,"
    "5555,5601,5672,5984,6006,6379,7000,7071,7860,8000-8100,8443,8501,8787,8888,9000-9010,9090,"
    "9092,9200,9222,9229,11211,11434,15672,19000-19006,24678,27017,35729"
)

BUILT_IN_VIEWS = (
    SavedView(N_("Listening to the outside"), "state:listen -local:localhost", Scope.LISTENING),
    SavedView(N_("Developer ports"), f"port:{_DEVELOPER_PORTS}", Scope.LISTENING),
    SavedView(
        N_("Waiting: TIME_WAIT and CLOSE_WAIT"),
        "state:time-wait,close-wait",
        Scope.CONNECTIONS,
        sort_column="state",
    ),
)
"""Views that every window has, and that can't be renamed or deleted."""


def view_object(view: SavedView) -> dict[str, Any]:
    """Return a view as JSON values."""
    return {
        "name": view.name,
        "query": view.query,
        "scope": view.scope.value,
        "columns": list(view.columns),
        "sort_column": view.sort_column,
        "sort_descending": view.is_descending,
    }


def read_views(objects: Iterable[Any]) -> tuple[SavedView, ...]:
    """Return the views that some JSON values describe.

    What is damaged is passed over, as is a name that comes twice. Columns that this version does
    not know are left out, so that settings may come from another one.
    """
    views: dict[str, SavedView] = {}
    for each in objects:
        view = _view(each) if isinstance(each, dict) else None
        if view is not None:
            views.setdefault(view.name.casefold(), view)
    return tuple(views.values())


def _view(values: dict[str, Any]) -> SavedView | None:
    # Loaded where somebody keeps views: a window without any starts the sooner for it.
    from portview.domain.query.syntax import parse_query  # noqa: PLC0415
    from portview.domain.query.terms import QueryError  # noqa: PLC0415

    name, query, scope = values.get("name"), values.get("query"), values.get("scope")
    columns, sort_column = values.get("columns", []), values.get("sort_column", "port")
    if not (isinstance(name, str) and is_good_name(name) and isinstance(query, str)):
        return None
    if scope not in list(Scope) or not isinstance(columns, list):
        return None
    try:
        parse_query(query)
    except QueryError:
        return None
    known = [each for each in columns if isinstance(each, str) and each in COLUMN_BY_ID]
    if not isinstance(sort_column, str) or sort_column not in COLUMN_BY_ID:
        sort_column = "port"
    return SavedView(
        name,
        query,
        Scope(scope),
        tuple(dict.fromkeys(known)),
        sort_column,
        values.get("sort_descending") is True,
    )


def is_good_name(name: str) -> bool:
    """Return whether a view can be called so."""
    return bool(name.strip()) and len(name) <= MAX_NAME and name == name.strip()


def with_view(views: tuple[SavedView, ...], view: SavedView) -> tuple[SavedView, ...]:
    """Return the views with one added, or put in the place of the one with its name."""
    names = [each.name.casefold() for each in views]
    if view.name.casefold() not in names:
        return (*views, view)
    place = names.index(view.name.casefold())
    return (*views[:place], view, *views[place + 1 :])
