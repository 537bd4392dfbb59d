"""Pictures of an evaluation: which are drawn, and what stands in them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graphdb.errors import ZooError
from learn import BASELINES, Prediction, Result, evaluate
from learn.learner import Ranking
from learn.plots import (
    among_best,
    fraction,
    inside,
    metrics_by_fraction,
    metrics_by_target,
    plot,
    predicted_and_true,
    rel_at_k,
    reliability,
)
from tests.learn.graphs import Shape, generate

GRAPH = generate(Shape(models=16, datasets=4))
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def results() -> list[Result]:
    regimes = ("dense", "zoo:0.5", "sparse:0.3", "sparse:0.6")
    return [
        one
        for regime in regimes
        for one in evaluate(GRAPH, learners=BASELINES, regime=regime, seeds=(0, 1), workers=1)
    ]


def prediction(target: str = "d", *, seed: int = 0, learner: str = "ours") -> Prediction:
    """Forty models of accuracies that are all .05 too high, a quarter outside the interval."""
    truth = np.linspace(0.1, 0.9, 40)
    said = truth + 0.05
    width = np.where(np.arange(40) % 4 == 0, 0.02, 0.1)
    best = np.where(truth >= np.sort(truth)[-10], 0.85, 0.05)
    ranking = Ranking(
        np.arange(40), (said - 0.5) / 0.2, said, said - width, said + width, best, said * np.nan
    )
    return Prediction(learner, seed, target, np.arange(40), truth, ranking)


def test_every_picture_is_drawn(results: list[Result], tmp_path: Path) -> None:
    predictions = [prediction(name, seed=seed) for name in "ab" for seed in (0, 1)]
    paths = plot(results, predictions, tmp_path)
    assert [path.name for path in paths] == [
        "rel_at_k.png",
        "metrics_by_target.png",
        "metrics_by_target_zoo-0.5.png",
        "metrics_by_target_sparse-0.3.png",
        "metrics_by_target_sparse-0.6.png",
        "models_kept.png",
        "history_kept.png",
        "predicted_ours.png",
        "reliability.png",
    ]
    for path in paths:
        assert path.read_bytes().startswith(PNG) and path.stat().st_size > 10_000


def test_without_intervals_or_fractions_only_two(results: list[Result], tmp_path: Path) -> None:
    dense = [one for one in results if one.regime == "dense"]
    kept: list[Prediction] = []
    list(evaluate(GRAPH, learners=["model-mean"], workers=1, keep=kept))
    names = [path.name for path in plot(dense, kept, tmp_path)]
    assert names == ["rel_at_k.png", "metrics_by_target.png"]


@pytest.mark.parametrize("name", ["$\\frac$", "数据\n集", "x" * 900])
def test_names_of_others_are_drawn_as_short_text(
    results: list[Result], tmp_path: Path, name: str
) -> None:
    named = [replace(one, target=name) for one in results[:1]]
    assert len(plot(named, [prediction(name)], tmp_path)) == 4
    [label, *_] = metrics_by_target(named).axes[0].get_yticklabels()
    title = predicted_and_true([prediction(name)]).axes[0].get_title()
    assert len(label.get_text()) < 40 and title.startswith(f"{label.get_text()}\n")


def test_lines_are_means_over_seeds(results: list[Result]) -> None:
    panel = rel_at_k(results).axes[0]
    rows = [
        one
        for one in results
        if (one.regime, one.learner, one.target) == ("dense", "random", "gap_weighted_mean")
    ]
    assert len(rows) == 2
    [drawn] = [line for line in panel.get_lines() if line.get_label() == "random"]
    assert drawn.get_xdata() == pytest.approx([1, 3, 5, 10])
    assert drawn.get_ydata()[0] == pytest.approx(np.mean([one.rel_at_1 for one in rows]))
    assert panel.get_title() == "dense"


def test_targets_stand_beside_the_means(results: list[Result]) -> None:
    figure = metrics_by_target([one for one in results if one.regime == "dense"])
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == [*GRAPH.datasets.id, "mean", "gap weighted mean"]
    assert [panel.get_title() for panel in figure.axes] == ["Rel@1", "Pearson", "weighted Kendall"]
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == list(BASELINES)


def test_undefined_metrics_leave_a_gap(results: list[Result]) -> None:
    holes = [replace(one, rel_at_1=None, pearson=None) for one in results]
    for figure in (rel_at_k(holes), metrics_by_target(holes)):
        figure.draw_without_rendering()


def test_fractions_are_ordered_and_dense_is_all(results: list[Result]) -> None:
    assert [fraction(name, "sparse") for name in ("dense", "sparse:0.3", "zoo:0.5", "few:3")] == [
        1.0,
        0.3,
        None,
        None,
    ]
    kept = [(fraction(one.regime, "sparse"), one) for one in results]
    figure = metrics_by_fraction([(at, one) for at, one in kept if at is not None], "history")
    [drawn] = [line for line in figure.axes[1].get_lines() if line.get_label() == "model-mean"]
    assert drawn.get_xdata() == pytest.approx([0.3, 0.6, 1.0])


def test_predicted_against_true_marks_what_is_missed() -> None:
    figure = predicted_and_true([prediction("a"), prediction("b"), prediction("a", seed=1)])
    assert len(figure.axes) == 2  # one seed
    assert figure.axes[0].get_title() == "a\n75% of 40 inside"
    held, missed = (part for part in figure.axes[0].collections if len(part.get_offsets()) > 1)
    assert (len(held.get_offsets()), len(missed.get_offsets())) == (30, 10)
    assert missed.get_offsets()[0].tolist() == pytest.approx([0.1, 0.15])


def test_reliability_counts_what_came_true() -> None:
    one = prediction()
    assert among_best(one).sum() == 10 and inside(one).mean() == 0.75
    left, right = reliability([one, prediction("e")]).axes
    [drawn] = [line for line in left.get_lines() if line.get_label() == "ours"]
    assert drawn.get_xdata() == pytest.approx([0.05, 0.85])
    assert drawn.get_ydata() == pytest.approx([0.0, 1.0])
    assert "75%" in [text.get_text() for text in right.texts]


def test_of_errors_the_best_are_the_smallest() -> None:
    one = prediction()
    turned = replace(one, ranking=replace(one.ranking, score=-one.ranking.score))
    assert among_best(turned)[:10].all() and not among_best(turned)[10:].any()


def test_no_state_of_matplotlib_changes(results: list[Result], tmp_path: Path) -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    plot(results, [], tmp_path)
    assert dict(mpl.rcParams) == before
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_what_is_missing_is_said(
    results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ZooError, match=r"pip install 'transferzoo\[plots\]'"):
        plot(results, [], tmp_path)
