"""How long named queries took: kept a machine and store, shown by ``zoo db status``.

Names and numbers only; no value that travelled is kept.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from graphdb.address import data_folder

#: Stores that are remembered, the last used ones.
_STORES = 20


@dataclass(frozen=True, slots=True)
class Timing:
    """A named query: how often it ran, milliseconds of the slowest and of all together."""

    name: str
    count: int
    slowest: float
    total: float

    @property
    def mean(self) -> float:
        return self.total / self.count


@dataclass(slots=True)
class Timings:
    """What one open store saw."""

    found: dict[str, Timing] = field(default_factory=dict)

    def add(self, name: str, milliseconds: float) -> None:
        self._merge(Timing(name, 1, milliseconds, milliseconds))

    def keep(self, address: str) -> None:
        """Add to what earlier commands on this machine saw; nothing where that cannot be kept."""
        if not self.found:
            return
        with suppress(OSError, Timeout):
            file = _file()
            file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{file}.lock", timeout=1):
                stores = _read(file)
                for timing in _timings(stores.pop(address, [])):
                    self._merge(timing)
                stores[address] = [[t.name, t.count, t.slowest, t.total] for t in self.slowest()]
                draft = file.with_name(f"{file.name}.{os.getpid()}")
                draft.write_text(json.dumps(dict(list(stores.items())[-_STORES:])), "utf-8")
                draft.replace(file)
        self.found.clear()

    def slowest(self) -> list[Timing]:
        return sorted(self.found.values(), key=lambda timing: -timing.slowest)

    def _merge(self, timing: Timing) -> None:
        old = self.found.get(timing.name, Timing(timing.name, 0, 0.0, 0.0))
        self.found[timing.name] = Timing(
            timing.name,
            old.count + timing.count,
            max(old.slowest, timing.slowest),
            old.total + timing.total,
        )


def read_timings(address: str) -> list[Timing]:
    """What commands of this machine saw of a store, the slowest query first."""
    return sorted(_timings(_read(_file()).get(address, [])), key=lambda timing: -timing.slowest)


def _file() -> Path:
    return data_folder() / "timings.json"


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _timings(rows: Any) -> list[Timing]:
    """What an earlier command kept; a file that is damaged counts as none."""
    try:
        return [Timing(str(row[0]), int(row[1]), float(row[2]), float(row[3])) for row in rows]
    except (IndexError, KeyError, TypeError, ValueError):
        return []
