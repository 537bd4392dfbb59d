"""When a dataset's mean representation is known well enough: a sequential stopping rule.

Which of two others, a and b, is nearer to the mean m is the sign of |m - b|^2 - |m - a|^2, which is
linear in m. Its standard error therefore follows from the covariance C of the samples alone:
2 sqrt((a - b)' C (a - b) / n), with the correction for n of a finite dataset's rows. Sampling stops
when every such difference between one of the k nearest and one of the others is larger than
``SIGMAS`` of its standard errors, or known to within ``TIE``: more samples would not change who the
neighbours are. It takes more of them as long as few samples tell how large they are. Rows come
stratified by class, so that only what varies within classes is noise.

Somebody who waits for a ranking needs less: it uses how near the datasets are, and a few hundredths
of a distance do not change it (figures: docs/jobs.md). ``is_close`` asks for that.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
NEIGHBOURS = 10
SIGMAS = 2.5
#: Two distances of which one is this much larger than the other are the same.
TIE = 0.001
#: Samples before the first question whether they are enough: a variance needs some.
FEWEST_SAMPLES = 32
#: The same for a ranking: of 70 distances the one known worst decides, which is rarely one whose
#: error is taken too small.
FEWEST_CLOSE = 16
#: How much more is read between two such questions: asking often enough finds any answer.
GROWTH = 1.1
#: Without others to tell apart: the standard error of the mean relative to its length.
TOLERANCE = 0.02
#: Of a distance, what a ranking does not feel.
CLOSE = 0.05
#: However nearly tied the tenth and the eleventh are.
MOST_SAMPLES = 8_192


class Moments:
    """Running sums of representations, in all and by class.

    Shapes: ``sums`` [D], ``products`` [D, D], ``class_sums`` [C, D], ``class_counts`` [C].
    """

    def __init__(self, dim: int, classes: int) -> None:
        self.sums = np.zeros(dim)
        self.products = np.zeros((dim, dim))
        self.class_sums = np.zeros((classes, dim))
        self.class_counts = np.zeros(classes)

    @property
    def count(self) -> int:
        return int(self.class_counts.sum())

    def add(self, features: Floats, labels: Integers) -> None:
        """Shapes: ``features`` [B, D], ``labels`` [B]."""
        self.sums += features.sum(axis=0)
        self.products += features.T @ features
        np.add.at(self.class_sums, labels, features)
        np.add.at(self.class_counts, labels, 1)

    def mean(self) -> Floats:
        """Shape: [D]."""
        return self.sums / max(1, self.count)

    def covariance(self, total: int) -> Floats:
        """Of the mean, for a stratified sample without replacement from ``total`` rows.

        Of what varies within the classes; of all that varies, which is no less, as long as fewer
        than two rows a class were seen.

        Shape: [D, D].
        """
        n = max(2, self.count)
        sums, counts = self.sums[None], np.array([n])
        if self._strata() > 1:
            seen = self.class_counts > 0
            sums, counts = self.class_sums[seen], self.class_counts[seen]
        scaled = sums / np.sqrt(counts)[:, None]  # [C', D]
        scatter = self.products - scaled.T @ scaled  # [D, D]
        left = max(0.0, 1.0 - n / max(total, n))
        covariance: Floats = scatter / self.freedom() / n * left
        return covariance

    def freedom(self) -> int:
        """Degrees of freedom of the covariance."""
        return max(1, max(2, self.count) - self._strata())

    def _strata(self) -> int:
        seen = int((self.class_counts > 0).sum())
        return seen if self.count >= 2 * seen else 1

    def class_aware(self) -> Floats:
        """The balanced mean of the class means, and their spread: how far the classes lie apart.

        Shape: [2 D].
        """
        seen = self.class_counts > 0
        means = self.class_sums[seen] / self.class_counts[seen, None]  # [C', D]
        return np.concatenate([means.mean(axis=0), means.std(axis=0)])


def gather(
    batches: Iterable[tuple[Floats, Integers]],
    others: Floats | None,
    *,
    classes: int,
    total: int,
    within: float | None = None,
) -> Moments:
    """The moments of as many batches as it takes to know the nearest of ``others`` [E, D].

    Args:
        batches: representations [B, D] and labels [B], in stratified order; one at least.
        others: None takes all batches, whatever is certain.
        within: enough is also to know every distance to so small a share of them (``is_close``).

    Raises:
        ValueError: no batch.
    """
    moments: Moments | None = None
    asked = (FEWEST_SAMPLES if within is None else FEWEST_CLOSE) / GROWTH
    for features, labels in batches:
        moments = moments or Moments(features.shape[1], classes)
        moments.add(features, labels)
        if others is None or moments.count < GROWTH * asked:
            continue
        close = within is not None and is_close(moments, others, total=total, within=within)
        enough = moments.count >= FEWEST_SAMPLES
        if close or (enough and is_settled(moments, others, total=total)):
            break
        asked = moments.count
    if moments is None:
        raise ValueError("there is nothing to see: no batch")
    return moments


def stratified_order(labels: Integers, *, seed: int) -> Integers:
    """A random order of the rows in which each beginning holds the classes in their proportions.

    Shapes: ``labels`` [N] -> [N].
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        place[rows] = (np.arange(len(rows)) + rng.random()) / len(rows)
    return np.argsort(place, kind="stable")


def sigmas(freedom: int) -> float:
    """As rare by Student's t of so many degrees of freedom as ``SIGMAS`` by the normal law."""
    return SIGMAS + (SIGMAS**3 + SIGMAS) / (4 * freedom)


def is_settled(moments: Moments, others: Floats, *, total: int, k: int = NEIGHBOURS) -> bool:
    """Whether more samples would leave the ``k`` nearest of ``others`` [E, D] as they are."""
    covariance = moments.covariance(total)
    mean = moments.mean()
    if len(others) <= k:  # all are neighbours, or there are none: only precision is left to ask
        return bool(np.sqrt(max(0.0, np.trace(covariance))) <= TOLERANCE * np.linalg.norm(mean))
    offsets = mean - others  # [E, D]
    squared = (offsets**2).sum(axis=1)  # [E]
    order = np.argsort(squared, kind="stable")
    inside, outside = order[:k], order[k:]
    gaps = squared[outside][None, :] - squared[inside][:, None]  # [k, E - k]
    projected = offsets @ covariance  # [E, D]
    own = (projected * offsets).sum(axis=1)  # [E]
    cross = projected[inside] @ offsets[outside].T  # [k, E - k]
    variances = 4 * (own[inside][:, None] + own[outside] - 2 * cross)
    errors = sigmas(moments.freedom()) * np.sqrt(np.maximum(variances, 0.0))
    return bool(((gaps > errors) | (errors < 2 * TIE * squared[outside])).all())


def is_close(moments: Moments, others: Floats, *, total: int, within: float) -> bool:
    """Whether each distance to ``others`` [E, D] is known to ``within`` of their mean.

    Two errors count: the standard error o' C o / |o|^2 along the offset o, and that all distances
    grow by what the sample's mean misses the true one, E|o|^2 = |o0|^2 + tr C.
    """
    if not len(others):
        return False
    covariance = moments.covariance(total)
    offsets = moments.mean() - others  # [E, D]
    squared = (offsets**2).sum(axis=1)  # [E]
    distances = np.sqrt(squared)
    along = ((offsets @ covariance) * offsets).sum(axis=1) / np.maximum(squared, 1e-300)
    grown = np.sqrt(squared + np.trace(covariance)) - distances
    return bool((np.hypot(np.sqrt(along), grown) <= within * distances.mean()).all())
