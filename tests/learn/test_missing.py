"""Whatever is missing: a usable ranking, or one clear line."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphdb.errors import ZooError
from learn.evaluation import evaluate
from tests.learn.graphs import Shape, generate, without
from tests.learn.learners import small_learner

SHAPES = st.builds(
    Shape,
    models=st.integers(1, 9),
    datasets=st.integers(1, 5),
    share=st.sampled_from([0.1, 0.4, 1.0]),
    metadata=st.booleans(),
    similarities=st.booleans(),
    embeddings=st.booleans(),
    scores=st.booleans(),
    origins=st.booleans(),
    metric=st.sampled_from(["accuracy", "mcc", "mse"]),
    constant=st.booleans(),
    repeats=st.booleans(),
)


def check(shape: Shape, seed: int) -> None:
    graph = generate(shape, seed=seed)
    try:
        fitted = small_learner().fit(graph, seed=seed)
    except ZooError as error:
        assert not len(graph.fine_tunings), "a graph with results must be learned from"
        assert "\n" not in str(error) and "zoo " in str(error)
        return
    for dataset in range(len(graph.datasets)):
        ranking = fitted.rank(graph, dataset, top=3)
        assert len(ranking) == len(graph.models)
        assert np.isfinite(ranking.score).all()
        assert np.isfinite(ranking.probability_best).all()
        known = np.isfinite(ranking.accuracy)
        bounded = np.isfinite(ranking.low) & np.isfinite(ranking.high)
        assert (ranking.low + 1e-6 <= ranking.high)[bounded].all()
        assert (ranking.low <= ranking.accuracy + 1e-12)[bounded & known].all()
        told = " ".join(ranking.notes)
        assert ("Ranking only" in told) != known.any()
        assert ("No interval" in told) == (known.any() and not bounded.any())
        assert "intervals are wider" not in told or bounded.any()


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(shape=SHAPES, seed=st.integers(0, 3))
def test_any_graph(shape: Shape, seed: int) -> None:
    check(shape, seed)


@pytest.mark.parametrize(
    "shape",
    [
        Shape(models=5, datasets=4),
        Shape(models=1, datasets=1),
        Shape(models=12, datasets=1),
        Shape(models=12, datasets=2),
        Shape(constant=True),
        Shape(models=10, datasets=5, share=0.1),
        Shape(metadata=False, similarities=False, origins=False, scores=False),
        Shape(similarities=False, embeddings=True),
    ],
    ids=repr,
)
def test_the_cases_of_the_issue(shape: Shape) -> None:
    check(shape, 0)


def test_what_is_missing_beside_an_accuracy_is_said() -> None:
    """Three datasets tell a level; how far off it may be takes inner targets that have three."""
    graph = generate(Shape(models=8, datasets=4))
    graph = without(graph, graph.fine_tunings.dataset != 3)
    ranking = small_learner().fit(graph).rank(graph, 3)
    assert np.isfinite(ranking.accuracy).all() and np.isnan(ranking.low).all()
    assert any(note.startswith("No interval") for note in ranking.notes)


def test_what_is_unlike_all_is_not_wider_without_an_interval() -> None:
    graph = generate()
    fitted = small_learner().fit(graph)
    empty = without(graph, np.zeros(len(graph.fine_tunings), dtype=bool))
    [note] = [one for one in fitted.rank(empty, 0).notes if one.startswith("Unlike")]
    assert "wider" not in note and "inform it most" in note


@pytest.mark.parametrize("shape", [Shape(models=6, datasets=2), Shape(models=12, datasets=1)])
def test_evaluating_what_leaves_little_to_learn_from(shape: Shape) -> None:
    graph = generate(shape)
    names = ["inductive-kernel", "model-mean"]
    if shape.datasets == 1:
        with pytest.raises(ZooError, match=r"'d0000' is the only image dataset .* to learn from"):
            list(evaluate(graph, learners=names, targets=["d0000"], workers=1))
        names = ["model-mean", "score:logme"]  # which train nothing
    found = list(evaluate(graph, learners=names, targets=["d0000"], workers=1))
    assert all(one.pearson is None or np.isfinite(one.pearson) for one in found)
