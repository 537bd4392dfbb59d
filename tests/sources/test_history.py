"""Which layout a path has, and what is said where it has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphdb.errors import ZooError
from tests.sources.folders import bundle, write
from zoo.sources import BundleError, read_history

RECORDS = {
    "image": ",model,finetuned_dataset,train_slice,eval_accuracy\n0,m,pets,:0.7,0.9\n",
    "text": ",model,finetuned_dataset,eval_accuracy,peft_method\n0,m,irony,0.9,\n",
}


def test_bundle(tmp_path: Path) -> None:
    reading = read_history(bundle(tmp_path))
    assert (reading.kind, len(reading.history.fine_tunings)) == ("bundle", 2)
    assert reading.refused == reading.notes == ()


def test_misspelt_file_beside_a_bundle_is_told(tmp_path: Path) -> None:
    write(bundle(tmp_path), {"similarity.csv": "a,b\n", "README.md": "words"})
    assert read_history(tmp_path).notes == (
        "similarity.csv was not read: no file of a bundle has this name",
    )


def test_part_of_a_bundle_is_a_bundle_with_files_missing(tmp_path: Path) -> None:
    write(tmp_path, {"fine_tunings.csv": "model,dataset,value\n"})
    with pytest.raises(BundleError, match=r"models\.csv:1: is missing"):
        read_history(tmp_path)


@pytest.mark.parametrize("modality", ["image", "text"])
def test_copy_of_a_folder_is_known_by_its_columns(tmp_path: Path, modality: str) -> None:
    reading = read_history(write(tmp_path / "copy", {"records.csv": RECORDS[modality]}))
    assert reading.kind == "transfergraph"
    assert {dataset.modality for dataset in reading.history.datasets} == {modality}


def test_parent_with_one_modality(tmp_path: Path) -> None:
    write(tmp_path / "image_classification", {"records.csv": RECORDS["image"]})
    assert len(read_history(tmp_path).history.fine_tunings) == 1


def test_relative_path_of_a_modality(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "sequence_classification", {"records.csv": RECORDS["text"]})
    monkeypatch.chdir(folder)
    (dataset,) = read_history(Path()).history.datasets
    assert dataset.modality == "text"


def test_neither_says_what_was_looked_for_and_found(tmp_path: Path) -> None:
    write(tmp_path, {"notes.txt": "x", "data.csv": "x"})
    with pytest.raises(ZooError) as caught:
        read_history(tmp_path)
    message = str(caught.value)
    for word in ("models.csv", "datasets.csv", "image_classification", "'data.csv', 'notes.txt'"):
        assert word in message


def test_empty_folder_file_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match="found nothing"):
        read_history(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ZooError, match=r"is a file\. A history is a folder, with .*models\.csv"):
        read_history(tmp_path / "file")
    with pytest.raises(ZooError, match="does not exist"):
        read_history(tmp_path / "nothing")


def test_progress_names_files_and_ends(tmp_path: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    read_history(bundle(tmp_path), progress=lambda *step: calls.append(step))
    assert [name for name, _, _ in calls] == ["datasets.csv", "models.csv", "fine_tunings.csv"]
    assert all(done < total for _, done, total in calls)
    calls.clear()
    folder = write(tmp_path / "image_classification", {"records.csv": RECORDS["image"]})
    read_history(folder, progress=lambda *step: calls.append(step))
    assert len(calls) == 5


def test_a_column_of_one_value_in_a_bundle_is_told_and_left(tmp_path: Path) -> None:
    models = [f"m{n}" for n in range(12)]
    rows = [f"{model},{data},{n % 7 / 10 if data == 'dtd' else 0.1}"
            for n, model in enumerate(models) for data in ("my pets", "aside", "dtd")]  # fmt: skip
    folder = bundle(
        tmp_path,
        models="\n".join(["id", *models, ""]),
        datasets="id,quarantined\nmy pets,\naside,broken\ndtd,\n",
        fine_tunings="\n".join(["model,dataset,accuracy", *rows, ""]),
    )
    reading = read_history(folder)
    [note] = reading.notes
    assert note.startswith("my pets: 12 of its 12 records have the accuracy 0.1. If that")
    assert note.endswith("zoo quarantine 'my pets' --reason ...")
    assert [dataset.quarantined for dataset in reading.history.datasets] == [None, "broken", None]
