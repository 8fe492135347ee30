"""The operators' command: the app's own functions, invoked; a table for people, JSON for scripts."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from local.command_line import progress, typed
from local.invoke import invoke
from local.places import StackError

FUNCTIONS = {
    "find": "operator_look",
    "show": "operator_look",
    "reveal": "operator_reveal",
    "export": "operator_reveal",
    "suspend": "operator_change",
    "reinstate": "operator_change",
    "end-sessions": "operator_change",
    "erase": "account_erase",
}


def operate(options: argparse.Namespace) -> None:
    """Do it and print what came of it. Raises StackError when it was refused."""
    answer = invoke(*order(options))
    if options.act == "export":
        _placed(options.part, answer["parts"])
    is_document = options.json or options.act == "export"
    print(json.dumps(answer, ensure_ascii=False) if is_document else table(answer))


def order(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Return which function is to be invoked, and with what. Raises StackError."""
    if options.act == "find" and bool(options.email) == bool(options.subject):
        raise StackError(f"Whom do you look for? Type {typed('email')} or {typed('subject')}, one of them.")
    if options.act != "find" and not options.user_id:
        raise StackError(f"Whose account? Type {typed('user_id')}; the act `find` prints it.")
    if options.act == "erase" and options.emergency:
        raise StackError("Emergency access is for reaching data, not for erasing it.")
    act = "reveal" if options.act == "show" and options.reveal else options.act
    names = ("email", "subject", "provider", "user_id", "part", "actor", "reason", "emergency")
    return FUNCTIONS[act], {"act": act, **{name: getattr(options, name) for name in names}}


def _placed(part: int, parts: int) -> None:
    """Say which part of an export this is, where there are others. Raises StackError beyond the last one."""
    if part > parts:
        raise StackError(f"There is no part {part}; the last one is {typed('part', parts)}.")
    if part < parts:
        progress(f"This is part {part} of {parts}. Type {typed('part', part + 1)} for the next one.")


def table(answer: Mapping[str, Any]) -> str:
    """Return an answer for people: a line a person who was found, or a line a field."""
    if "people" not in answer:
        return "\n".join(f"{name:<18} {_cell(value)}" for name, value in _flat(answer).items())
    if not answer["people"]:
        return "Nobody is found. Only verified addresses are searched."
    columns = ("user_id", "status", "created_at", "status_changed_at")
    rows = [columns, *([_cell(person[name]) for name in columns] for person in answer["people"])]
    widths = (36, 9, 24, 24)
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _flat(answer: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: value for name, value in answer.items() if not isinstance(value, dict)}
    parts = [value for value in answer.values() if isinstance(value, dict)]
    return own | {f"  {name}": value for part in parts for name, value in part.items() if name != "id"}


def _cell(value: object) -> str:
    match value:
        case None | []:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
