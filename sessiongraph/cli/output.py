"""How commands speak, in one place to import: lines (`console`), rows (`tables`), and how far they are (`progress`)."""

from sessiongraph.cli.console import (
    confirm,
    exit_code,
    fail,
    moment,
    next_step,
    note,
    plain,
    say,
    show_json,
    spent,
    to_json,
    warn,
    width,
)
from sessiongraph.cli.progress import Report, run, working
from sessiongraph.cli.tables import short, short_ids, show_list, show_record, show_table, show_users

__all__ = [
    "Report",
    "confirm",
    "exit_code",
    "fail",
    "moment",
    "next_step",
    "note",
    "plain",
    "run",
    "say",
    "short",
    "short_ids",
    "show_json",
    "show_list",
    "show_record",
    "show_table",
    "show_users",
    "spent",
    "to_json",
    "warn",
    "width",
    "working",
]
