"""Probe embeddings: what they are, when sampling stops, and what the similarities keep."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset

from graphdb.errors import ZooError
from graphdb.records import Embedding
from tests.jobs.conftest import job
from zoo.hub import load_dataset
from zoo.jobs.adaptive import CLOSE, Moments, gather, is_settled, sigmas, stratified_order
from zoo.jobs.embedding import embed, load_probe
from zoo.jobs.failures import JobError
from zoo.jobs.finetuning import fine_tune
from zoo.jobs.forward import score_job
from zoo.jobs.inputs import check_told_apart
from zoo.jobs.probing import run_alone
from zoo.jobs.similarity import similarities
from zoo.jobs.specs import DatasetSource, EmbeddingSpec, ModelSource, ScoreSpec, Settings
from zoo.jobs.vectors import EmbeddingCache

PLAIN = Settings(max_length=16)


def source(folder: Path) -> ModelSource:
    return ModelSource(id="probe", address=str(folder))


def test_an_image_embedding_is_the_mean_of_the_hidden_state(
    image_model: Path, images: Path
) -> None:
    import torch

    probe = load_probe(source(image_model), modality="image", settings=PLAIN)
    data = load_dataset(str(images))
    used: set[str] = set()
    probe.model.register_forward_pre_hook(lambda *_: used.add(torch.get_float32_matmul_precision()))
    found = embed(data, probe, settings=PLAIN, most=None)
    if not torch.cuda.is_available():
        assert used == {"medium"} and torch.get_float32_matmul_precision() == "highest"
    rows = data.splits["train"]
    pixels = probe.processor([r["image"].convert("RGB") for r in rows], return_tensors="pt")
    with torch.inference_mode():
        hidden = probe.model(**pixels).last_hidden_state.mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(found.domain, hidden.mean(axis=0), rtol=1e-4, atol=1e-5)
    labels = data.labels("train")
    means = np.stack([hidden[labels == c].mean(axis=0) for c in range(3)])
    expected = np.concatenate([means.mean(axis=0), means.std(axis=0)])
    np.testing.assert_allclose(found.class_aware, expected, rtol=1e-4, atol=1e-5)
    assert found.samples == len(rows)
    records = found.embeddings("d", "p")
    assert [r.method for r in records] == ["domain", "class-aware"]
    assert records[0].vector.dtype == np.float32


def test_padding_does_not_move_a_text_embedding(text_model: Path, tmp_path: Path) -> None:
    """One long text in a batch pads the short ones; their mean stays as it is alone."""
    import torch

    from zoo.jobs.embedding import represent

    probe = load_probe(source(text_model), modality="text", settings=PLAIN)
    short, long = "good", "good fine great bright glad good"
    with torch.inference_mode():
        alone = represent(probe.model, dict(probe.processor([short], return_tensors="pt")))
        both = probe.processor([short, long], padding=True, return_tensors="pt")
        together = represent(probe.model, dict(both))
    np.testing.assert_allclose(alone[0].numpy(), together[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("modality", ["image", "text"])
def test_where_memory_holds_a_few_rows_the_embedding_is_the_same(
    request: pytest.FixtureRequest, modality: str
) -> None:
    """The allocator's own error beyond five rows: 2^60 bytes are in no address space."""
    import torch

    probe = load_probe(
        source(request.getfixturevalue(f"{modality}_model")), modality=modality, settings=PLAIN
    )
    data = load_dataset(str(request.getfixturevalue(f"{modality}s")))
    roomy = embed(data, probe, settings=PLAIN, most=None)
    sizes: list[int] = []

    def crowd(_: object, arguments: object, named: dict[str, torch.Tensor]) -> None:
        sizes.append(len(next(iter(named.values()))))
        torch.empty(2**60 if sizes[-1] > 5 else 1, dtype=torch.uint8)

    probe.model.register_forward_pre_hook(crowd, with_kwargs=True)
    found = embed(data, probe, settings=PLAIN, most=None)
    assert sizes[:4] == [32, 16, 8, 4] and max(sizes[4:]) == 4, "found once, kept for the rest"
    assert found.samples == roomy.samples
    np.testing.assert_allclose(found.domain, roomy.domain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("modality", ["image", "text"])
def test_where_memory_holds_a_few_rows_the_scores_are_the_same(
    request: pytest.FixtureRequest, modality: str
) -> None:
    """As above, of whatever part of a network is given more than five rows."""
    import torch
    from torch.nn.modules.module import register_module_forward_pre_hook

    model, data = (request.getfixturevalue(f"{modality}{what}") for what in ("_model", "s"))
    spec = ScoreSpec(
        id="s", model=source(model), methods=("logme", "leep"), settings=PLAIN, threads=1,
        dataset=DatasetSource(id="d", reference=str(data)),
    )  # fmt: skip
    roomy = score_job(spec)
    assert roomy.status == "done", roomy.reason
    sizes: set[int] = set()

    def crowd(_: object, arguments: tuple[object, ...]) -> None:
        rows = [len(one) for one in arguments if isinstance(one, torch.Tensor) and one.ndim > 1]
        sizes.update(rows)
        torch.empty(2**60 if max(rows, default=0) > 5 else 1, dtype=torch.uint8)

    hook = register_module_forward_pre_hook(crowd)
    try:
        found = score_job(spec)
    finally:
        hook.remove()
    assert found.status == "done", found.reason
    assert {32, 16, 8, 4} <= sizes and found.metrics.keys() == {"logme", "leep"}
    assert found.metrics == pytest.approx(roomy.metrics, rel=1e-3)


def test_a_tokenizer_that_knows_no_word_is_told_instead_of_learnt_from(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    """Every text is unknown words; of one text again and again no tokenizer makes two."""
    foreign = shutil.copytree(text_model, tmp_path / "foreign")
    tokenizer = json.loads((foreign / "tokenizer.json").read_text("utf-8"))
    words = tokenizer["model"]["vocab"].items()
    tokenizer["model"]["vocab"] = {w if w[0] == "[" else f"word{n}": n for w, n in words}
    (foreign / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    spec = ScoreSpec(
        id="s", model=source(foreign), methods=("logme",), settings=PLAIN, threads=1,
        dataset=DatasetSource(id="d", reference=str(texts)),
    )  # fmt: skip
    told = r"^its tokenizer makes the same of all 1\d\d texts \((\[UNK\] ?)+\): it is of another"
    for done in (score_job(spec), fine_tune(job(foreign, texts, tmp_path, epochs=1))):
        assert done.cause == "model" and re.search(told, str(done.reason)), done
    network = load_probe(source(foreign), modality="text", settings=PLAIN)
    rows = load_dataset(str(texts)).splits["train"]
    check_told_apart(rows.select([0] * 10), network, settings=PLAIN)
    last = [{"text": "a stranger", "label": 0}] * 150 + [{"text": "[MASK]", "label": 1}]
    check_told_apart(Dataset.from_list(last), network, settings=PLAIN)


def test_estimators_that_read_outputs_need_a_head_of_the_models_own(
    image_model: Path, images: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import transformers

    headless = shutil.copytree(image_model, tmp_path / "headless")
    transformers.AutoModel.from_pretrained(image_model).save_pretrained(headless)
    spec = ScoreSpec(
        id="s", model=source(headless), methods=("leep",), settings=PLAIN, threads=1,
        dataset=DatasetSource(id="d", reference=str(images)),
    )  # fmt: skip
    transformers.logging.set_verbosity_warning()
    capfd.readouterr()
    found = score_job(spec)
    assert found.reason == (
        "its weights hold no classifier of its own, whose outputs leep and nce read; others need "
        "none: zoo ingest scores --method logme --models probe"
    )
    assert "".join(capfd.readouterr()) == "", "nor transformers' advice to train it"


def test_a_probe_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(JobError, match="model"):
        load_probe(source(tmp_path), modality="image", settings=PLAIN)


def test_sampling_stops_early_with_the_same_neighbours() -> None:
    """20,000 rows, 40 known datasets: a fraction of the rows names the same ten nearest."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20_000, 32)) + rng.normal(size=32)
    others = rows.mean(axis=0) + rng.normal(size=(40, 32)) * np.linspace(0.2, 4, 40)[:, None]
    moments = gather(batches(rows), others, classes=1, total=len(rows))
    assert moments.count < 5_000
    assert ten(moments.mean(), others) == ten(rows.mean(axis=0), others)


def test_datasets_far_apart_are_told_apart_by_the_fewest_rows() -> None:
    rng = np.random.default_rng(0)
    others = rng.normal(size=(40, 32)) * np.linspace(1, 12, 40)[:, None]
    rows = rng.normal(size=(5_000, 32)) * 0.2
    read = partial(gather, others=others, classes=1, total=len(rows))
    assert read(batches(rows)).count == read(batches(rows, first=16)).count - 16 == 32
    close = read(batches(rows, first=16), within=CLOSE)
    assert close.count == 16, "a ranking asks earlier"
    true = np.linalg.norm(rows.mean(axis=0) - others, axis=1)
    error = np.linalg.norm(close.mean() - others, axis=1) - true
    assert np.abs(error).max() < CLOSE * true.mean()


@pytest.mark.parametrize("freedom", [16, 31, 63, 8_191])
def test_few_rows_are_trusted_as_students_t_says(freedom: int) -> None:
    from scipy import stats

    assert sigmas(freedom) == pytest.approx(stats.t.isf(stats.norm.sf(2.5), freedom), rel=0.02)


def test_a_ranking_needs_distances_and_not_who_the_tenth_is() -> None:
    """40 datasets about equally far: who the ten nearest are takes thousands of rows."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20_000, 32)) * 2 + rng.normal(size=32)
    others = rng.normal(size=(40, 32))
    true = np.linalg.norm(rows.mean(axis=0) - others, axis=1)
    known = partial(gather, classes=1, total=len(rows))
    assert known(batches(rows), others).count > 2_000
    errors, read = [], []
    for seed in range(50):
        drawn = np.random.default_rng(seed).permutation(rows)
        moments = known(batches(drawn, first=16), others, within=CLOSE)
        read.append(moments.count)
        errors.append(np.linalg.norm(moments.mean() - others, axis=1) - true)
    assert max(read) <= 80
    missed = np.sqrt((np.stack(errors) ** 2).mean(axis=0)) / true.mean()  # [E], over the draws
    assert missed.mean() < CLOSE
    more = known(batches(rows), others, within=CLOSE / 4)
    assert more.count > 5 * max(read), "it is the share asked for that stops it"


def batches(
    rows: np.ndarray, labels: np.ndarray | None = None, *, first: int = 32
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    labels = np.zeros(len(rows), np.int64) if labels is None else labels
    cuts = [first, *range(first + 32, len(rows), 32)]
    yield from zip(np.split(rows, cuts), np.split(labels, cuts), strict=True)


def ten(mean: np.ndarray, others: np.ndarray) -> list[int]:
    return sorted(np.argsort(np.linalg.norm(others - mean, axis=1), kind="stable")[:10])


def test_what_varies_together_is_not_mistaken_for_certainty() -> None:
    """All dimensions of a row move together, as representations do: by the errors of single
    dimensions the ten nearest would be settled too soon."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    rows = [digits.data[np.isin(digits.target, (a, b))] for a in range(10) for b in range(a)]
    means = np.stack([one.mean(axis=0) for one in rows])
    read = 0
    for number, one in enumerate(rows):
        mixed = one[np.random.default_rng(number).permutation(len(one))]
        others = np.delete(means, number, axis=0)
        moments = gather(batches(mixed), others, classes=1, total=len(one))
        assert ten(moments.mean(), others) == ten(means[number], others), number
        read += moments.count
    assert read < sum(map(len, rows))


def test_an_order_is_random_and_every_beginning_holds_the_classes_in_proportion() -> None:
    labels = np.repeat([0, 1, 2], [1_000, 500, 20])
    order = stratified_order(labels, seed=0)
    assert sorted(order) == list(range(1_520))
    for beginning in (76, 152, 760):
        counts = np.bincount(labels[order[:beginning]], minlength=3)
        np.testing.assert_allclose(counts, beginning * np.array([1_000, 500, 20]) / 1_520, atol=1.5)
    assert (order != stratified_order(labels, seed=1)).any()
    first = order[labels[order] == 0]
    assert abs(np.corrcoef(first, np.arange(1_000))[0, 1]) < 0.2, "within a class it is random"


def test_classes_that_lie_apart_cost_no_more_rows() -> None:
    """Of a stratified sample only what varies within the classes is noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 20_000)
    others = rng.normal(size=(30, 16)) * np.linspace(0.5, 2, 30)[:, None]
    near = rng.normal(size=(20_000, 16))
    far = near + np.where(labels == 0, -5, 5)[:, None]
    order = stratified_order(labels, seed=0)
    read = [
        gather(batches(rows[order], labels[order]), others, classes=2, total=20_000).count
        for rows in (near, far - far.mean(axis=0) + near.mean(axis=0))
    ]
    assert read[1] == read[0]


def test_two_equally_far_datasets_are_not_settled_by_few_samples() -> None:
    rng = np.random.default_rng(0)
    others = np.zeros((11, 4))
    others[:, 0] = [0.1 * n for n in range(10)] + [0]
    others[10, 1] = 0.9  # as far as the tenth, in another direction
    moments = Moments(4, 1)
    moments.add(rng.normal(size=(64, 4)) * 0.1, np.zeros(64, np.int64))
    assert not is_settled(moments, others, total=10_000)
    others[10, 1] = 5.0
    assert is_settled(moments, others, total=10_000)
    others[10] = others[9]
    assert is_settled(moments, others, total=10_000), "the same place: nothing will tell them apart"


def test_the_covariance_is_that_of_the_mean_and_vanishes_once_all_is_read() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3)) @ np.array(
        [[1, 2, 0], [0, 1, 3], [0, 0, 1]]
    )
    moments = Moments(3, 1)
    moments.add(rows, np.zeros(50, np.int64))
    assert (moments.covariance(50) == 0).all()
    np.testing.assert_allclose(moments.covariance(10**9), np.cov(rows.T) / 50, rtol=1e-6)


def test_a_cached_embedding_comes_back_bit_by_bit(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    probe = load_probe(source(image_model), modality="image", settings=PLAIN)
    found = embed(load_dataset(str(images)), probe, settings=PLAIN)
    cache = EmbeddingCache(tmp_path / "cache")
    assert cache.get("fingerprint", "probe") is None
    cache.put("fingerprint", "probe", found)
    again = cache.get("fingerprint", "probe")
    assert again is not None and again.samples == found.samples
    np.testing.assert_array_equal(again.domain, found.domain)
    np.testing.assert_array_equal(again.class_aware, found.class_aware)
    assert cache.get("fingerprint", "another probe") is None
    assert cache.get("fingerprint", "probe", within=CLOSE) is not None
    cache.put("fingerprint", "probe", replace(found, within=CLOSE))
    rough = cache.get("fingerprint", "probe", within=CLOSE)
    assert rough is not None and rough.within == CLOSE
    assert cache.get("fingerprint", "probe") is None, "not close enough for who asks for more"


def test_a_job_in_another_process_counts_its_rows(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    spec = EmbeddingSpec(
        id="e", fingerprint="f", modality="image", probe=source(image_model), cache=tmp_path,
        dataset=DatasetSource(id="d", reference=str(images)), counter=tmp_path / "rows", threads=1,
    )  # fmt: skip
    done = run_alone(spec, tell=lambda *rows: told.append(rows))
    assert done.status == "done", done.reason
    assert told == sorted(set(told)) and told[-1] == (done.metrics["samples"], 81)


def vector(name: str, *values: float, probe: str = "p", method: str = "domain") -> Embedding:
    return Embedding(name, probe, np.array(values, np.float32), method)


def test_similarities_keep_the_distance_and_its_inverse() -> None:
    new = vector("m", 0, 0, 0)
    others = [vector("a", 3, 4, 0), vector("z", 0, 0, 1), new]
    far, near = similarities(new, others)
    assert (far.dataset_a, far.dataset_b, far.original) == ("a", "m", 5.0)
    assert far.value == pytest.approx(1 / 6) and near.value == 0.5
    assert (near.dataset_a, near.dataset_b, near.measure, near.probe) == ("m", "z", "domain", "p")


def test_only_embeddings_of_one_probe_and_method_compare() -> None:
    new = vector("m", 0, 0)
    others = [
        vector("a", 1, 1, probe="q"),
        vector("b", 1, 1, method="class-aware"),
        vector("c", 1, 1, 1),
    ]
    assert similarities(new, others) == []
    with pytest.raises(ZooError, match="cosine"):
        similarities(new, others, measure="cosine")


def test_correlation_ignores_shift_and_scale() -> None:
    [same] = similarities(vector("a", 1, 2, 3), [vector("b", 10, 20, 30)], measure="correlation")
    assert same.original == pytest.approx(0, abs=1e-6) and same.value == pytest.approx(1)
    assert same.measure == "domain-correlation"
