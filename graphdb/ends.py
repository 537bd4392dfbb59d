"""Whether rows of a copy belong together: each relationship's ends stand before it, named once."""

from __future__ import annotations

from graphdb.dump import NODES
from graphdb.store import Row

#: The tables that hold the two ends of a relationship.
ENDS = {
    "pretrainings": ("models", "datasets"),
    "fine_tunings": ("models", "datasets"),
    "embedding_links": ("datasets", "embeddings"),
    "similarities": ("datasets", "datasets"),
    "transferabilities": ("models", "datasets"),
    "predictions": ("models", "datasets"),
    "publications": ("learners", "datasets"),
    "job_models": ("jobs", "models"),
    "job_datasets": ("jobs", "datasets"),
}
#: What tells relationships with the same ends apart.
KEYS = {
    "fine_tunings": ("id",),
    "similarities": ("measure", "probe"),
    "transferabilities": ("method",),
    "predictions": ("run",),
}


class Ends:
    """The ids seen so far, table by table."""

    def __init__(self) -> None:
        self._ids: dict[str, set[str]] = {table: set() for table in NODES}

    def forget(self, table: str) -> None:
        """Its rows come again, from the first one on."""
        if table in self._ids:
            self._ids[table].clear()

    def check(self, table: str, row: Row) -> None:
        """Take the next row. Raises ValueError for one that no store could be filled with."""
        if table in self._ids:
            if row["id"] in self._ids[table]:
                raise ValueError(f"{table} hold {row['id']!r} twice")
            self._ids[table].add(row["id"])
            return
        for end, ends in zip((row["a"], row["b"]), ENDS[table], strict=True):
            if end not in self._ids[ends]:
                name = ends.removesuffix("s")
                raise ValueError(f"a row of {table} names the {name} {end!r}, which is not there")
        for key in KEYS.get(table, ()):
            if not isinstance(row["set"].get(key), str):
                raise ValueError(f"a row of {table} has no {key}")
