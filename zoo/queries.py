"""``zoo query``: the named questions of ``cypher/ask``, for people and notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches

import cypher
from graphdb.errors import ZooError
from graphdb.store import Row, Store


def list_queries() -> list[cypher.Query]:
    return [cypher.load(name) for name in cypher.names("ask")]


def run_query(store: Store, name: str, params: Mapping[str, object]) -> list[Row]:
    """The rows of a named question.

    Raises:
        ZooError: no such question, or parameters that are missing or not its own.
    """
    known = cypher.names("ask")
    if name not in known:
        close = get_close_matches(name, known, n=1)
        meant = f" Did you mean {close[0]!r}?" if close else ""
        raise ZooError(f"No query {name!r}.{meant} List them with: zoo query --list")
    wanted = cypher.load(name).params
    filled = {**({"limit": 10} if "limit" in wanted else {}), **params}
    wrong = sorted(set(wanted) ^ set(filled))
    if wrong:
        example = " ".join(f"--param {param}=..." for param in wanted)
        raise ZooError(
            f"Query {name!r} takes {', '.join(wanted) or 'no parameters'}; "
            f"missing or unknown: {', '.join(wrong)}. Type: zoo query {name} {example}"
        )
    return store.read(name, **filled)


def parse_param(text: str) -> tuple[str, object]:
    """``key=value``; a value that reads as JSON is that, anything else is text."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ZooError(f"Not a parameter: {text!r}. Write --param key=value")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value
