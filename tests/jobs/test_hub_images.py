"""Image files that no decoder takes: found when a dataset is described, and named."""

from __future__ import annotations

import io
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graphdb.errors import ZooError
from zoo.hub import DatasetConfig, describe_dataset, load_dataset


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve noisy JPEGs a class."""
    rng = np.random.default_rng(0)
    for label in "ab":
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(12):
            pixels = (rng.random((80, 60, 3)) * 255).astype("uint8")
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number:02}.jpg")
    return tmp_path / "photos"


def test_words_for_splits_are_splits_and_other_names_are_not(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = load_dataset(str(photos))
    monkeypatch.setattr("zoo.hub.reading._names_splits", lambda *_: True)  # the library looks
    looked = load_dataset(str(photos))
    assert looked.classes == plain.classes
    assert [r["image"].tobytes() for r in looked.whole[0]] == [
        r["image"].tobytes() for r in plain.whole[0]
    ]
    monkeypatch.undo()
    for split, label in itertools.product(("train", "test"), "ab"):
        (photos / split / label).mkdir(parents=True)
    for file in sorted(photos.glob("[ab]/*")):
        file.rename(
            photos / ("test" if "0" in file.stem else "train") / file.parent.name / file.name
        )
    told = load_dataset(str(photos))
    assert len(told.splits["test"]) == 22 and told.classes == ("a", "b")


def test_a_few_unreadable_files_are_named(photos: Path) -> None:
    assert describe_dataset(str(photos)).dataset.samples == 24
    cut, text, empty = photos / "a/03.jpg", photos / "b/00.jpg", photos / "b/11.jpg"
    cut.write_bytes(cut.read_bytes()[:-800])  # its header is sound, its end is lacking
    text.write_text("<html>404</html>", encoding="utf-8")
    empty.write_bytes(b"")
    with pytest.raises(ZooError) as told:
        describe_dataset(str(photos))
    assert str(told.value) == (
        f"{photos}: 3 of 24 images cannot be read: a/03.jpg, b/00.jpg, b/11.jpg; "
        "replace or remove them"
    )


def test_a_file_is_read_once_to_be_checked_and_told_apart(photos: Path) -> None:
    """Counted by the audit of the interpreter, which sees each opening of a file."""
    opened: list[str] = []
    watching = True

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open" and str(arguments[0]).endswith(".jpg"):
            opened.append(str(arguments[0]))

    sys.addaudithook(audit)
    try:
        describe_dataset(str(photos))
    finally:
        watching = False  # a hook stays for the life of the interpreter
    assert len(opened) == len(set(opened)) == 24


def test_images_inside_a_table_are_checked_too(tmp_path: Path) -> None:
    from datasets import Dataset, Features, Value
    from datasets import Image as Feature

    sound = Path(tmp_path / "sound.png")
    Image.new("RGB", (8, 8)).save(sound)
    images = [{"bytes": sound.read_bytes(), "path": None} for _ in range(20)]
    images[7]["bytes"] = b"\x89PNG\r\n"
    rows = {"image": images, "label": [n % 2 for n in range(20)]}
    features = Features({"image": Feature(decode=False), "label": Value("int64")})
    Dataset.from_dict(rows, features=features).cast_column("image", Feature()).to_parquet(
        tmp_path / "images.parquet"
    )
    with pytest.raises(ZooError, match="1 of 20 images cannot be read; replace or"):
        describe_dataset(str(tmp_path / "images.parquet"))


@pytest.mark.parametrize("column", ["Image", "picture", "anything"])
def test_the_bytes_of_images_in_a_table_of_others_are_images(tmp_path: Path, column: str) -> None:
    """As pandas writes them: bare bytes under a usual name, or a record of bytes and a path."""
    import pandas as pd

    rng = np.random.default_rng(0)
    contents = []
    for _ in range(20):
        encoded = io.BytesIO()
        Image.fromarray((rng.random((9, 8, 3)) * 255).astype("uint8")).save(encoded, "PNG")
        contents.append(encoded.getvalue())
    cells = [{"bytes": one, "path": None} for one in contents] if column == "anything" else contents
    table = pd.DataFrame({column: cells, "label": [n % 2 for n in range(20)]})
    table.to_parquet(tmp_path / "images.parquet")
    loaded = load_dataset(str(tmp_path / "images.parquet"))
    assert loaded.modality == "image" and loaded.splits["train"][0]["image"].size == (8, 9)
    assert describe_dataset(str(tmp_path / "images.parquet")).dataset.samples == 20


@pytest.mark.parametrize("config", [DatasetConfig(), DatasetConfig(image="path")])
def test_names_of_images_in_a_table_are_no_texts(tmp_path: Path, config: DatasetConfig) -> None:
    rows = "\n".join(f"photos/{n}.JPG,{'ab'[n % 2]}" for n in range(20))
    (tmp_path / "names.csv").write_text(f"path,label\n{rows}\n", encoding="utf-8")
    with pytest.raises(ZooError, match=r"'path' holds .*images?.* a metadata.csv of two columns"):
        load_dataset(str(tmp_path / "names.csv"), config=config)
