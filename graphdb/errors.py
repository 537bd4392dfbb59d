"""The one exception of this project that a user is meant to read, and what it advises."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

#: Characters of a wrong name that are compared: what is longer is nobody's typing error.
_COMPARED = 200


class ZooError(Exception):
    """A mistake or a circumstance the user can act on.

    The message is one line: what is wrong, which value, and the next command to type. The command
    line prints it and exits with code 1; anything that is not a ZooError is a bug and keeps its
    traceback.
    """


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """`` Did you mean 'pets'?`` where a known name is almost ``given``, else nothing.

    Upper and lower case are alike: of names that differ in nothing else the last one is named.
    """
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(given[:_COMPARED].casefold(), folded, n=1, cutoff=0.5)
    return f" Did you mean {folded[close[0]]!r}?" if close else ""


def listed(name: str) -> str:
    """The name as an option takes it that has several between commas."""
    if not set(name) & set(',"\r\n'):
        return name
    return '"' + name.replace('"', '""') + '"'


def to_type(
    command: str,
    *names: str,
    options: Sequence[str] = (),
    store: str | None = None,
    database: str | None = None,
) -> str:
    """``zoo COMMAND NAMES OPTIONS`` as a shell takes it, whatever the names hold.

    One that begins with a dash would be taken for an option: then ``--`` stands before the names,
    and options before that.
    """
    dashed = any(name.startswith("-") for name in names)
    words = [*options, "--", *names] if dashed else [*names, *options]
    chosen = [] if store is None else ["--store", store]
    chosen += [] if database is None else ["--database", database]
    return shlex.join(["zoo", *chosen, *command.split(), *words])
