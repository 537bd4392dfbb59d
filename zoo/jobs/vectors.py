"""What a probe saw in a dataset, and the cache of it: NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphdb.records import Embedding, digest

METHODS = ("domain", "class-aware")


@dataclass(frozen=True, slots=True, eq=False)
class ProbeResult:
    """Shapes: ``domain`` [D], ``class_aware`` [2 D].

    ``within`` is the share of a distance that was left open; None: the neighbours are certain.
    """

    domain: NDArray[np.float32]
    class_aware: NDArray[np.float32]
    samples: int
    seconds: float
    within: float | None = None

    def embeddings(self, dataset: str, probe: str) -> list[Embedding]:
        vectors = zip(METHODS, (self.domain, self.class_aware), strict=True)
        return [Embedding(dataset, probe, v, method, self.samples) for method, v in vectors]


class EmbeddingCache:
    """Results by the dataset's fingerprint and the probe, as npz files without pickles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(
        self, fingerprint: str, probe: str, *, within: float | None = None
    ) -> ProbeResult | None:
        """What is known at least as closely as asked for."""
        path = self._path(fingerprint, probe)
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as kept:
            left = float(kept["within"]) if "within" in kept else 0.0
            if left > (within or 0.0):
                return None
            return ProbeResult(
                kept["domain"],
                kept["class_aware"],
                int(kept["samples"]),
                float(kept["seconds"]),
                left or None,
            )

    def put(self, fingerprint: str, probe: str, result: ProbeResult) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._path(fingerprint, probe)
        partial = path.with_suffix(".partial.npz")
        np.savez(
            partial,
            domain=result.domain,
            class_aware=result.class_aware,
            samples=np.int64(result.samples),
            seconds=np.float64(result.seconds),
            within=np.float64(result.within or 0.0),
        )
        partial.replace(path)

    def _path(self, fingerprint: str, probe: str) -> Path:
        return self.folder / f"{digest(fingerprint, probe)}.npz"
