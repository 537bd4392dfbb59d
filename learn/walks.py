"""Second-order random walks over a weighted, undirected graph: node2vec and node2vec+.

A walk that came from t to v steps on to x with probability proportional to alpha(t, v, x) w(v, x).

node2vec (Grover and Leskovec 2016, arXiv:1607.00653, section 3.2.2) looks at edges only:

    alpha = 1/p  if x = t        1  if x is a neighbour of t        1/q  otherwise

node2vec+ (Liu, Hirn and Krishnan 2023, doi:10.1093/bioinformatics/btad047) looks at weights. The
noisy-edge threshold of a node is d(u) = max(mean + gamma * std of its edges' weights, 0); an edge
into u is loose below d(u), and an edge that does not exist has weight 0:

    alpha = 1/p                                  if x = t
            1                                    if w(t, x) >= d(x)
            1/q + (1 - 1/q) * w(t, x) / d(x)     if w(t, x) < d(x) and w(v, x) >= d(v)
            min(1, 1/q)                          if w(t, x) < d(x) and w(v, x) < d(v)

With p = q = 1 both are the walk that follows the weights. Where PecanPy steps node by node, all
walkers step together here.

Letters of shapes: N nodes, E directed edges (each undirected one twice), W walkers, C candidates
(all neighbours of all walkers' nodes).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graphdb.columns import Floats, Indices

#: Candidates weighed at once; bounds memory where nodes have many neighbours.
MOST_CANDIDATES = 2_000_000
ENDED = -1


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Compressed rows: the neighbours of u are ``node[start[u]:start[u + 1]]``, in order.

    Shapes: ``start`` [N + 1], ``node`` and ``weight`` [E].
    """

    start: Indices
    node: Indices
    weight: Floats

    def __len__(self) -> int:
        return len(self.start) - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """``p`` return, ``q`` in-out; ``extended`` is node2vec+ with its ``gamma``."""

    p: float = 1.0
    q: float = 1.0
    extended: bool = False
    gamma: float = 0.0


def make_network(a: Indices, b: Indices, weight: Floats, *, size: int) -> Network:
    """Undirected edges as rows; of two edges between the same nodes the heavier stays.

    Edges of weight 0 or less, and from a node to itself, are none. Shapes: [E'] each.
    """
    real = (weight > 0) & (a != b)
    source = np.concatenate([a[real], b[real]])
    end = np.concatenate([b[real], a[real]])
    heavy = np.concatenate([weight[real], weight[real]])
    key, row = np.unique(source * size + end, return_inverse=True)
    best = np.zeros(len(key))
    np.maximum.at(best, row, heavy)
    degree = np.bincount(key // size, minlength=size) if size else np.zeros(0, dtype=np.int64)
    return Network(np.concatenate([[0], np.cumsum(degree)]), key % max(size, 1), best)


def weight_between(network: Network, a: Indices, b: Indices) -> Floats:
    """Weight of each edge (a, b), 0 where there is none. Shapes: [C], [C] -> [C]."""
    if not len(network.node):
        return np.zeros(len(a))
    size = len(network)
    owner = np.repeat(np.arange(size), np.diff(network.start))
    keys = owner * size + network.node  # [E], ascending
    wanted = a * size + b
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, network.weight[at], 0.0)


def noisy_thresholds(network: Network, *, gamma: float) -> Floats:
    """d(u) of node2vec+, infinite for a node without edges. Shapes: [N]."""
    size, degree = len(network), np.diff(network.start)
    owner = np.repeat(np.arange(size), degree)
    count = np.maximum(degree, 1)
    mean = np.bincount(owner, weights=network.weight, minlength=size) / count
    square = (network.weight - mean[owner]) ** 2
    spread = np.sqrt(np.bincount(owner, weights=square, minlength=size) / count)
    return np.where(degree > 0, np.maximum(mean + gamma * spread, 0.0), np.inf)


def candidates(network: Network, current: Indices) -> tuple[Indices, Indices]:
    """Which walker [C] could step along which edge [C], all neighbours of each."""
    degree = network.start[current + 1] - network.start[current]
    walker = np.repeat(np.arange(len(current)), degree)
    first = np.cumsum(degree) - degree
    edge = np.arange(len(walker)) - first[walker] + network.start[current][walker]
    return walker, edge


def bias(
    network: Network, rule: Rule, before: Indices, current: Indices, walker: Indices, edge: Indices
) -> Floats:
    """alpha(t, v, x) of each candidate. Shapes: [W], [W], [C], [C] -> [C]."""
    origin, end = before[walker], network.node[edge]
    across = weight_between(network, origin, end)  # w(t, x)
    if rule.extended:
        threshold = noisy_thresholds(network, gamma=rule.gamma)
        loose = across < threshold[end]
        noisy = network.weight[edge] < threshold[current[walker]]
        nearness = across / np.maximum(threshold[end], np.finfo(np.float64).tiny)
        out = 1 / rule.q + (1 - 1 / rule.q) * nearness
        alpha = np.where(loose, np.where(noisy, min(1.0, 1 / rule.q), out), 1.0)
    else:
        alpha = np.where(across > 0, 1.0, 1 / rule.q)
    return np.where(end == origin, 1 / rule.p, alpha)


def step(
    network: Network,
    rule: Rule,
    before: Indices | None,
    current: Indices,
    random: np.random.Generator,
) -> Indices:
    """The next node of each walker, ``ENDED`` where there is none. Shapes: [W] -> [W]."""
    walker, edge = candidates(network, current)
    heavy = network.weight[edge]
    if before is not None and not rule.p == rule.q == 1:
        heavy = heavy * bias(network, rule, before, current, walker, edge)
    total = np.cumsum(heavy)
    last = np.searchsorted(walker, np.arange(len(current)), side="right") - 1  # [W]
    first = np.searchsorted(walker, np.arange(len(current)), side="left")
    moves = last >= first
    found = np.full(len(current), ENDED)
    low = np.where(first > 0, total[np.maximum(first, 1) - 1], 0.0)[moves]
    drawn = low + random.random(moves.sum()) * (total[last[moves]] - low)
    at = np.searchsorted(total, drawn, side="right")
    found[moves] = network.node[edge[np.clip(at, first[moves], last[moves])]]
    return found


def walks(
    network: Network, rule: Rule, *, number: int = 10, length: int = 80, seed: int = 0
) -> Iterator[Indices]:
    """``number`` walks of ``length`` nodes from every node, in a random order, in blocks.

    A node without edges is a walk of its own: what follows it is ``ENDED``. Shapes: [B, length].
    """
    random = np.random.default_rng(seed)
    starts = np.concatenate([random.permutation(len(network)) for _ in range(number)])
    widest = int(np.diff(network.start).max(initial=1))
    block = max(1, MOST_CANDIDATES // max(widest, 1))
    for first in range(0, len(starts), block):
        yield _block(network, rule, starts[first : first + block], length, random)


def _block(
    network: Network, rule: Rule, starts: Indices, length: int, random: np.random.Generator
) -> Indices:
    found = np.full((len(starts), length), ENDED)
    found[:, 0] = starts
    going = np.flatnonzero(np.diff(network.start)[starts] > 0)
    for at in range(1, length):
        before = found[going, at - 2] if at > 1 else None
        found[going, at] = step(network, rule, before, found[going, at - 1], random)
    return found
