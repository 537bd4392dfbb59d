"""Values out of a stranger's files, as a property of the graph can hold them."""

from __future__ import annotations

from graphdb.records import MAX_ID, MAX_INTEGER, is_unicode


def word(value: object) -> str | None:
    """A name; None for anything else: no text, an empty one, one that nobody would call a name."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID or "\0" in value:
        return None
    return value if is_unicode(value) else None


def whole(value: object) -> int | None:
    """A size or a count, which is positive and has 64 bits at most; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 1 <= value <= MAX_INTEGER else None
