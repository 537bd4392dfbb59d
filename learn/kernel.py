"""Kernels that compare models with models, datasets with datasets, and pairs of both.

    Km(m, m')    metadata and pre-training, plus s_m s_m' for smallness (``learn.view``)
    Kd(d, d')    similarities, classes and samples

None of them knows an id. ``learn.gaussian_process`` is the Gaussian process that they make.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices
from learn.view import View, main_origin


@dataclass(frozen=True, slots=True)
class KernelConfig:
    """Hyperparameters, chosen on inner targets (``learn.tuning``).

    ``shared``/``shared_near``/``shared_here`` are a0, a1 and a2, ``own``/``own_near`` b0 and b1;
    ``size_weight`` the part of Kd that compares classes and samples, ``sharpness`` the power of
    similarity, ``power`` that of Km.
    """

    shared: float = 0.5
    shared_near: float = 0.3
    shared_here: float = 0.0
    own: float = 0.1
    own_near: float = 0.1
    noise: float = 0.4
    size_weight: float = 0.3
    sharpness: float = 1.0
    power: float = 2.0
    slope: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What Km compares. Shapes: ``category`` [M, 3] codes (-1 unknown), ``number`` [M, 4],
    ``origin`` [M], a dataset's row (-1 unknown), ``smallness`` [M]."""

    category: Indices
    number: Floats
    origin: Indices
    smallness: Floats


def profile(view: View) -> Profile:
    return Profile(view.category, view.number, main_origin(view), view.smallness)


def positive(matrix: Floats) -> Floats:
    """The nearest kernel: negative eigenvalues cut, diagonal one. Shapes: [D, D]."""
    value, vector = np.linalg.eigh(matrix)
    matrix = (vector * np.maximum(value, 0.0)) @ vector.T
    width = np.sqrt(np.maximum(np.diag(matrix), 1e-12))
    return matrix / width[:, None] / width[None, :]


def dataset_kernel(view: View, config: KernelConfig) -> Floats:
    """Kd, from similarities and from classes and samples. Shapes: [D, D]."""
    near, alike = near_kernel(view, config.sharpness), size_kernel(view)
    return (1 - config.size_weight) * near + config.size_weight * alike


def near_kernel(view: View, sharpness: float) -> Floats:
    """Closeness; an unknown one counts as rather low. Shapes: [D, D]."""
    return positive(np.nan_to_num(view.similarity, nan=0.2) ** sharpness)


def size_kernel(view: View) -> Floats:
    """Alike in classes and samples; an unknown size is at a middling distance. Shapes: [D, D]."""
    known = np.isfinite(view.size).all(axis=1)
    size = np.nan_to_num(view.size)
    square = ((size[:, None] - size[None]) ** 2).sum(axis=-1)  # [D, D, 2] -> [D, D]
    alike = np.exp(-0.5 * square / 0.8**2)
    alike[~known] = alike[:, ~known] = 0.5
    np.fill_diagonal(alike, 1.0)
    return positive(alike)


def model_kernel(a: Profile, b: Profile, near: Floats, config: KernelConfig) -> Floats:
    """Km between two lists of models. Shapes: [A], [B] -> [A, B].

    The mean of one kernel a column, so that any column may be missing: equality of a category, a
    Laplace kernel of a number, similarity and equality of the pre-training dataset. Two unknowns
    are alike in a number or origin, an unknown and a known are not.
    """
    total = np.zeros((len(a.origin), len(b.origin)))
    for column in range(a.category.shape[1]):
        first, second = a.category[:, column, None], b.category[None, :, column]
        total += (first == second) & (first >= 0)
    for column in range(a.number.shape[1]):
        one, other = a.number[:, column, None], b.number[None, :, column]
        # NaN on one side gives 0, on both 1.
        total += np.nan_to_num(np.exp(-np.abs(one - other) / 0.3), nan=0.0)
        total += np.isnan(one) & np.isnan(other)
    first, second = a.origin[:, None], b.origin[None, :]
    both = (first >= 0) & (second >= 0)
    none = (first < 0) & (second < 0)
    total += np.where(both, near[np.maximum(first, 0), np.maximum(second, 0)], none)
    total += first == second
    count = a.category.shape[1] + a.number.shape[1] + 2
    alike: Floats = (total / count) ** config.power
    return alike + config.slope * a.smallness[:, None] * b.smallness[None, :]


def shared_scale(near: Floats, config: KernelConfig) -> Floats:
    """Covariance of what models of a kind do on two datasets. Shapes: [D, D]."""
    scale: Floats = config.shared + config.shared_near * near
    scale[np.diag_indices(len(near))] += config.shared_here
    return scale


def taken(some: Profile, rows: Indices) -> Profile:
    """The profiles of some models."""
    return Profile(*(getattr(some, name)[rows] for name in some.__slots__))


def covariance(
    view: View, near: Floats, some: Profile, rows: Indices, config: KernelConfig
) -> Floats:
    """Covariance of the pairs in ``rows``, noise included. Shapes: [N, N]."""
    model, where = np.unique(view.pairs.model[rows], return_inverse=True)
    dataset = view.pairs.dataset[rows]
    chosen = taken(some, model)
    close = near[np.ix_(dataset, dataset)]
    total: Floats = model_kernel(chosen, chosen, near, config)[np.ix_(where, where)]
    total *= shared_scale(near, config)[np.ix_(dataset, dataset)]
    # A model's own pairs are few: block by block instead of one more [N, N].
    order = np.argsort(where, kind="stable")
    for block in np.split(order, np.cumsum(np.bincount(where))[:-1]):
        own = np.ix_(block, block)
        total[own] += config.own + config.own_near * close[own]
    total[np.diag_indices(len(rows))] += config.noise
    return total
