import numpy as np
import pytest
from scipy.stats import rankdata

from graphdb.errors import ZooError
from learn import BASELINES, make_learner
from learn.baselines import average_rank, similarity_to
from learn.pairs import measured, standing
from tests.learn.graphs import Shape, generate, with_values, without

GRAPH = generate(Shape(share=0.8))


def score(name: str, graph=GRAPH, *, dataset: int = 1, seed: int = 0) -> np.ndarray:
    return make_learner(name).fit(graph, seed=seed).rank(graph, dataset).score


def test_model_mean_is_the_mean_z_score_elsewhere() -> None:
    pairs = measured(GRAPH, method="full")
    z = standing(pairs, datasets=len(GRAPH.datasets)).z
    own = (pairs.model == 3) & (pairs.dataset != 1)
    assert score("model-mean")[3] == pytest.approx(z[own].mean())


def test_mean_rank_is_the_mean_share_of_models_beaten() -> None:
    pairs = measured(GRAPH, method="full")
    shares = []
    for dataset in set(range(len(GRAPH.datasets))) - {1}:
        here = pairs.dataset == dataset
        rank = rankdata(pairs.value[here]) - 1
        shares += list((rank / (here.sum() - 1))[pairs.model[here] == 3])
    assert score("mean-rank")[3] == pytest.approx(np.mean(shares))


def test_similarity_mean_prefers_what_is_close() -> None:
    near = similarity_to(GRAPH, 1)
    pairs = measured(GRAPH, method="full")
    z = standing(pairs, datasets=len(GRAPH.datasets)).z
    own = (pairs.model == 3) & (pairs.dataset != 1)
    want = np.average(z[own], weights=near[pairs.dataset[own]])
    assert score("similarity-mean")[3] == pytest.approx(want)


@pytest.mark.parametrize("name", [*BASELINES, "score:logme"])
def test_no_baseline_reads_the_targets_records(name: str) -> None:
    records = GRAPH.fine_tunings
    noise = np.where(records.dataset == 1, 0.123 + 0.001 * records.model, records.value)
    np.testing.assert_array_equal(score(name), score(name, with_values(GRAPH, noise)))


@pytest.mark.parametrize("name", BASELINES)
def test_a_model_without_history_stands_in_the_middle(name: str) -> None:
    graph = without(GRAPH, GRAPH.fine_tunings.model != 0)
    found = score(name, graph)
    assert np.isfinite(found).all()
    assert found.min() < found[0] < found.max()


def test_similarity_mean_without_similarities_is_the_model_mean() -> None:
    graph = generate(Shape(similarities=False))
    np.testing.assert_allclose(score("similarity-mean", graph), score("model-mean", graph))


def test_random_is_the_seeds() -> None:
    assert np.array_equal(score("random"), score("random"))
    assert not np.array_equal(score("random"), score("random", seed=1))


def test_stored_scores_are_unknown_where_there_is_none() -> None:
    found = score("score:logme")
    assert 0 < np.isfinite(found).sum() < len(found)
    with pytest.raises(ZooError, match=r"No scores 'leep' in this zoo \(stored: logme\)"):
        score("score:leep")


def test_ranks_share_ties() -> None:
    values = np.array([3.0, 1, 1, 2, 5, 5, 5])
    np.testing.assert_array_equal(average_rank(values), rankdata(values) - 1)
