"""Datasets from files, folders and raw layouts: columns, classes, split, cap and fingerprint."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphdb.errors import ZooError
from zoo.hub import DatasetConfig, describe_dataset, load_dataset, read_configs
from zoo.hub.failures import reason_of
from zoo.hub.splits import cut, sample

TEXTS = Path(
    os.environ.get("TEXT_DATASETS", Path(__file__).parents[2] / "../shared/data/text-datasets")
)


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Arrow files of a test run stay out of the user's cache."""
    import datasets

    datasets.config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("cache")


def write_csv(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_an_image_folder_gives_classes_samples_and_an_id(images: Path) -> None:
    found = describe_dataset(str(images)).dataset
    assert (found.modality, found.classes, found.samples) == ("image", 3, 120)
    assert found.fingerprint and found.id == f"local/shades-{found.fingerprint[:8]}"
    assert describe_dataset(str(images), name="mine").dataset.id == "mine"


def test_the_split_is_stratified_disjoint_and_the_same_again(images: Path) -> None:
    first, second = load_dataset(str(images)), load_dataset(str(images))
    assert first.classes == ("bright", "dark", "grey")
    for split in ("train", "validation", "test"):
        assert list(first.labels(split)) == list(second.labels(split))
        assert set(np.bincount(first.labels(split))) == {len(first.labels(split)) // 3}
    assert sum(len(rows) for rows in first.splits.values()) == 120


def test_a_cap_keeps_every_class_and_leaves_the_fingerprint(texts: Path) -> None:
    capped = load_dataset(str(texts), max_samples=40)
    assert sum(len(rows) for rows in capped.splits.values()) == pytest.approx(40, abs=3)
    assert {len(set(capped.labels(split))) for split in capped.splits} == {2}
    whole = describe_dataset(str(texts)).dataset
    assert describe_dataset(str(texts), max_samples=40).dataset == whole


def test_the_fingerprint_knows_content_not_order_or_place(tmp_path: Path) -> None:
    rows = [f"text {n},{'ab'[n % 2]}" for n in range(40)]
    one = describe_dataset(str(write_csv(tmp_path / "one.csv", "text,label", rows))).dataset
    two = describe_dataset(str(write_csv(tmp_path / "two.csv", "text,label", rows[::-1]))).dataset
    changed = [*rows[:-1], "another text,b"]
    three = describe_dataset(str(write_csv(tmp_path / "x.csv", "text,label", changed))).dataset
    assert one.fingerprint == two.fingerprint != three.fingerprint


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet"])
def test_every_kind_of_table_is_read_alike(tmp_path: Path, suffix: str) -> None:
    import pandas as pd

    frame = pd.DataFrame({"review": [f"text {n}" for n in range(30)], "stars": [1, 2, 10] * 10})
    path = tmp_path / f"reviews.{suffix}"
    if suffix in ("csv", "tsv"):
        frame.to_csv(path, index=False, sep="\t" if suffix == "tsv" else ",")
    elif suffix == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    loaded = load_dataset(str(path), config=DatasetConfig(label="stars"))
    assert loaded.classes == ("1", "2", "10"), "numbers are ordered by value"
    assert loaded.splits["train"][0]["text"].startswith("text ")


def test_a_folder_with_splits_keeps_them(tmp_path: Path) -> None:
    for split, count in (("train", 20), ("validation", 6), ("test", 8)):
        rows = [f"{split} {n},{'ab'[n % 2]}" for n in range(count)]
        write_csv(tmp_path / f"{split}.csv", "text,label", rows)
    loaded = load_dataset(str(tmp_path))
    assert {split: len(rows) for split, rows in loaded.splits.items()} == {
        "train": 20,
        "validation": 6,
        "test": 8,
    }
    assert all(text.startswith("test") for text in loaded.splits["test"]["text"])


def test_a_column_of_splits_is_kept_to_and_any_other_is_none(tmp_path: Path) -> None:
    words = ["train", "Train ", "dev", "test"]
    rows = [f"text {n},{'ab'[n // 4 % 2]},{words[n % 4]}" for n in range(40)]
    loaded = load_dataset(str(write_csv(tmp_path / "s.csv", "text,label,Split", rows)))
    found = {name: set(part["text"]) for name, part in loaded.splits.items()}
    assert found["validation"] == {f"text {n}" for n in range(2, 40, 4)}
    assert found["test"] == {f"text {n}" for n in range(3, 40, 4)}
    rows = [row.replace("dev", "fold 3") for row in rows]
    loaded = load_dataset(str(write_csv(tmp_path / "o.csv", "text,label,split", rows)))
    assert len(loaded.splits["test"]) == 8, "a fifth, cut anew"


def test_premise_and_hypothesis_are_found_and_both_count(tmp_path: Path) -> None:
    rows = [f"it rains {n},it is wet {n},{'ab'[n % 2]}" for n in range(20)]
    path = write_csv(tmp_path / "nli.csv", "premise,hypothesis,label", rows)
    loaded = load_dataset(str(path))
    assert loaded.splits["train"][0]["text_pair"].startswith("it is wet")
    other = write_csv(
        tmp_path / "b.csv", "premise,hypothesis,label", [r.replace("wet", "dry") for r in rows]
    )
    assert describe_dataset(str(path)).dataset.fingerprint != (
        describe_dataset(str(other)).dataset.fingerprint
    )


def test_hidden_test_labels_leave_the_validation_as_test(tmp_path: Path) -> None:
    for split, label in (("train", None), ("validation", None), ("test", -1)):
        rows = [json.dumps({"text": f"{split} {n}", "label": n % 2 if label is None else label})
                for n in range(20)]  # fmt: skip
        (tmp_path / f"{split}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    loaded = load_dataset(str(tmp_path))
    assert all(text.startswith("validation") for text in loaded.splits["test"]["text"])
    assert loaded.classes == ("0", "1")


@pytest.mark.parametrize(
    ("header", "row", "config", "reason"),
    [
        ("text,label", "hello {n},same", DatasetConfig(), "1 class"),
        ("text,mood", "hello {n},a", DatasetConfig(), "no label column; it has text, mood"),
        ("text,label", "hello {n},a", DatasetConfig(label="y"), "no column 'y'"),
        ("text,label", "hello {n},{n}", DatasetConfig(), "40 values in 40 rows"),
        ("n,label", "{n},a{odd}", DatasetConfig(), "no image and no text column"),
        ("text,label", "hello {n},{odd}.5", DatasetConfig(), "numbers like 0.5, a regression"),
    ],
)
def test_a_dataset_that_cannot_be_learnt_says_why(
    tmp_path: Path, header: str, row: str, config: DatasetConfig, reason: str
) -> None:
    rows = [row.format(n=n, odd=n % 2) for n in range(40)]
    path = write_csv(tmp_path / "data.csv", header, rows)
    with pytest.raises(ZooError, match=reason):
        load_dataset(str(path), config=config)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.csv", b"", "No columns to parse|EmptyDataError|no rows"),
        ("header.csv", b"text,label\n", "holds no rows"),
        ("latin.csv", b"text,label\n" + b"caf\xe9,a\nth\xe9,b\n" * 9, "no UTF-8 text, save it"),
        ("ragged.csv", b"text,label\na,b\nc,d,e,f\n", "Expected 2 fields in line 3"),
        ("torn.json", b'{"text": "a", "label":', "(?i)json"),
        ("list.jsonl", b'{"text": "a", "label": ["b", "c"]}\n' * 9, "one label a row is needed"),
        ("torn.parquet", b"PAR1nothing", "(?i)parquet"),
    ],
)
def test_a_broken_table_says_what_is_broken(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ZooError, match=reason) as told:
        load_dataset(str(tmp_path / name))
    assert "An error occurred" not in str(told.value)


@pytest.mark.parametrize(
    "named", ["../secret.csv", "{folder}/../secret.csv", "sub/../../secret.csv"]
)
def test_a_readme_leads_out_of_no_folder(tmp_path: Path, named: str) -> None:
    """Whoever describes a stranger's folder would describe another one."""
    rows = "text,label\n" + "".join(f"secret {n},{'ab'[n % 2]}\n" for n in range(40))
    (tmp_path / "secret.csv").write_text(rows, encoding="utf-8")
    folder = tmp_path / "given"
    (folder / "sub").mkdir(parents=True)
    (folder / "own.csv").write_text(rows.replace("secret", "own"), encoding="utf-8")
    readme = "---\nhere: &here {0}\nconfigs:\n- config_name: default\n  data_files: {1}\n---\n"
    files = "own.csv", named.format(folder=folder)
    (folder / "README.md").write_text(readme.format(files[1], files[0]), encoding="utf-8")
    assert load_dataset(str(folder)).splits["train"]["text"][0].startswith("own")
    for name in (files[1], "*here"):
        (folder / "README.md").write_text(readme.format(files[1], name), encoding="utf-8")
        with pytest.raises(ZooError, match="which is not in it") as told:
            load_dataset(str(folder))
        assert "\n" not in str(told.value)


def test_a_folder_of_code_is_refused_and_nothing_runs(tmp_path: Path) -> None:
    folder = tmp_path / "coded"
    folder.mkdir()
    (folder / "own.csv").write_text("text,label\na,x\nb,y\n", encoding="utf-8")
    ran = tmp_path / "ran"
    (folder / "coded.py").write_text(f"open({str(ran)!r}, 'w')\n", encoding="utf-8")
    with pytest.raises(ZooError, match="loading script, which is never run"):
        load_dataset(str(folder))
    assert not ran.exists()


def test_a_test_without_labels_beside_its_training_rows_is_named() -> None:
    """Of json and parquet the library fills what lacks, of csv it does not, and says so at length;
    asked to, it leaves the file open."""
    from datasets.exceptions import DatasetGenerationCastError
    from datasets.table import CastError
    from datasets.utils.track import tracked_str

    table = CastError(
        "differs", table_column_names=["id", "text"], requested_column_names=["text", "label"]
    )
    told = DatasetGenerationCastError.from_cast_error(
        cast_error=table,
        builder_name="csv",
        gen_kwargs={"file": tracked_str("/a/test.csv")},
        token=None,
    )
    assert reason_of(told) == (
        "its files differ in their columns: test.csv has 1 new columns ({'id'}) and 1 missing "
        "columns ({'label'}); give one of them alone"
    )


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_a_split_without_labels_is_left_out(tmp_path: Path, kind: str) -> None:
    import pandas as pd

    rows = pd.DataFrame({"text": [f"text {n}" for n in range(40)], "label": ["a", "b"] * 20})
    options = {"orient": "records"} if kind == "json" else {"index": False}

    def write(name: str, table: pd.DataFrame) -> None:
        getattr(table, f"to_{kind}")(tmp_path / f"{name}.{kind}", **options)

    write("train", rows)
    for hidden in (rows[["text"]], rows.assign(label=None)):
        write("test", hidden)
        assert load_dataset(str(tmp_path)).samples == 40
    if kind == "csv":
        return  # its reader leaves a file open that it refuses; what it says, see above
    write("test", rows[["text"]].assign(number=rows.index))
    with pytest.raises(ZooError, match=r"differ in their columns: one has 1 new .*'number'"):
        load_dataset(str(tmp_path))


def test_numbers_named_as_text_are_read_as_their_digits(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "n.csv", "code,label", [f"{n},{'ab'[n % 2]}" for n in range(30)])
    config = DatasetConfig(text="code")
    assert load_dataset(str(path), config=config).splits["train"][0]["text"].isdigit()
    assert describe_dataset(str(path), config=config).dataset.fingerprint


def test_a_class_of_a_single_sample_is_no_reason_to_fail(tmp_path: Path) -> None:
    rows = [f"text {n},{'ab'[n % 2]}" for n in range(30)]
    path = write_csv(tmp_path / "s.csv", "text,label", [*rows, "alone,c"])
    loaded = load_dataset(str(path))
    assert loaded.classes == ("a", "b", "c")
    assert sum(map(len, loaded.splits.values())) == 31


def test_what_is_no_dataset_says_so(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match="no such file or folder"):
        load_dataset(str(tmp_path / "a/b/c/d"))
    with pytest.raises(ZooError, match=r"^\.\./nowhere: no such file or folder"):
        load_dataset("../nowhere")
    with pytest.raises(ZooError, match="no images, csv"):
        load_dataset(str(tmp_path))
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(ZooError, match="ends with one of"):
        load_dataset(str(tmp_path / "notes.txt"))
    (tmp_path / "empty.json").touch()
    with pytest.raises(ZooError, match=r"empty\.json: it holds no rows"):
        load_dataset(str(tmp_path / "empty.json"))


@pytest.mark.parametrize("name", ["cut.json", "cut.parquet"])
def test_what_cannot_be_read_is_told_by_us_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (tmp_path / name).write_text('{"text": "a", "label": "x"}\n{"text": "b', encoding="utf-8")
    with pytest.raises(ZooError, match=r"JSON parse error|Parquet magic bytes"):
        load_dataset(str(tmp_path / name))
    assert not caplog.records


def test_what_a_spreadsheet_of_another_language_writes_is_said_to_be_so(tmp_path: Path) -> None:
    rows = ["Good, nice;pos", "Bad, very, very;neg"]
    (tmp_path / "s").mkdir()
    semicolons = write_csv(tmp_path / "s" / "s.csv", "Review;Sentiment", rows)
    for place in (semicolons, semicolons.parent):
        with pytest.raises(
            ZooError, match=r"s\.csv: its columns look separated by semicolons; save"
        ):
            load_dataset(str(place))
    tabs = write_csv(
        tmp_path / "t.csv", "text\tlabel", [f"a {n}\t{'ab'[n % 2]}" for n in range(30)]
    )
    with pytest.raises(ZooError, match=r"separated by tabs; call it \.tsv$"):
        load_dataset(str(tabs))
    assert load_dataset(str(tabs.rename(tmp_path / "t.tsv"))).samples == 30


def test_configurations_of_a_user_win_and_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('["glue/cola"]\ntext = "phrase"\n', encoding="utf-8")
    assert read_configs(path)["glue/cola"].text == "phrase"
    assert read_configs(path)["glue/mnli"].text_pair == "hypothesis"
    path.write_text('[x]\ntxet = "phrase"\n', encoding="utf-8")
    with pytest.raises(ZooError, match=r"x?\.?txet"):
        read_configs(path)
    path.write_text("[x\n", encoding="utf-8")
    with pytest.raises(ZooError, match="no TOML"):
        read_configs(path)
    path.write_bytes(b"\xff\xfe[x]")
    with pytest.raises(ZooError, match="no TOML"):
        read_configs(path)
    with pytest.raises(ZooError, match="No dataset configuration"):
        read_configs(tmp_path / "absent.toml")


RAW = {
    "ag_news": (4, 7600),
    "glue_cola": (2, 9594),
    "rotten_tomatoes": (2, 10662),
    "trec": (6, 5952),
    "tweet_eval_emotion": (4, 5052),
    "tweet_eval_irony": (2, 4601),
    "tweet_eval_sentiment": (3, 14284),
}


@pytest.mark.parametrize("name", RAW)
def test_published_layouts_are_read_by_their_configuration(name: str) -> None:
    if not (TEXTS / name).is_dir():
        pytest.skip(f"no {TEXTS / name}: set TEXT_DATASETS to the folder of the raw text datasets")
    found = describe_dataset(str(TEXTS / name)).dataset
    assert (found.classes, found.samples) == RAW[name]


def test_a_folder_of_that_name_but_another_layout_is_guessed_anew(
    images: Path, tmp_path: Path
) -> None:
    shutil.copytree(images, tmp_path / "trec")
    assert describe_dataset(str(tmp_path / "trec")).dataset.modality == "image"


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=80),
    st.floats(0.05, 0.95),
    st.integers(0, 9),
)
def test_a_cut_loses_nothing_and_splits_every_class(
    labels: list[int], share: float, seed: int
) -> None:
    array = np.asarray(labels, dtype=np.int64)
    rest, taken = cut(array, share=share, seed=seed)
    assert sorted([*rest, *taken]) == list(range(len(labels)))
    for label, count in zip(*np.unique(array, return_counts=True), strict=True):
        if count > 1:
            assert label in array[rest] and label in array[taken]
    assert list(sample(array, share=1.0, seed=seed)) == list(range(len(labels)))


def test_columns_in_capitals_are_found(tmp_path: Path) -> None:
    """As spreadsheets write them; several columns of text, of which the usual name is taken."""
    table = write_csv(
        tmp_path / "t.csv", "Nr,Remark of the reviewer,Review,Sentiment",
        [f"{n},a longer remark than the text,good {n},{'ab'[n % 2]}" for n in range(12)],
    )  # fmt: skip
    loaded = load_dataset(str(table))
    assert loaded.classes == ("a", "b") and loaded.splits["train"]["text"][0].startswith("good")
