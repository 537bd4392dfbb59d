import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from graphdb.columns import Subgraph, take
from graphdb.errors import ZooError
from learn import fingerprint, load_learner, make_learner, save_learner
from learn.kernel import KernelConfig, dataset_kernel
from learn.learner import Fitted, Ranking
from learn.message_passing import train_networks
from learn.network import NetworkConfig
from learn.regimes import Hidden, hide, keep_models, parse
from learn.view import fit_encoder, make_view
from tests.learn.graphs import Shape, generate, texts, with_values, without
from tests.learn.learners import small_learner

COLUMNS = ("score", "accuracy", "low", "high", "probability_best", "model_mean")


@pytest.fixture(scope="module")
def graph() -> Subgraph:
    return generate(Shape(models=30, datasets=7, share=0.9))


@pytest.fixture(scope="module")
def fitted(graph: Subgraph) -> Fitted:
    return small_learner().fit(without(graph, graph.fine_tunings.dataset != 0), seed=0)


def same(one: Ranking, other: Ranking, *, tolerance: float = 0.0) -> None:
    for name in COLUMNS:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), atol=tolerance, rtol=0, err_msg=name
        )


def test_a_hidden_dataset_is_ranked_better_than_by_chance(graph: Subgraph, fitted: Fitted) -> None:
    hidden = without(graph, graph.fine_tunings.dataset != 0)
    ranking = fitted.rank(hidden, 0)
    records = take(graph.fine_tunings, graph.fine_tunings.dataset == 0)
    assert np.corrcoef(ranking.score[records.model], records.value)[0, 1] > 0.5
    assert (ranking.low <= ranking.accuracy).all() and (ranking.accuracy <= ranking.high).all()
    assert ranking.probability_best.sum() == pytest.approx(10, abs=0.01)


def test_ranking_twice_and_after_loading_is_the_same(
    graph: Subgraph, fitted: Fitted, tmp_path: Path
) -> None:
    save_learner(fitted, tmp_path / "learner")
    loaded = load_learner(tmp_path / "learner")
    for dataset in (0, 3):
        same(fitted.rank(graph, dataset), fitted.rank(graph, dataset))
        same(fitted.rank(graph, dataset), loaded.rank(graph, dataset))
    assert {path.suffix for path in (tmp_path / "learner").iterdir()} == {".json", ".safetensors"}
    assert loaded.config == fitted.config
    assert loaded.config["seed"] == 0
    assert set(loaded.config["versions"]) >= {"torch", "xgboost"}


def test_ranking_with_a_kept_learner_imports_little(fitted: Fitted, tmp_path: Path) -> None:
    """What takes longer to import than a ranking takes: only who trains, or asks for another
    level, pays for it."""
    save_learner(fitted, tmp_path)
    code = (
        "import sys\n"
        "from learn import load_learner\n"
        "from tests.learn.graphs import Shape, generate\n"
        "kept = load_learner(__import__('pathlib').Path(sys.argv[1]))\n"
        "ranking = kept.rank(generate(Shape(models=30, datasets=7, share=0.9)), 0)\n"
        "assert (ranking.low < ranking.high).all()\n"
        "print({'torch', 'xgboost', 'sklearn', 'crepes', 'pandas', 'scipy.stats'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()", done.stdout + done.stderr


def test_bounds_of_intervals_are_crepes_own_at_any_level(graph: Subgraph, fitted: Fitted) -> None:
    usual, near = (fitted.rank(graph, 0, level=level) for level in (0.8, 0.8 + 1e-9))
    same(usual, near, tolerance=1e-12)
    assert (fitted.rank(graph, 0, level=0.9).low < usual.low).all()


def test_what_is_no_learner_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match=r"No learner in .* Train one with: zoo train"):
        load_learner(tmp_path)
    with pytest.raises(ZooError, match="not kept"):
        save_learner(make_learner("random").fit(generate()), tmp_path)


def edited(name: str, change: Callable[[Any], object]) -> Callable[[Path], object]:
    """Damage to one JSON file."""

    def damage(folder: Path) -> None:
        read = json.loads((folder / name).read_text())
        change(read)
        (folder / name).write_text(json.dumps(read))

    return damage


