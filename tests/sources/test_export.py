"""What is written is what is read; a folder is complete or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphdb.errors import ZooError
from graphdb.records import (
    METHODS,
    METRICS,
    Dataset,
    Embedding,
    FineTuning,
    History,
    Model,
    Pretraining,
    Similarity,
    Transferability,
)
from tests.sources.folders import bundle, full_history
from zoo.sources import generate_history, read_bundle, write_bundle


def assert_same(one: History, other: History) -> None:
    """Equal but for the order of rows; vectors are compared bit by bit."""
    for table in ("models", "datasets", "fine_tunings", "pretrainings", "similarities"):
        assert sorted(map(repr, getattr(one, table))) == sorted(map(repr, getattr(other, table)))
    assert set(one.transferabilities) == set(other.transferabilities)
    vectors = [
        {(e.id, e.dataset, e.probe, e.method, e.samples, e.vector.tobytes()) for e in h.embeddings}
        for h in (one, other)
    ]
    assert vectors[0] == vectors[1]


def test_every_field_survives(tmp_path: Path) -> None:
    history = full_history()
    write_bundle(history, tmp_path / "out")
    assert_same(read_bundle(tmp_path / "out"), history)


def test_generated_history_survives(tmp_path: Path) -> None:
    history = generate_history(models=20, datasets=6, seed=1, modality="text", dimension=4)
    write_bundle(history, tmp_path / "out")
    assert_same(read_bundle(tmp_path / "out"), history)


def test_empty_history_survives(tmp_path: Path) -> None:
    write_bundle(History(), tmp_path / "deep" / "out")
    assert_same(read_bundle(tmp_path / "deep" / "out"), History())


def test_only_bundle_files_are_left(tmp_path: Path) -> None:
    write_bundle(full_history(), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "datasets.csv",
        "embeddings.csv",
        "embeddings.npz",
        "fine_tunings.csv",
        "models.csv",
        "similarities.csv",
        "transferability.csv",
    ]


def test_another_bundle_is_replaced_only_when_told(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_bundle(full_history(), out)
    before = {path.name: path.stat().st_ino for path in out.iterdir()}
    write_bundle(full_history(), out)
    # The same again is left alone.
    assert {path.name: path.stat().st_ino for path in out.iterdir()} == before
    with pytest.raises(ZooError, match=r"holds another bundle.*--overwrite"):
        write_bundle(History(models=[Model("new")]), out)
    assert {path.name: path.stat().st_ino for path in out.iterdir()} == before
    write_bundle(History(models=[Model("new")]), out, overwrite=True)
    assert_same(read_bundle(tmp_path / "out"), History(models=[Model("new")]))
    assert not (tmp_path / "out" / "embeddings.npz").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_folder_with_other_files_is_not_touched(tmp_path: Path) -> None:
    bundle(tmp_path)
    (tmp_path / "thesis.tex").write_text("years of work")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ZooError, match=r"no record bundle: it holds 'thesis\.tex'"):
        write_bundle(full_history(), tmp_path, overwrite=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ZooError, match="is a file"):
        write_bundle(History(), tmp_path / "out", overwrite=True)
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        (History(models=[Model("a", name="x\0y")]), "NUL"),
        (History(models=[Model("a", name="\ud800")]), "is no text"),
        (History(models=[Model("a", name="x" * 100_001)]), r"\(100001 characters\) cannot be"),
        (History(models=[Model("a", pretrained_accuracy=float("nan"))]), "not finite"),
        (History(fine_tunings=[FineTuning("r", "a", "b", 0.5)]), "names model 'a'"),
        (History(models=[Model("a")], pretrainings=[Pretraining("a", "b")]), "names dataset 'b'"),
        (History(similarities=[Similarity("a", "b", 1)]), "names dataset 'a'"),
        (History(embeddings=[Embedding("a", "p", np.ones(1, np.float32))]), "names dataset 'a'"),
    ],
)
def test_what_cannot_be_read_back_is_not_written(
    tmp_path: Path, history: History, reason: str
) -> None:
    write_bundle(full_history(), tmp_path / "out")
    with pytest.raises(ZooError, match=reason):
        write_bundle(history, tmp_path / "out", overwrite=True)
    assert_same(read_bundle(tmp_path / "out"), full_history())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_full_disk_leaves_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bundle(full_history(), tmp_path / "out")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zoo.sources.export.write_vectors", full)
    with pytest.raises(ZooError, match="No space left on device"):
        write_bundle(full_history(), tmp_path / "out", overwrite=True)
    assert_same(read_bundle(tmp_path / "out"), full_history())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_failed_swap_puts_the_old_bundle_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(full_history(), tmp_path / "out")
    rename = Path.rename

    def fails(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(ZooError, match="Input/output error"):
        write_bundle(History(), tmp_path / "out", overwrite=True)
    assert_same(read_bundle(tmp_path / "out"), full_history())


#: Any text a bundle can hold: no NUL, no lone surrogates, not empty (that is an unknown value).
TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)
COUNT = st.none() | st.integers(0, 2**63 - 1)
AMOUNT = st.none() | st.floats(0, allow_infinity=False, allow_nan=False)
FINITE = st.floats(allow_infinity=False, allow_nan=False)
WORDS = st.none() | TEXT
FRACTION = st.none() | st.floats(0, 1)


@st.composite
def histories(draw: st.DrawFn) -> History:
    models = draw(st.lists(TEXT, unique=True, min_size=1, max_size=4))
    datasets = draw(st.lists(TEXT, unique=True, min_size=2, max_size=4))
    model, dataset = st.sampled_from(models), st.sampled_from(datasets)
    pairs = st.lists(dataset, min_size=2, max_size=2, unique=True).map(sorted)

    def value(metric: str) -> st.SearchStrategy[float]:
        low, high = METRICS[metric]
        return st.floats(low, min(high, 1e308))

    def rows(kind: st.SearchStrategy, key: object) -> list:
        return draw(st.lists(kind, max_size=4, unique_by=key))

    metrics = st.sampled_from(sorted(METRICS))
    return History(
        models=[
            draw(
                st.builds(Model, st.just(name), *[WORDS] * 5, *[COUNT] * 3, *[WORDS] * 3, FRACTION)
            )
            for name in models
        ],
        datasets=[
            draw(st.builds(Dataset, st.just(name), *[WORDS] * 3, *[COUNT] * 2, *[WORDS] * 3))
            for name in datasets
        ],
        fine_tunings=rows(
            metrics.flatmap(
                lambda metric: st.builds(
                    FineTuning,
                    TEXT,
                    model,
                    dataset,
                    value(metric),
                    st.just(metric),
                    st.sampled_from(METHODS),
                    AMOUNT,
                    AMOUNT,
                    st.none() | st.integers(1, 2**63 - 1),
                    st.none() | st.integers(-(2**63) + 1, 2**63 - 1),
                    AMOUNT,
                    WORDS,
                )
            ),
            lambda row: row.id,
        ),
        pretrainings=rows(
            st.builds(Pretraining, model, dataset, FRACTION), lambda row: (row.model, row.dataset)
        ),
        similarities=rows(
            pairs.flatmap(
                lambda ends: st.builds(
                    Similarity, *map(st.just, ends), FINITE, TEXT, TEXT, st.none() | FINITE
                )
            ),
            lambda row: (row.dataset_a, row.dataset_b, row.measure, row.probe),
        ),
        transferabilities=rows(
            st.builds(Transferability, model, dataset, TEXT, FINITE, AMOUNT),
            lambda row: (row.model, row.dataset, row.method),
        ),
        embeddings=rows(
            st.builds(
                lambda dataset, probe, values, samples: Embedding(
                    dataset, probe, np.array(values, np.float32), samples=samples
                ),
                dataset,
                TEXT,
                st.lists(
                    st.floats(width=32, allow_nan=False, allow_infinity=False),
                    min_size=1,
                    max_size=5,
                ),
                COUNT,
            ),
            lambda row: row.id,
        ),
    )


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=histories())
def test_any_history_survives(tmp_path_factory: pytest.TempPathFactory, history: History) -> None:
    folder = tmp_path_factory.mktemp("bundle") / "out"
    write_bundle(history, folder)
    assert_same(read_bundle(folder), history)
