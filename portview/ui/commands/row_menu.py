"""The menu of the acts on rows: what is done often at the top, the rest in submenus."""

from __future__ import annotations

from typing import NamedTuple

from portview.i18n import N_


class RowMenu(NamedTuple):
    """A submenu with the names of its acts; another RowMenu among them is a submenu of its own."""

    title: str
    icon: str
    entries: tuple[str | RowMenu, ...]


SEPARATOR = ""
ROW_MENU: tuple[str | RowMenu, ...] = (
    *("free_port", "test", "why_port", "open_in_browser", "watch_port", "close_connection"),
    SEPARATOR,
    "find_free_port_near",
    RowMenu(N_("Fire&wall"), "shield", ("allow_in_firewall", "block_in_firewall")),
    RowMenu(
        N_("&Process"),
        "process",
        (
            *("end_process", "end_process_tree", "suspend_process", "resume_process"),
            SEPARATOR,
            *("stop_service", "restart_service"),
            SEPARATOR,
            *("open_file_location", "go_to_parent"),
        ),
    ),
    SEPARATOR,
    RowMenu(
        N_("Fi&lter"),
        "filter",
        (
            *("filter_by_port", "filter_by_proc", "filter_by_pid", "filter_by_local"),
            *("filter_by_remote", "filter_by_state", "filter_by_user"),
            SEPARATOR,
            RowMenu(
                N_("Lea&ve this out"),
                "",
                (
                    *("leave_out_port", "leave_out_proc", "leave_out_pid", "leave_out_local"),
                    *("leave_out_remote", "leave_out_state", "leave_out_user"),
                ),
            ),
        ),
    ),
    RowMenu(
        N_("C&opy"),
        "copy",
        (
            "copy_rows",
            "copy_cell",
            SEPARATOR,
            "copy_text",
            "copy_csv",
            "copy_json",
            "copy_markdown",
        ),
    ),
    SEPARATOR,
    "properties",
)
"""At most a dozen entries. Acts that it does not name stand in a submenu of their own."""

OTHERS = N_("&More")

ICONS = {
    "free_port": "free",
    "test": "test",
    "why_port": "why",
    "open_in_browser": "browser",
    "watch_port": "watch",
    "close_connection": "disconnect",
    "find_free_port_near": "near",
    "end_process": "close",
    "suspend_process": "pause",
    "resume_process": "live",
    "open_file_location": "folder",
    "go_to_parent": "tree",
    "allow_in_firewall": "firewall_allowed",
    "block_in_firewall": "firewall_blocked",
    "copy_rows": "copy",
    "properties": "info",
}
"""The icons of acts in menus, all of one weight."""