def rearranged(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Damage to the arrays, by somebody who knows how to write them."""

    def damage(folder: Path) -> None:
        arrays = load_file(folder / "arrays.safetensors")
        change(arrays)
        save_file(arrays, folder / "arrays.safetensors")

    return damage


def written(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


DAMAGE = {
    "a key missing": (edited("learner.json", lambda read: read.pop("kernel")), "kernel: Field"),
    "a key of a key missing": (
        edited("learner.json", lambda read: read["encoder"].pop("center")), "encoder.center"
    ),
    "a text for a number": (
        edited("learner.json", lambda read: read["warm"].update(slope="steep")), "warm.slope"
    ),
    "a weight less": (edited("learner.json", lambda read: read["cold"]["z"].pop()), "one weight"),
    "a number less": (
        edited("learner.json", lambda read: read["encoder"]["scale"].pop()), "other columns"
    ),
    "a category more": (
        edited("learner.json", lambda read: read["encoder"]["categories"][0].append("x")), "width"
    ),
    "a list": (written("learner.json", b"[]"), "format None"),
    "deep": (written("learner.json", b"[" * 200_000), "recursion"),
    "no JSON": (written("learner.json", b"\xff\0"), "decode"),
    "empty": (written("learner.json", b""), "Expecting value"),
    "no arrays": (lambda folder: (folder / "arrays.safetensors").unlink(), "No learner in"),
    "arrays of noise": (written("arrays.safetensors", b"\xff" * 100), "header"),
    "arrays cut": (
        lambda folder: os.truncate(folder / "arrays.safetensors", 5_000), "incomplete|invalid|size"
    ),
    "an array missing": (rearranged(lambda arrays: arrays.pop("calibration.warm")), "warm' is"),
    "a weight missing": (rearranged(lambda arrays: arrays.pop("network.shows.ask")), "ask' is"),
    "a weight of another shape": (
        rearranged(lambda arrays: arrays.update({"network.head.last": np.ones((2, 2), "f4")})),
        "head.last is no",
    ),
    "a calibration of another shape": (
        rearranged(lambda arrays: arrays.update({"calibration.cold": np.ones(3)})), "stages"
    ),
    "a bound below nothing": (
        rearranged(lambda arrays: arrays.update({"calibration.bounds": -np.ones((2, 4))})),
        "two bounds a stage",
    ),
    "a fold less": (
        rearranged(lambda arrays: arrays.update(network_fold=np.zeros(1, "i8"))), "network_fold"
    ),
    "no trees": (lambda folder: (folder / "trees_z.json").unlink(), "No learner in"),
    "empty trees": (written("trees_z.json", b""), "Expecting value"),
    "trees of nothing": (written("trees_normal.json", b"{}"), "no model of XGBoost's"),
    "deep trees": (written("trees_z.json", b'{"learner":' * 300_000), "recursion"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_learner_is_one_line(fitted: Fitted, tmp_path: Path, kind: str) -> None:
    damage, reason = DAMAGE[kind]
    save_learner(fitted, tmp_path / "learner")
    damage(tmp_path / "learner")
    with pytest.raises(ZooError, match=reason) as caught:
        load_learner(tmp_path / "learner", origin="s3://kept/l1.zip")
    text = str(caught.value)
    assert "learner in s3://kept/l1.zip" in text and text.endswith("zoo train")
    assert "\n" not in text and len(text) < 400


@pytest.mark.parametrize("regime", ["dense", "cold:0.3", "few:3"])
def test_no_prediction_moves_with_noise_in_what_is_hidden(graph: Subgraph, regime: str) -> None:
    """Every record that the regime hides, of the target and of cold models, is noise: training and
    ranking must not notice, through encoders, scales, similarities, stopping or weights."""

    def hidden(version: Subgraph) -> Hidden:
        return hide(version, targets=np.array([0]), method="full", regime=parse(regime), seed=0)

    records, first = graph.fine_tunings, hidden(graph)
    seen = first.visible.fine_tunings
    width = len(graph.datasets)
    gone = ~np.isin(records.model * width + records.dataset, seen.model * width + seen.dataset)
    assert gone[(records.dataset == 0) & np.isin(records.model, first.truths[0].model)].all()
    noise = np.where(gone, np.random.default_rng(9).random(len(records)), records.value)
    rankings = []
    for version in (graph, with_values(graph, noise)):
        one = hidden(version)
        learner = small_learner().fit(one.visible, seed=0)
        rankings.append(learner.rank(one.visible, 0, models=one.truths[0].model))
    same(*rankings)


def test_a_pairs_own_record_never_enters_its_prediction(graph: Subgraph, fitted: Fitted) -> None:
    records = graph.fine_tunings
    own = np.flatnonzero(records.dataset == 4)[3]
    model = int(records.model[own])
    before = fitted.rank(graph, 4)
    value = records.value.copy()
    value[own] = 0.01
    after = fitted.rank(with_values(graph, value), 4)
    for name in COLUMNS[:4]:
        assert getattr(before, name)[model] == pytest.approx(getattr(after, name)[model], abs=1e-7)
    others = np.arange(len(graph.models)) != model
    assert np.abs(before.accuracy - after.accuracy)[others].max() > 1e-4


@pytest.mark.parametrize("reference", [1_000, 12])
def test_a_model_is_as_good_whoever_else_is_asked_about(
    graph: Subgraph, fitted: Fitted, monkeypatch: pytest.MonkeyPatch, reference: int
) -> None:
    monkeypatch.setattr("learn.spacing.MOST", reference)
    everyone = fitted.rank(graph, 2)
    some = np.array([7, 1, 20])
    few = fitted.rank(graph, 2, models=some)
    for name in COLUMNS[:4]:
        np.testing.assert_allclose(getattr(few, name), getattr(everyone, name)[some], atol=1e-7)


def test_asked_about_no_model_it_answers_nothing(graph: Subgraph, fitted: Fitted) -> None:
    """As few:N does where every result of a target is seen."""
    assert not len(fitted.rank(graph, 2, models=np.zeros(0, dtype=np.int64)))


def test_own_records_of_a_new_dataset_are_taken_without_training(
    graph: Subgraph, fitted: Fitted
) -> None:
    records = graph.fine_tunings
    on_target = np.flatnonzero(records.dataset == 0)
    few = np.isin(np.arange(len(records)), on_target[:5]) | (records.dataset != 0)
    rest = on_target[5:]
    truth, models = records.value[rest], records.model[rest]
    blind = fitted.rank(without(graph, records.dataset != 0), 0, models=models)
    told = fitted.rank(without(graph, few), 0, models=models)
    assert np.abs(told.accuracy - truth).mean() < np.abs(blind.accuracy - truth).mean()
    assert (told.high - told.low).mean() < (blind.high - blind.low).mean()


def test_a_model_and_a_dataset_it_never_saw(graph: Subgraph) -> None:
    """Added to a trained learner, they are ranked much as by one trained with them."""
    known = np.arange(len(graph.models)) < 25
    smaller = keep_models(graph, known)
    smaller = without(smaller, ~np.isin(smaller.fine_tunings.dataset, [0, 1]))
    trained = small_learner().fit(smaller, seed=0)
    hidden = without(graph, graph.fine_tunings.dataset != 0)
    retrained = small_learner().fit(hidden, seed=0)
    one, other = trained.rank(hidden, 0), retrained.rank(hidden, 0)
    assert np.isfinite(one.score).all()
    assert np.corrcoef(one.score, other.score)[0, 1] > 0.8


def test_names_and_their_order_mean_nothing(graph: Subgraph, fitted: Fitted) -> None:
    renamed = replace(
        graph,
        models=replace(graph.models, id=texts([f"x{row}" for row in range(len(graph.models))])),
        datasets=replace(
            graph.datasets, id=texts([f"y{row}" for row in range(len(graph.datasets))])
        ),
    )
    same(fitted.rank(graph, 2), fitted.rank(renamed, 2))
    again = small_learner().fit(without(renamed, renamed.fine_tunings.dataset != 0), seed=0)
    same(fitted.rank(graph, 0), again.rank(graph, 0))


@pytest.mark.parametrize("alike", [False, True])
def test_shuffled_rows_are_ranked_the_same(graph: Subgraph, fitted: Fitted, alike: bool) -> None:
    """Rows follow ids: of a model's several pre-trainings, and of datasets that are equally near,
    none counts more for its name."""
    graph = with_equal_datasets(graph) if alike else with_second_origins(graph)
    model = np.random.default_rng(3).permutation(len(graph.models))  # new row -> old row
    dataset = np.random.default_rng(4).permutation(len(graph.datasets))
    shuffled = renumbered(graph, model, dataset)
    before = fitted.rank(graph, 2)
    after = fitted.rank(shuffled, int(np.flatnonzero(dataset == 2)[0]))
    np.testing.assert_allclose(after.score, before.score[model], atol=1e-5)


def with_second_origins(graph: Subgraph) -> Subgraph:
    """Models pre-trained on two datasets each, which equally many models share."""
    size = len(graph.datasets)
    model = np.repeat(np.arange(len(graph.models) // size * size), 2)
    dataset = (model + np.tile([0, 2], len(model) // 2)) % size
    accuracy = np.random.default_rng(5).random(len(model))
    origins = replace(graph.pretrainings, model=model, dataset=dataset, accuracy=accuracy)
    return replace(graph, pretrainings=by_ends(origins))


def with_equal_datasets(graph: Subgraph) -> Subgraph:
    """Nothing is known of any dataset but its results."""
    unknown = np.full(len(graph.datasets), np.nan)
    return replace(
        graph,
        datasets=replace(graph.datasets, classes=unknown, samples=unknown),
        similarities=take(graph.similarities, np.zeros(len(graph.similarities), dtype=bool)),
    )


def renumbered(graph: Subgraph, models: np.ndarray, datasets: np.ndarray) -> Subgraph:
    """The graph as it is read when ids sort in another order; each names the old row of a new."""
    model, dataset = np.argsort(models), np.argsort(datasets)
    a, b = dataset[graph.similarities.a], dataset[graph.similarities.b]
    moved = {
        name: by_ends(
            replace(
                getattr(graph, name),
                model=model[getattr(graph, name).model],
                dataset=dataset[getattr(graph, name).dataset],
            )
        )
        for name in ("fine_tunings", "pretrainings", "transferabilities")
    }
    return replace(
        graph,
        models=take(graph.models, models),
        datasets=take(graph.datasets, datasets),
        similarities=replace(graph.similarities, a=np.minimum(a, b), b=np.maximum(a, b)),
        **moved,
    )


def by_ends(table: Any) -> Any:
    return take(table, np.lexsort((table.dataset, table.model)))


def test_an_error_is_predicted_in_its_own_units() -> None:
    graph = generate(Shape(metric="mse", datasets=6))
    ranking = small_learner().fit(without(graph, graph.fine_tunings.dataset != 0)).rank(graph, 0)
    truth = graph.fine_tunings.value[graph.fine_tunings.dataset == 0]
    assert (ranking.accuracy >= 0).all()
    assert (ranking.low <= ranking.high).all()
    assert np.corrcoef(ranking.score, -truth)[0, 1] > 0.5
    assert np.corrcoef(ranking.accuracy, truth)[0, 1] > 0.5


def test_the_fingerprint_changes_with_the_graph_and_only_with_it(graph: Subgraph) -> None:
    assert fingerprint(graph) == fingerprint(generate(Shape(models=30, datasets=7, share=0.9)))
    value = graph.fine_tunings.value.copy()
    value[0] += 1e-9
    assert fingerprint(with_values(graph, value)) != fingerprint(graph)


def test_a_dataset_unlike_all_others_is_told_widened_and_given_a_run(
    graph: Subgraph, fitted: Fitted
) -> None:
    similar = graph.similarities
    far = replace(
        graph,
        similarities=replace(
            similar, value=np.where((similar.a == 0) | (similar.b == 0), 1e-6, similar.value)
        ),
        datasets=replace(
            graph.datasets,
            classes=np.where(np.arange(len(graph.datasets)) == 0, 1e5, graph.datasets.classes),
        ),
    )
    hidden = without(far, far.fine_tunings.dataset != 0)
    usual = fitted.rank(without(graph, graph.fine_tunings.dataset != 0), 0)
    ranking = fitted.rank(hidden, 0)
    told = [note for note in ranking.notes if note.startswith("Unlike every dataset")]
    assert len(told) == 1
    assert told[0].split()[-1] in set(graph.models.id)
    assert not any(note.startswith("Unlike") for note in usual.notes)


@pytest.mark.parametrize("level", [0.0, 1.0, 80])
def test_a_level_is_a_share(graph: Subgraph, fitted: Fitted, level: float) -> None:
    with pytest.raises(ZooError, match="level must lie between 0 and 1"):
        fitted.rank(graph, 0, level=level)


def test_a_higher_level_is_a_wider_interval(graph: Subgraph, fitted: Fitted) -> None:
    narrow, wide = fitted.rank(graph, 1, level=0.5), fitted.rank(graph, 1, level=0.9)
    assert (wide.high - wide.low).mean() > (narrow.high - narrow.low).mean()


def test_very_large_zoos_are_learned_from_a_sample(
    graph: Subgraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    from learn import inductive

    monkeypatch.setattr(inductive, "MOST_MODELS", 20)
    monkeypatch.setattr(inductive, "MOST_DATASETS", 5)
    hidden = without(graph, graph.fine_tunings.dataset != 0)
    smaller = inductive.sample(hidden, seed=0)
    assert (len(smaller.models), len(smaller.datasets)) == (20, 5)
    ranking = small_learner().fit(hidden, seed=0).rank(hidden, 0)
    truth = take(graph.fine_tunings, graph.fine_tunings.dataset == 0)
    assert np.corrcoef(ranking.score[truth.model], truth.value)[0, 1] > 0.5


def test_training_keeps_every_tensor_on_the_device_it_was_given(graph: Subgraph) -> None:
    """The device without memory refuses tensors of another one, as an accelerator does."""
    view = make_view(graph, encoder=fit_encoder(graph), method="full")
    near = dataset_kernel(view, KernelConfig())
    config = NetworkConfig(networks=2, steps=2)
    folds = [np.array([0]), np.array([1])]
    with pytest.raises(NotImplementedError, match="no data"):  # training over, nothing to keep
        train_networks(view, near, folds=folds, config=config, scores=True, seed=0, device="meta")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no accelerator on this machine")
def test_an_accelerator_ranks_like_the_processor() -> None:
    """``--device auto``: the same draws and first weights, sums in another order."""
    graph = generate(Shape(models=40, datasets=8))
    here, there = (
        make_learner("inductive").fit(graph, seed=0, device=device).rank(graph, 7)
        for device in ("cpu", "auto")
    )
    assert np.corrcoef(here.score, there.score)[0, 1] > 0.99
    assert there.accuracy == pytest.approx(here.accuracy, abs=0.02)


@pytest.mark.parametrize(
    ("known", "parts"),
    [
        ({}, ("kernel", "network")),
        ({"metadata": True}, ("kernel", "trees", "network")),
        ({"similarities": True}, ("kernel", "trees", "network")),
    ],
    ids=["results", "metadata", "similarities"],
)
def test_trees_stay_out_where_nothing_is_known_but_results(
    known: dict[str, Any], parts: tuple[str, ...], tmp_path: Path
) -> None:
    bare = Shape(models=12, datasets=6, metadata=False, similarities=False, origins=False)
    graph = generate(replace(bare, **known))
    trained = small_learner().fit(graph, seed=0)
    assert trained.members.parts == parts == trained.settings.parts
    save_learner(trained, tmp_path)
    same(trained.rank(graph, 0), load_learner(tmp_path).rank(graph, 0))


def test_trees_alone_are_trees_whatever_is_known() -> None:
    bare = Shape(models=12, datasets=6, metadata=False, similarities=False, origins=False)
    trained = make_learner("inductive-trees").fit(generate(bare), seed=0)
    assert trained.members.parts == ("trees",)


def test_a_model_of_which_nothing_is_known_is_an_average_one() -> None:
    """Not the best nor the worst, as by a slope through what differs between targets alone."""
    bare = Shape(
        models=40, datasets=8, share=0.3, metadata=False, similarities=False, origins=False
    )
    for seed in range(2):
        graph = generate(bare, seed=seed)
        records = graph.fine_tunings
        graph = without(graph, (records.model >= 8) & (records.dataset != 0))
        learner = make_learner("inductive-kernel").fit(graph, seed=seed)
        score = learner.rank(graph, 0).score
        assert np.ptp(score[:8]) < 1e-9
        assert np.quantile(score[8:], 0.1) < score[0] < np.quantile(score[8:], 0.9)
