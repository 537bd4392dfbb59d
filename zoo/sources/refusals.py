"""Rows that are not taken: collected, bounded, and told to the user."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from graphdb.errors import ZooError
from graphdb.records import Refusal

#: A bundle with this many problems is not read any further: nobody reads a longer list.
MAX_PROBLEMS = 1_000
#: Kinds of refusals that a message quotes; ``BundleError.refused`` has all of them.
SHOWN = 5

#: Called with a physical line (from 1) and the reason why that row is not taken.
Refuse = Callable[[int, str], None]


class BundleError(ZooError):
    """A bundle that cannot be taken; ``refused`` lists every problem by file and line."""

    def __init__(self, folder: str, refused: tuple[Refusal, ...], *, complete: bool = True) -> None:
        count = f"{len(refused)}" if complete else f"more than {len(refused)}"
        noun = "problem" if complete and len(refused) == 1 else "problems"
        kinds = summarise(refused)
        quoted = "; ".join(kinds[:SHOWN])
        rest = "; ..." if len(kinds) > SHOWN else ""
        super().__init__(
            f"The bundle {folder} has {count} {noun}, nothing of it was taken: {quoted}{rest}. "
            "Correct the rows and run the same command again."
        )
        self.refused = refused
        self.complete = complete


def summarise(refused: Sequence[Refusal]) -> list[str]:
    """One line for the rows of a file that were refused alike, numbers aside; rare ones first.

    A number within a name, the last of ``mit-b0`` and ``resnet-50``, is none of these.
    """
    alike: dict[tuple[str, str], list[Refusal]] = {}
    for refusal in refused:
        key = (refusal.file, re.sub(r"(?<![\w./])(?<!\w-)[\d.]+", "", refusal.reason))
        alike.setdefault(key, []).append(refusal)
    return [f"{group[0]}{_more(len(group) - 1)}" for group in sorted(alike.values(), key=len)]


def _more(count: int) -> str:
    return f" (and {count} row{'s' * (count > 1)} like it)" if count else ""


class Problems:
    """The problems of one bundle, in the order of discovery."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._found: list[Refusal] = []

    def add(self, file: str, line: int, reason: str) -> None:
        """Remember one problem.

        Raises:
            BundleError: when there are so many that reading on helps nobody.
        """
        self._found.append(Refusal(file, line, reason))
        if len(self._found) >= MAX_PROBLEMS:
            raise BundleError(self._folder, self._ordered(), complete=False)

    def of(self, file: str) -> Refuse:
        """The function that collects problems of one file."""
        return lambda line, reason: self.add(file, line, reason)

    def check(self) -> None:
        """Raise ``BundleError`` with everything found, if anything was."""
        if self._found:
            raise BundleError(self._folder, self._ordered())

    def __len__(self) -> int:
        return len(self._found)

    def _ordered(self) -> tuple[Refusal, ...]:
        return tuple(sorted(self._found, key=lambda refusal: (refusal.file, refusal.line)))


def shown(text: object) -> str:
    """A value for a message: one short printable line whatever somebody put into a file."""
    words = repr(text)
    return words if len(words) <= 80 else f"{words[:80]}... ({len(str(text))} characters)"
