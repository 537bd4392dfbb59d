import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graphdb.errors import ZooError
from learn.kernel import KernelConfig, dataset_kernel
from learn.message_passing import train_networks
from learn.network import NetworkConfig, Networks
from learn.view import fit_encoder, make_view
from tests.learn.graphs import Shape, generate

torch = pytest.importorskip("torch")
CONFIG = NetworkConfig(networks=3, hidden=8, steps=15, models=20)


def trained(graph, *, scores: bool = False):
    view = make_view(graph, encoder=fit_encoder(graph), method="full")
    near = dataset_kernel(view, KernelConfig())
    folds = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5, 6])]
    networks = train_networks(
        view, near, folds=folds, config=CONFIG, scores=scores, seed=0, device="cpu"
    )
    return view, near, networks


@pytest.mark.parametrize("scores", [False, True])
def test_numpy_and_torch_say_the_same(scores: bool) -> None:
    from learn.batches import Batch, hetero_data
    from learn.message_passing import GraphNetwork

    graph = generate(Shape(share=0.7))
    view, near, networks = trained(graph, scores=scores)
    network = GraphNetwork(3, view.metadata.shape[1] + 1, CONFIG.hidden)
    with torch.no_grad():
        for name, one in network.inputs.items():
            one.copy_(torch.as_tensor(networks.weights[name.replace("_", ".", 1)])[:, None])
        for relation, module in network.relations.items():
            for name, one in module.named_parameters():
                one.copy_(torch.as_tensor(networks.weights[f"{relation}.{name}"])[:, None])
    target = 2
    models = np.arange(len(graph.models))
    seen = view.pairs.dataset != target
    batch = Batch(
        targets=np.full((3, 1), target),
        models=models,
        rows=np.arange(len(view.pairs)),
        seen=np.broadcast_to(seen, (3, 1, len(seen))).copy(),
    )
    with torch.no_grad():
        data = hetero_data(view, near, batch, scores=scores, device=torch.device("cpu"))
        want = network(data).mean(dim=0)[0].numpy()
    everything = np.ones(len(seen), dtype=bool)
    found = networks.predict(view, near, target, models=models, seen=everything)
    np.testing.assert_allclose(found, want, atol=2e-5)


def test_edge_values_enter_the_messages() -> None:
    view, near, networks = trained(generate())
    everything = np.ones(len(view.pairs), dtype=bool)
    models = np.arange(len(view.number))
    before = networks.predict(view, near, 0, models=models, seen=everything)
    values = dict(networks.weights)
    for name in ("tuned.scale", "tuned.value"):
        values[name] = np.zeros_like(values[name])
    silent = Networks(values, networks.fold, networks.scores)
    after = silent.predict(view, near, 0, models=models, seen=everything)
    assert np.abs(before - after).max() > 1e-3


def test_a_network_does_not_see_the_records_of_its_target() -> None:
    view, near, networks = trained(generate())
    everything = np.ones(len(view.pairs), dtype=bool)
    models = np.arange(len(view.number))
    view.z[view.pairs.dataset == 0] = 7.0
    noisy = networks.predict(view, near, 0, models=models, seen=everything)
    view.z[view.pairs.dataset == 0] = -3.0
    assert np.array_equal(noisy, networks.predict(view, near, 0, models=models, seen=everything))


def test_networks_of_a_fold_never_saw_it() -> None:
    """Noise in a fold's records changes nothing of the networks that left it out."""
    graph = generate()
    _, near, networks = trained(graph)
    noisy = make_view(graph, encoder=fit_encoder(graph), method="full")
    fold = np.isin(noisy.pairs.dataset, [0, 1])
    noisy.z[fold] = np.random.default_rng(1).normal(size=fold.sum())
    noisy.normal[fold] = 0.0
    folds = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5, 6])]
    again = train_networks(
        noisy, near, folds=folds, config=CONFIG, scores=False, seed=0, device="cpu"
    )
    first = networks.fold == 0
    for name, one in networks.weights.items():
        np.testing.assert_array_equal(one[first], again.weights[name][first], err_msg=name)
    assert any(
        not np.array_equal(one[~first], again.weights[name][~first])
        for name, one in networks.weights.items()
    )


def test_the_code_that_a_network_is_made_of_is_not_left_behind(tmp_path: Path) -> None:
    """PyG writes it into the temporary directory, and Python the bytecode of it beside it."""
    code = "from learn.message_passing import EdgeValueAttention as A; print(A({}).propagate)"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHOND")}
    environment = clean | {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], env=environment, check=True, text=True,
        capture_output=True,
    )  # fmt: skip
    assert "propagate" in done.stdout
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_here_is_one_line(device: str) -> None:
    from learn.message_passing import chosen_device

    with pytest.raises(ZooError, match=f"^No device '{device}' here .*--device cpu$") as error:
        chosen_device(device)
    assert "\n" not in str(error.value)
