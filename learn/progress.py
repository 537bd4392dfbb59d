"""How far long work is: who wants to know passes a function, which learners and jobs call."""

from __future__ import annotations

from collections.abc import Callable

#: Called with how much is done, from 0 to 1, and what is being done.
Tell = Callable[[float, str], None]


def silent(done: float, what: str) -> None:
    """Where nobody wants to know."""
