"""What an import did, table by table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of one table: new, different from what was stored, as stored."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: Change) -> Change:
        return Change(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """``tables`` maps a table's name (models, fine_tunings, ...) to its change; ``notes`` are
    sentences for the user."""

    run: str | None = None
    tables: dict[str, Change] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        return any(change.created or change.updated for change in self.tables.values())
