from dataclasses import replace

import numpy as np
import pytest

from graphdb.columns import take
from graphdb.errors import ZooError
from learn.pairs import measured
from learn.regimes import Hidden, hide, parse
from tests.learn.graphs import Shape, generate, texts

GRAPH = generate(Shape(models=40, datasets=6))


def hidden(regime: str, *, seed: int = 0, targets: tuple[int, ...] = (2,)) -> Hidden:
    return hide(GRAPH, targets=np.array(targets), method="full", regime=parse(regime), seed=seed)


def test_dense_hides_the_target_and_its_scores_only() -> None:
    found = hidden("dense")
    assert not (found.visible.fine_tunings.dataset == 2).any()
    assert not (found.visible.transferabilities.dataset == 2).any()
    assert (found.with_scores.transferabilities.dataset == 2).any()
    others = (GRAPH.fine_tunings.dataset != 2).sum()
    assert len(found.visible.fine_tunings) == others
    assert len(found.visible.pretrainings) == len(GRAPH.pretrainings)
    assert len(found.truths[0].model) == 40


def test_targets_of_a_fold_are_hidden_together() -> None:
    found = hidden("dense", targets=(1, 4))
    assert not np.isin(found.visible.fine_tunings.dataset, [1, 4]).any()
    assert [truth.dataset for truth in found.truths] == [1, 4]


def test_sparse_keeps_a_fraction_of_the_other_records() -> None:
    found = hidden("sparse:0.3")
    assert len(found.visible.fine_tunings) == pytest.approx(0.3 * 200, abs=25)
    assert len(found.truths[0].model) == 40


def test_cold_models_have_no_record_and_no_score_and_only_they_are_asked() -> None:
    found = hidden("cold:0.3")
    cold = found.truths[0].model
    assert 4 < len(cold) < 22
    assert not np.isin(cold, found.visible.fine_tunings.model).any()
    assert not np.isin(cold, found.with_scores.transferabilities.model).any()
    assert np.isin(cold, found.visible.pretrainings.model).all()


def test_a_smaller_zoo_has_fewer_models_in_everything() -> None:
    found = hidden("zoo:0.5")
    graph = found.visible
    assert len(graph.models) == len(found.truths[0].model) < 32
    before = measured(GRAPH, method="full")
    value = dict(zip(zip(before.model, before.dataset, strict=True), before.value, strict=True))
    index = {name: row for row, name in enumerate(GRAPH.models.id)}
    after = measured(graph, method="full")
    for model, dataset, one in zip(after.model, after.dataset, after.value, strict=True):
        assert value[index[graph.models.id[model]], dataset] == one


def test_few_records_of_the_target_are_seen_and_not_asked() -> None:
    found = hidden("few:3")
    seen = found.visible.fine_tunings
    seen_models = seen.model[seen.dataset == 2]
    assert len(seen_models) == 3
    assert not np.isin(found.truths[0].model, seen_models).any()
    assert len(found.truths[0].model) == 37


def test_a_seen_record_of_another_metric_does_not_say_what_the_target_is_measured_by() -> None:
    runs = GRAPH.fine_tunings
    other = np.repeat(np.flatnonzero((runs.dataset == 2) & (runs.model < 10)), 3)
    more = replace(take(runs, other), metric=texts(["f1"] * len(other)))
    both = {
        name: np.concatenate([getattr(runs, name), getattr(more, name)]) for name in runs.__slots__
    }
    graph = replace(GRAPH, fine_tunings=replace(runs, **both))
    for seed in range(8):
        shown = hide(
            graph, targets=np.array([2]), method="full", regime=parse("few:1"), seed=seed
        ).visible
        assert measured(shown, method="full").metric[2] == "accuracy"


def test_the_draw_is_the_seeds() -> None:
    one, same, other = hidden("cold:0.3"), hidden("cold:0.3"), hidden("cold:0.3", seed=1)
    assert one.truths[0].model.tolist() == same.truths[0].model.tolist()
    assert one.truths[0].model.tolist() != other.truths[0].model.tolist()


@pytest.mark.parametrize(
    "text", ["", "cold", "cold:0", "cold:1", "few:0", "few:1.5", "dense:1", "x:1"]
)
def test_what_is_no_regime_says_what_is_one(text: str) -> None:
    with pytest.raises(ZooError, match=r"Give one of: dense, sparse:0\.1"):
        parse(text)
