"""The thesis' learners: its graph and features by hand, its protocol on made-up graphs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from graphdb.columns import Pretrainings, Similarities, Subgraph, take
from graphdb.errors import ZooError
from learn import learner_names, make_learner
from learn.pairs import measured
from learn.regimes import hide, keep_models, parse
from learn.thesis.edges import accuracy_edges, normalised, similarity_edges
from learn.thesis.embedding import embed
from learn.thesis.networks import Encoder, adjacent, divided, link_loss, train_network
from learn.thesis.table import distance, fit_columns, metadata
from tests.learn.graphs import Shape, generate, texts, with_values, without

NAMES = [name for name in learner_names() if "+" in name and "scores" not in name]
LEARNERS = [*NAMES, "metadata-lr"]
GRAPH = generate(Shape(models=30, datasets=8))
TARGET = 2


def visible(graph: Subgraph, *, regime: str = "dense") -> Subgraph:
    hidden = hide(graph, targets=np.array([TARGET]), method="full", regime=parse(regime), seed=0)
    return hidden.visible


def scores(name: str, graph: Subgraph, *, seed: int = 0) -> np.ndarray:
    return make_learner(name).fit(graph, seed=seed).rank(graph, TARGET).score


def test_all_twelve_and_the_metadata_one() -> None:
    assert len(NAMES) == 12 and all(make_learner(name).name == name for name in LEARNERS)


@pytest.mark.parametrize("name", LEARNERS)
def test_ranks_a_target_whose_results_are_hidden(name: str) -> None:
    graph = visible(GRAPH)
    score = scores(name, graph)
    assert score.shape == (30,) and np.isfinite(score).all()
    assert (score == scores(name, replace(graph), seed=0)).all()
    truth = GRAPH.fine_tunings.value[GRAPH.fine_tunings.dataset == TARGET]
    least = 0.2 if name.endswith("lr") else 0.5
    assert np.corrcoef(score, truth)[0, 1] > least
    few = make_learner(name).fit(graph).rank(graph, TARGET, models=np.array([7, 3]))
    assert few.score == pytest.approx(score[[7, 3]])
    assert np.isnan(few.accuracy).all()


@pytest.mark.parametrize("name", ["node2vec+rf", "node2vec-plus+lr", "graphsage+rf", "gat+xgb"])
def test_hidden_results_move_nothing(name: str) -> None:
    noise = GRAPH.fine_tunings.value.copy()
    here = GRAPH.fine_tunings.dataset == TARGET
    noise[here] = np.random.default_rng(9).random(here.sum())
    before, after = visible(GRAPH), visible(with_values(GRAPH, noise))
    assert (scores(name, before) == scores(name, after)).all()


@pytest.mark.parametrize("name", ["node2vec+lr", "graphsage+lr"])
def test_the_seed_is_read(name: str) -> None:
    graph = visible(GRAPH)
    assert (scores(name, graph, seed=0) != scores(name, graph, seed=1)).any()


@pytest.mark.parametrize("name", ["node2vec-plus+xgb", "gat+rf", "graphsage+lr", "metadata-lr"])
@pytest.mark.parametrize(
    "shape",
    [
        Shape(models=6, datasets=3, similarities=False),
        Shape(models=6, datasets=3, metadata=False, origins=False),
        Shape(models=6, datasets=3, constant=True, origins=False),
        Shape(models=5, datasets=3, share=0.0, origins=False, similarities=False),
    ],
    ids=["no similarities", "no metadata", "all equal", "nothing"],
)
def test_what_is_missing_is_no_crash(name: str, shape: Shape) -> None:
    score = scores(name, generate(shape))
    assert np.isfinite(score).all()
    if shape.constant or not shape.share:
        assert (score == 0).all()


def test_models_without_results_are_scored() -> None:
    graph = visible(GRAPH, regime="cold:0.4")
    assert len(np.unique(measured(graph, method="full").model)) < 30
    for name in ("node2vec+rf", "gat+rf"):
        assert np.isfinite(scores(name, graph)).all()


def test_transductive_learners_say_so() -> None:
    small = keep_models(GRAPH, np.arange(30) < 20)
    fitted = make_learner("node2vec+rf").fit(small)
    score = fitted.rank(GRAPH, TARGET).score
    assert np.isfinite(score[:20]).all() and np.isnan(score[20:]).all()
    names = GRAPH.datasets.id.copy()
    names[TARGET] = "new"
    renamed = replace(GRAPH, datasets=replace(GRAPH.datasets, id=names))
    with pytest.raises(ZooError, match="'new' is not one of them"):
        fitted.rank(renamed, TARGET)
    assert np.isfinite(make_learner("metadata-lr").fit(small).rank(renamed, TARGET).score).all()


def test_accuracy_edges_by_hand() -> None:
    graph = tiny()
    positive, negative = accuracy_edges(graph, measured(graph, method="full"))
    # Dataset 0: .2, .6, 1 become 0, .5, 1; dataset 1: .3 and .9 become 0, 1 and with the
    # pre-trainings of model 2 (.8) and of model 0 (unknown, so their mean .8) 0, 1, .8, .8;
    # dataset 2: one pre-training, which has no scale.
    found = set(zip(positive.a, positive.b - 3, positive.weight.round(6), strict=True))
    assert found == {(2, 0, 1.0), (1, 1, 1.0), (2, 1, 0.8), (0, 1, 0.8)}
    found = set(zip(negative.a, negative.b - 3, negative.weight.round(6), strict=True))
    assert found == {(0, 0, 0.0), (1, 0, 0.5), (0, 1, 0.0)}


def test_similarities_and_distances_by_hand() -> None:
    graph = tiny()
    similar = similarity_edges(graph)
    # Distances 1, 2, 3 of the probe that knows most pairs; the other's .9 is left out.
    assert similar.weight == pytest.approx([1.0, 0.5, 0.0])
    assert similar.a.tolist() == [3, 3, 4] and similar.b.tolist() == [4, 5, 5]
    # Sources of models 0, 1, 2: dataset 1, none, datasets 1 (first named) and 2.
    far = distance(graph, np.array([0, 1, 2, 0]), np.array([0, 0, 2, 2]))
    assert far == pytest.approx([0.5, 0.0, 1.0, 1.0])


def test_metadata_by_hand() -> None:
    graph = tiny()
    columns = fit_columns(graph)
    rows = metadata(graph, columns, np.array([0, 1, 2]), np.array([0, 0, 1]))
    assert rows[:, 2].tolist() == [1.0, 0.0, 1.0]  # categories '' and 'd0001' in their order
    accuracy = rows[:, 3]
    assert accuracy[:2] == pytest.approx([0.8, 0.8])  # the mean where unknown
    assert rows[:, 5].tolist() == graph.datasets.samples[[0, 0, 1]].tolist()
    other = replace(graph, models=replace(graph.models, family=texts(["new", None, "vit"])))
    assert metadata(other, columns, np.array([0]), np.array([0]))[0, 1] == -1


def test_normalised_is_within_a_dataset() -> None:
    found = normalised(np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 0, 4]))
    assert found[:3].tolist() == [0.0, 0.5, 1.0] and np.isnan(found[3])


def test_supervision_edges_carry_no_messages() -> None:
    random = np.random.default_rng(0)
    ends = np.unique(random.integers(0, [[40], [20]], (2, 400)), axis=1)
    links = torch.as_tensor(np.stack([ends[0], 40 + ends[1]]))
    messages, asked = divided(links, size=60)
    total = links.size(1)
    assert not set(map(tuple, messages.T.tolist())) & set(map(tuple, asked.T.tolist()))
    assert (asked[0] < 40).all() and (asked[1] >= 40).all()
    assert asked.size(1) == pytest.approx(0.3 * 0.7 * total, abs=2)
    assert messages.size(1) == pytest.approx(0.7 * 0.7 * total, abs=2)


@pytest.mark.parametrize("name", ["graphsage", "gat"])
def test_encoders_hear_two_steps_away(name: str) -> None:
    """A path 0 - 1 - 2 - 3 and a node alone: states are finite, and 3 is too far from 0."""
    torch.manual_seed(0)
    encoder = Encoder(name, 4)
    edges = adjacent(torch.tensor([[0, 1, 2], [1, 2, 3]]), size=5)
    x = torch.rand(5, 4)
    before = encoder(x, edges)
    assert before.shape == (5, 128) and torch.isfinite(before).all()
    for changed, moves in ((2, True), (3, False)):
        other = x.clone()
        other[changed] += 1.0
        assert torch.allclose(encoder(other, edges)[0], before[0]) is not moves


def test_link_loss_by_hand() -> None:
    states = torch.tensor([[1.0, 0.0], [2.0, 1.0], [0.0, -1.0]])
    loss = link_loss(states, torch.tensor([[0], [1]]), torch.tensor([[1, 0], [2, 2]]))
    logits = np.array([2.0, -1.0, 0.0])
    odds = np.log1p(np.exp(logits)) - np.array([2.0, 0.0, 0.0])
    assert float(loss) == pytest.approx(odds.mean())


def test_nodes_that_share_walks_are_close() -> None:
    """Two groups of models on two datasets each: an embedding tells them apart."""
    kept = (GRAPH.fine_tunings.model % 2) == (GRAPH.fine_tunings.dataset % 2)
    graph = replace(without(GRAPH, kept), pretrainings=take(GRAPH.pretrainings, slice(0)))
    graph = replace(graph, similarities=take(graph.similarities, slice(0)))
    for name in ("node2vec", "node2vec-plus"):
        states = embed(graph, name, method="full", seed=0, device="cpu")
        assert states.shape == (38, 128)
        edges, _ = accuracy_edges(graph, measured(graph, method="full"))
        at = np.unique(edges.a)
        unit = states[at] / np.linalg.norm(states[at], axis=1, keepdims=True)
        same = (at[:, None] % 2) == (at % 2)
        close = unit @ unit.T
        assert close[same].mean() > close[~same].mean() + 0.05


def test_without_gensim_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(ZooError, match=r"pip install 'transferzoo\[thesis\]'"):
        make_learner("node2vec+lr").fit(generate(Shape(models=4, datasets=2)))


def test_a_graph_too_large_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("learn.thesis.networks.MOST_NODES", 37)
    with pytest.raises(ZooError, match="at most 37 models and datasets, not 38"):
        make_learner("gat+lr").fit(replace(GRAPH))


def test_only_networks_load_torch() -> None:
    code = (
        "import sys; import learn.thesis.learner, learn.thesis.table, learn.walks; "
        "sys.exit('torch' in sys.modules or 'gensim' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_training_learns_the_links() -> None:
    graph = visible(GRAPH)
    positive, negative = accuracy_edges(graph, measured(graph, method="full"))
    similar = similarity_edges(graph)
    states = train_network(
        "graphsage", positive, negative, similar, models=30, size=38, seed=0, device="cpu"
    )
    there = (states[positive.a] * states[positive.b]).sum(axis=1)
    absent = (states[negative.a] * states[negative.b]).sum(axis=1)
    assert there.mean() > absent.mean() + 0.5


def tiny() -> Subgraph:
    """Three models, three datasets; see the tests that count by hand."""
    made = generate(Shape(models=3, datasets=3))
    records = made.fine_tunings
    rows = [(0, 0, 0.2), (0, 1, 0.3), (1, 0, 0.6), (1, 1, 0.9), (2, 0, 1.0)]
    model, dataset, value = zip(*rows, strict=True)
    records = replace(
        take(records, slice(len(rows))),
        model=np.array(model),
        dataset=np.array(dataset),
        value=np.array(value),
    )
    return replace(
        made,
        fine_tunings=records,
        pretrainings=Pretrainings(
            np.array([0, 2, 2]), np.array([1, 1, 2]), np.array([np.nan, 0.8, 0.8])
        ),
        similarities=Similarities(
            a=np.array([0, 0, 0, 1]),
            b=np.array([1, 1, 2, 2]),
            value=np.array([0.5, 0.9, 1 / 3, 0.25]),
            measure=texts(["domain"] * 4),
            probe=texts(["one", "other", "one", "one"]),
        ),
    )
