"""``zoo query``: the named questions of ``cypher/ask``, for people and notebooks."""

from __future__ import annotations

from collections.abc import Mapping

import cypher
from graphdb.catalog import check_model, find_dataset
from graphdb.errors import ZooError, did_you_mean, to_type
from graphdb.records import MAX_INTEGER
from graphdb.store import Row, Store
from zoo.training import check_method

#: What a parameter is where nobody says.
_DEFAULTS: dict[str, object] = {"limit": 10, "method": "full"}


def list_queries() -> list[cypher.Query]:
    return [cypher.load(name) for name in cypher.names("ask")]


def find_query(name: str) -> cypher.Query:
    """The named question. Raises ZooError with what was probably meant."""
    known = cypher.names("ask")
    if name not in known:
        meant = did_you_mean(name, known)
        raise ZooError(f"No query {name[:200]!r}.{meant} List them with: zoo query --list")
    return cypher.load(name)


def run_query(store: Store, name: str, params: Mapping[str, object]) -> list[Row]:
    """The rows of a named question.

    Raises:
        ZooError: no such question, parameters that are missing or not its own, an unknown model or
            dataset.
    """
    wanted = find_query(name).params
    filled = {**{name: _DEFAULTS[name] for name in wanted if name in _DEFAULTS}, **params}
    missing, unknown = sorted(set(wanted) - set(filled)), sorted(set(filled) - set(wanted))
    if missing or unknown:
        wrong = [f"missing: {', '.join(missing)}"] * bool(missing)
        wrong += [f"unknown: {', '.join(unknown)}"] * bool(unknown)
        example = [word for param in wanted for word in ("--param", f"{param}=...")]
        typed = to_type("query", name, options=example)
        raise ZooError(
            f"Query {name!r} takes {', '.join(wanted) or 'no parameters'}; "
            f"{', '.join(wrong)}. Type: {typed}"
        )
    if "limit" in filled:
        filled["limit"] = _limit(filled["limit"])
    if "method" in filled:
        check_method(str(filled["method"]))
    rows = store.read(name, **filled)
    if not rows and "dataset" in filled:
        find_dataset(store, str(filled["dataset"]))  # raises where it is unknown
    if not rows and "model" in filled:
        check_model(store, str(filled["model"]))
    return rows


def _limit(value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or int(text) > MAX_INTEGER:
        raise ZooError(f"limit {value!r} is not a number of rows. Write --param limit=10")
    return int(text)


def parse_param(text: str) -> tuple[str, str]:
    """``key=value``; the value is text: an id may look like a number."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ZooError(f"Not a parameter: {text!r}. Write --param key=value")
    return key, value
