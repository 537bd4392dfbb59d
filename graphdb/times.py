"""Times of a store as text: ISO 8601 in UTC, the same whatever zone and form a store keeps.

Neo4j keeps the zone, the embedded store answers naive times in UTC, and the ``toString`` of either
differs (``Z``, ``Z[Etc/UTC]``): times travel as times and become text here.
"""

from __future__ import annotations

from graphdb.driver import DateTime


def utc_text(moment: DateTime) -> str:
    """All nine digits of a second: what copies compare."""
    offset = moment.utcoffset()
    if offset:
        moment = moment - offset
    date = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    time = f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}.{moment.nanosecond:09}"
    return f"{date}T{time}Z"


def short_text(moment: DateTime) -> str:
    """Three digits of a second, more only where they say something: what people read."""
    text = utc_text(moment).removesuffix("Z")
    while text.endswith("000") and text[-4] != ".":
        text = text[:-3]
    return f"{text}Z"
