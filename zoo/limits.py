"""What a candidate model may be: size, memory, licence, family."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import Floats, Models, Texts
from graphdb.errors import ZooError
from graphdb.records import MAX_INTEGER

Mask = NDArray[np.bool_]
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
_BYTES = {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


@dataclass(frozen=True, slots=True)
class Limits:
    """None is no limit. What is unknown of a model fails a limit unless ``allow_unknown``.

    ``max_memory`` is in bytes; licence and family compare without case.

    Raises: ZooError for a size that is no number.
    """

    max_parameters: int | None = None
    max_memory: int | None = None
    license: str | None = None
    family: str | None = None
    allow_unknown: bool = False

    def __post_init__(self) -> None:
        for name in ("max_parameters", "max_memory"):
            limit = getattr(self, name)
            if not isinstance(limit, int | None):
                raise ZooError(f"{name} {limit!r} is no whole number, such as 100_000_000")

    @property
    def any(self) -> bool:
        limits = (self.max_parameters, self.max_memory, self.license, self.family)
        return any(limit is not None for limit in limits)

    def failing(self, models: Models) -> dict[str, Mask]:
        """For each limit that is set, the models that fail it. Shapes: [M]."""
        found: dict[str, Mask] = {}
        for name, column, limit in (
            ("parameters", models.parameters, self.max_parameters),
            ("memory", models.memory_bytes, self.max_memory),
        ):
            if limit is not None:
                found[name] = self._too_large(column, limit)
        for name, texts, wanted in (
            ("license", models.license, self.license),
            ("family", models.family, self.family),
        ):
            if wanted is not None:
                found[name] = self._other(texts, wanted)
        return found

    def passing(self, models: Models) -> Mask:
        """The models that no limit leaves out. Shapes: [M]."""
        inside = np.ones(len(models), dtype=bool)
        for failing in self.failing(models).values():
            inside &= ~failing
        return inside

    def _too_large(self, column: Floats, limit: int) -> Mask:
        unknown = np.isnan(column)
        return np.where(unknown, not self.allow_unknown, column > limit)

    def _other(self, column: Texts, wanted: str) -> Mask:
        return np.array(
            [
                not self.allow_unknown if text is None else text.lower() != wanted.lower()
                for text in column
            ],
            dtype=bool,
        )


def check_limits(limits: Limits | None) -> Limits:
    """The limits, or none. Raises ZooError for something else, such as a dict of them."""
    if not isinstance(limits, Limits | None):
        raise ZooError(
            f"limits are Limits(max_parameters=100_000_000), not a {type(limits).__name__}: "
            "from zoo import Limits"
        )
    return limits or Limits()


def check_count(k: int) -> None:
    """Raises ZooError unless ``k`` is 1 or more."""
    if k < 1:
        raise ZooError(f"k={k} is not a number of models, 1 or more")


def parse_count(text: str) -> int:
    """A number as people write it: 100M, 1.5B, 86000000."""
    return _parse(text, _UNITS, "a number such as 100M or 1.5B")


def parse_bytes(text: str) -> int:
    """A size as people write it: 4GB, 512MB, 2GiB, 1000000."""
    units = {**_BYTES, **{f"{unit}b": factor for unit, factor in _UNITS.items() if unit != "b"}}
    return _parse(text, {**_UNITS, **units}, "a size such as 4GB or 512MiB")


def _parse(text: str, units: dict[str, int], wanted: str) -> int:
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-zA-Z]*)\s*", text)
    if match is not None and match[2].lower() in units:
        number = float(match[1]) * units[match[2].lower()]
        if number <= MAX_INTEGER:
            return int(number)
    raise ZooError(f"{text[:200]!r} is not {wanted}")
