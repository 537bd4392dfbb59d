"""Walks against the papers' definitions: by hand, and by how often each step is taken."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphdb.columns import Floats, Indices
from learn.walks import (
    ENDED,
    Network,
    Rule,
    bias,
    candidates,
    make_network,
    noisy_thresholds,
    step,
    walks,
)

#: Node 0 came from, node 1 here; 2 is a strong neighbour of both, 3 a weak one of 0, 4 and 5 none.
A = np.array([0, 0, 0, 1, 1, 1, 1, 2, 3, 4])
B = np.array([1, 2, 3, 2, 3, 4, 5, 3, 4, 5])
WEIGHT = np.array([1.0, 0.8, 0.1, 0.6, 0.5, 0.9, 0.1, 0.4, 0.3, 0.2])


@pytest.fixture
def network() -> Network:
    return make_network(A, B, WEIGHT, size=7)


def transition(
    network: Network, rule: Rule, *, before: int, current: int
) -> tuple[Indices, Floats]:
    """Where one walker may step to, and how probable each step is. Shapes: [K], [K]."""
    here, came = np.array([current]), np.array([before])
    walker, edge = candidates(network, here)
    heavy = network.weight[edge] * bias(network, rule, came, here, walker, edge)
    return network.node[edge], heavy / heavy.sum()


def probabilities(network: Network, rule: Rule) -> dict[int, float]:
    nodes, share = transition(network, rule, before=0, current=1)
    return dict(zip(nodes.tolist(), share.tolist(), strict=True))


def normalised(weights: dict[int, float]) -> dict[int, float]:
    total = sum(weights.values())
    return {node: weight / total for node, weight in weights.items()}


def test_node2vec_by_hand(network: Network) -> None:
    p, q = 4.0, 0.5
    expected = normalised({0: 1.0 / p, 2: 0.6, 3: 0.5, 4: 0.9 / q, 5: 0.1 / q})
    assert probabilities(network, Rule(p=p, q=q)) == pytest.approx(expected)


@pytest.mark.parametrize("gamma", [0.0, 1.0])
@pytest.mark.parametrize("q", [0.5, 4.0])
def test_node2vec_plus_by_hand(network: Network, q: float, gamma: float) -> None:
    p = 2.0
    edges = {
        1: [1.0, 0.6, 0.5, 0.9, 0.1],
        2: [0.8, 0.6, 0.4],
        3: [0.1, 0.5, 0.4, 0.3],
        4: [0.9, 0.3, 0.2],
        5: [0.1, 0.2],
    }
    d = {node: np.mean(one) + gamma * np.std(one) for node, one in edges.items()}
    from_0 = {2: 0.8, 3: 0.1, 4: 0.0, 5: 0.0}
    weight = {0: 1.0 / p}
    for node, here in ((2, 0.6), (3, 0.5), (4, 0.9), (5, 0.1)):
        if from_0[node] >= d[node]:
            alpha = 1.0
        elif here < d[1]:
            alpha = min(1.0, 1 / q)
        else:
            alpha = 1 / q + (1 - 1 / q) * from_0[node] / d[node]
        weight[node] = alpha * here
    found = probabilities(network, Rule(p=p, q=q, extended=True, gamma=gamma))
    assert found == pytest.approx(normalised(weight))


def test_node2vec_plus_in_numbers(network: Network) -> None:
    """The case q = 4, gamma = 0 worked out: d(1) = .62, d(2) = .6, d(3) = .325, d(4) = 7/15."""
    # 2: w(0, 2) = .8 >= .6, so 1. 3: .1 < .325 and w(1, 3) = .5 < .62, so 1/4. 4: no edge from 0
    # and w(1, 4) = .9 >= .62, so 1/4 + 3/4 * 0. 5: no edge and .1 < .62, so 1/4.
    expected = normalised({0: 0.5, 2: 0.6, 3: 0.125, 4: 0.225, 5: 0.025})
    assert probabilities(network, Rule(p=2, q=4, extended=True)) == pytest.approx(expected)
    # From 5 over 4, d(4) = 7/15. 1: w(5, 1) = .1 < .62 but w(4, 1) = .9 is not noisy, so between.
    nodes, share = transition(network, Rule(p=1, q=4, extended=True), before=5, current=4)
    alpha = {1: 1 / 4 + 3 / 4 * 0.1 / 0.62, 3: 1 / 4, 5: 1.0}
    weight = {1: 0.9 * alpha[1], 3: 0.3 * alpha[3], 5: 0.2}
    found = dict(zip(nodes.tolist(), share.tolist(), strict=True))
    assert found == pytest.approx(normalised(weight))


def test_thresholds(network: Network) -> None:
    found = noisy_thresholds(network, gamma=1.0)
    mine = [1.0, 0.6, 0.5, 0.9, 0.1]
    assert found[1] == pytest.approx(np.mean(mine) + np.std(mine))
    assert np.isinf(found[6])  # no edge is strong enough for a node without edges
    assert noisy_thresholds(network, gamma=-100.0)[1] == 0.0


@pytest.mark.parametrize(
    "rule",
    [
        Rule(),
        Rule(p=0.25, q=4.0),
        Rule(p=0.25, q=4.0, extended=True),
        Rule(p=4.0, q=0.25, extended=True, gamma=0.5),
    ],
)
def test_steps_are_as_frequent_as_probable(network: Network, rule: Rule) -> None:
    count = 200_000
    before, current = np.zeros(count, dtype=np.int64), np.ones(count, dtype=np.int64)
    taken = step(network, rule, before, current, np.random.default_rng(5))
    for node, share in probabilities(network, rule).items():
        error = 4 * np.sqrt(share * (1 - share) / count)
        assert np.mean(taken == node) == pytest.approx(share, abs=error)
    assert set(np.unique(taken)) == {0, 2, 3, 4, 5}


def test_walkers_of_one_step_do_not_mix(network: Network) -> None:
    """Walkers at different nodes step together, each by its own probabilities."""
    count = 60_000
    pairs = np.array([(0, 1), (5, 4), (3, 2)])
    at = np.repeat(np.arange(len(pairs)), count)
    np.random.default_rng(1).shuffle(at)
    rule = Rule(p=0.5, q=3.0, extended=True)
    random = np.random.default_rng(2)
    taken = step(network, rule, pairs[at, 0], pairs[at, 1], random)
    for row, (before, current) in enumerate(pairs):
        nodes, share = transition(network, rule, before=int(before), current=int(current))
        for node, expected in zip(nodes, share, strict=True):
            assert np.mean(taken[at == row] == node) == pytest.approx(expected, abs=0.01)


def test_first_steps_follow_the_weights(network: Network) -> None:
    first = [
        walk[1]
        for block in walks(network, Rule(p=0.01, q=100.0), number=20_000, length=2, seed=3)
        for walk in block
        if walk[0] == 1
    ]
    weights = {0: 1.0, 2: 0.6, 3: 0.5, 4: 0.9, 5: 0.1}
    for node, share in normalised(weights).items():
        assert np.mean(np.array(first) == node) == pytest.approx(share, abs=0.015)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_walks_follow_edges(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 12))
    edges = int(random.integers(0, 30))
    a, b = random.integers(0, size, (2, edges))
    network = make_network(a, b, random.random(edges), size=size)
    there = set(zip(a.tolist(), b.tolist(), strict=True))
    there |= {(b, a) for a, b in there}
    found = np.concatenate(list(walks(network, Rule(2, 0.5, True), number=3, length=9, seed=seed)))
    assert sorted(found[:, 0]) == sorted(list(range(size)) * 3)
    for walk in found:
        steps = list(zip(walk[:-1].tolist(), walk[1:].tolist(), strict=True))
        if np.diff(network.start)[walk[0]]:
            assert all(pair in there and pair[0] != pair[1] for pair in steps)
        else:
            assert (walk[1:] == ENDED).all()


def test_same_seed_same_walks(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule(p=0.5, q=2.0)
    one, two, other = (
        np.concatenate(list(walks(network, rule, number=4, length=12, seed=seed)))
        for seed in (7, 7, 8)
    )
    assert (one == two).all()
    assert (one != other).any()
    monkeypatch.setattr("learn.walks.MOST_CANDIDATES", 10)
    blocks = list(walks(network, rule, number=4, length=12, seed=7))
    assert len(blocks) > 1 and sum(map(len, blocks)) == len(one)


def test_unweighted_and_unbiased_are_the_same_walk(network: Network) -> None:
    """Of equal weights node2vec+ is node2vec, and with p = q = 1 both follow the weights."""
    equal = make_network(A, B, np.ones(len(A)), size=7)
    plain = probabilities(equal, Rule(p=0.3, q=5))
    assert probabilities(equal, Rule(p=0.3, q=5, extended=True)) == pytest.approx(plain)
    by_weight = normalised({0: 1.0, 2: 0.6, 3: 0.5, 4: 0.9, 5: 0.1})
    assert probabilities(network, Rule(extended=True)) == pytest.approx(by_weight)
    assert probabilities(network, Rule()) == pytest.approx(by_weight)


def test_edges_are_undirected_and_single() -> None:
    network = make_network(
        np.array([0, 1, 2, 0]), np.array([1, 0, 2, 2]), np.array([0.2, 0.7, 1.0, 0.0]), size=3
    )
    walker, edge = candidates(network, np.array([0, 1, 2]))
    assert network.node[edge].tolist() == [1, 0] and walker.tolist() == [0, 1]
    assert network.weight[edge].tolist() == [0.7, 0.7]
