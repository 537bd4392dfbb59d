"""Files from strangers: bombs, lies and noise end in one refusal and cost no memory."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphdb.errors import ZooError
from tests.sources.folders import TABLES, bundle, write
from zoo.sources import BundleError, read_bundle, read_history

EMBEDDED = "dataset,probe,array\npets,vit,a\n"
MEBI = 1 << 20


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_bundle(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("model,dataset,value\n" + "\n" * (6 * MEBI), "more than 4,194,304 bytes"),
        ("model,dataset,value\n" + "x" * (5 * MEBI), "a line holds more than 4,194,304 bytes"),
        ("model,dataset,value\n" + "," * (3 * MEBI) + "\n", f"has {3 * MEBI + 1} cells"),
        ('model,dataset,value\n"' + "\n" * (2 * MEBI), "field larger than field limit"),
        ("x" * (2 * MEBI), "field larger than field limit"),
    ],
)
def test_gzip_bomb_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, reason: str
) -> None:
    if "4,194,304" in reason and "line" not in reason:
        monkeypatch.setattr("zoo.sources.tables.MAX_BYTES", 4 * MEBI)
    folder = write(bundle(tmp_path), {"fine_tunings.csv.gz": content})
    (folder / "fine_tunings.csv").unlink()
    assert reason in refusal(folder)


#: Reads the bundle of its argument and says what it raised and how many kB it took at most. Not
#: ru_maxrss: a process inherits that of the large one that started it.
READS = """
import sys, pathlib, tracemalloc
from zoo.sources import read_bundle
tracemalloc.start()
try:
    read_bundle(pathlib.Path(sys.argv[1]))
except Exception as error:
    print(type(error).__name__, tracemalloc.get_traced_memory()[1] // 1024)
"""


def test_memory_stays_bounded_while_a_bomb_is_refused(tmp_path: Path) -> None:
    """64 rows of a million cells, 64 MB packed into 64 kB."""
    folder = bundle(tmp_path)
    (folder / "models.csv").unlink()
    write(folder, {"models.csv.gz": "id\nvit\nswin\n" + ("," * MEBI + "\n") * 64})
    command = [sys.executable, "-c", READS, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    error, grown = done.stdout.split()
    assert error == "BundleError"
    assert int(grown) < 150_000  # all rows at once would be 540,000


@pytest.mark.parametrize("cut", [5, 12, 30])
def test_damaged_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    folder = write(bundle(tmp_path), {"similarities.csv.gz": "dataset_a,dataset_b,value\n"})
    packed = (folder / "similarities.csv.gz").read_bytes()
    (folder / "similarities.csv.gz").write_bytes(packed[:cut])
    assert "similarities.csv.gz:1: cannot be read from here on" in refusal(folder)


def test_text_called_gzip_is_refused(tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    (folder / "similarities.csv.gz").write_text("dataset_a,dataset_b,value\n")
    assert "Not a gzipped file" in refusal(folder)


def npz(folder: Path, member: bytes, *, name: str = "a.npy") -> Path:
    """A bundle whose archive holds one member of these bytes."""
    bundle(folder, embeddings=EMBEDDED)
    with zipfile.ZipFile(folder / "embeddings.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, member)
    return folder


def npy(header: str, data: bytes = b"") -> bytes:
    """A version 1 npy file with any header."""
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000,), }"), "another size"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (10**12,), }"), "cannot be read"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }"), "its shape"),
        (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", b"1234"), "its shape"),
        (
            npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"."),
            "its dtype is object",
        ),
        (npy("{'descr': 'f4,f4', 'fortran_order': False, 'shape': (1,), }"), "its dtype is"),
        (npy("(" * 100), "cannot be read"),
        (npy("__import__('os').abort()"), "cannot be read"),
        (b"", "cannot be read"),
        (b"\x93NUMPY\x09\x00", "npy version (9, 0) is not supported"),
        (b"no array at all", "cannot be read"),
    ],
)
def test_lying_array_is_refused(tmp_path: Path, member: bytes, reason: str) -> None:
    assert reason in refusal(npz(tmp_path, member))


def test_pickle_is_never_opened(tmp_path: Path) -> None:
    """An object array whose unpickling would raise: it does not even get there."""
    stored = io.BytesIO()
    np.lib.format.write_array(stored, np.array([print], dtype=object), allow_pickle=True)
    assert "its dtype is object" in refusal(npz(tmp_path, stored.getvalue()))


def test_array_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zoo.sources.arrays.MAX_BYTES", MEBI)
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (524288,), }"
    folder = npz(tmp_path, npy(header, bytes(2 * MEBI)))
    assert "the arrays hold more than 1,048,576 bytes" in refusal(folder)


def test_a_header_without_end_is_not_read(tmp_path: Path) -> None:
    """Some 200 kB that would be 200 MB in memory before numpy says that a header is too long."""
    header = b"\x93NUMPY\x02\x00" + (200 * MEBI).to_bytes(4, "little") + b" " * (200 * MEBI)
    folder = npz(tmp_path, header)
    command = [sys.executable, "-c", READS, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    error, grown = done.stdout.split()
    assert error == "BundleError" and int(grown) < 100_000


def test_archive_that_is_none(tmp_path: Path) -> None:
    folder = write(bundle(tmp_path, embeddings=EMBEDDED), {"embeddings.npz": "nothing"})
    assert "embeddings.npz:1: is no npz archive" in refusal(folder)


def test_array_name_is_no_path(tmp_path: Path) -> None:
    secret = np.ones(2, np.float32)
    np.save(tmp_path / "secret.npy", secret)
    folder = npz(tmp_path / "bundle", b"", name="b.npy")
    (folder / "embeddings.csv").write_text("dataset,probe,array\npets,vit,../secret\n")
    assert "array '../secret' is no array of the npz file" in refusal(folder)


def test_device_is_no_file(tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    (folder / "similarities.csv").symlink_to("/dev/zero")
    with pytest.raises(ZooError, match=r"similarities\.csv is not a file"):
        read_bundle(folder)


@pytest.mark.parametrize(
    "name",
    [
        "'); DROP",
        "`) DETACH DELETE n //",
        '"quoted"',
        "new\nline\r\n\rs",
        "=1+1",
        "\u202eRTL",
        "🦊\U0010ffff",
        "$param {id: 1}",
        "x" * 1000,
    ],
)
def test_hostile_ids_are_data(tmp_path: Path, name: str) -> None:
    cell = '"' + name.replace('"', '""') + '"'
    folder = bundle(
        tmp_path,
        models=f"id\n{cell}\n",
        datasets=f"id,name\n{cell},{cell}\n",
        fine_tunings=f"model,dataset,value\n{cell},{cell},.5\n",
    )
    history = read_bundle(folder)
    assert [model.id for model in history.models] == [name]
    assert [dataset.name for dataset in history.datasets] == [name]
    assert [(record.model, record.dataset) for record in history.fine_tunings] == [(name, name)]


def test_problem_is_quoted_on_one_short_line(tmp_path: Path) -> None:
    long = "\x1b[31m\n" + "x" * 50_000
    message = refusal(bundle(tmp_path, fine_tunings=f'model,dataset,value\nvit,pets,"{long}"\n'))
    assert message.isprintable() and len(message) < 1_000


#: Bytes that look enough like a table to reach the checks.
SOUP = st.lists(
    st.sampled_from(
        [
            *["id", "model", "dataset", "value", "accuracy", "classes", "pretrained_on", "array"],
            *[
                "vit",
                "pets",
                "0.5",
                "-1",
                "nan",
                "1e999",
                "9" * 30,
                "9" * 400,
                "",
                " ",
                "full",
                "mse",
            ],
            *[",", ",", "\n", "\n", "\r\n", "\r", '"', "\0", "\ufeff", "é", "\u2028", "\x1c"],
        ]
    ),
    max_size=40,
).map(lambda parts: "".join(parts).encode()) | st.binary(max_size=60)
FUZZED = ["models", "datasets", "fine_tunings", "similarities", "transferability", "embeddings"]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=st.sampled_from(FUZZED), content=SOUP, headed=st.booleans(), zipped=SOUP)
def test_fuzzed_bundle_raises_nothing_but_zoo_errors(
    tmp_path_factory: pytest.TempPathFactory,
    table: str,
    content: bytes,
    headed: bool,
    zipped: bytes,
) -> None:
    heads = {
        **{name.removesuffix(".csv"): text.partition("\n")[0] for name, text in TABLES.items()},
        "similarities": "dataset_a,dataset_b,value,probe",
        "transferability": "model,dataset,method,score",
        "embeddings": "dataset,probe,array",
    }
    head = f"{heads[table]}\n".encode() if headed else b""
    folder = bundle(tmp_path_factory.mktemp("fuzz"), **{table: head + content})
    (folder / "embeddings.npz").write_bytes(zipped)
    try:
        read_bundle(folder)
    except ZooError as error:
        assert str(error).isprintable()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(
        [
            "records.csv",
            "model_config_dataset.csv",
            "target_dataset_features.csv",
            "transferability_score_records.csv",
            "corr_domain_similarity_p.csv",
        ]
    ),
    content=SOUP,
    headed=st.booleans(),
)
def test_fuzzed_transfergraph_raises_nothing_but_zoo_errors(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes, headed: bool
) -> None:
    head = (
        b"model,finetuned_dataset,eval_accuracy,"
        b"target_dataset,metric,score,finetune_dataset,dataset\n"
    )
    folder = tmp_path_factory.mktemp("fuzz")
    write(folder / "image_classification", {name: (head if headed else b"") + content})
    try:
        read_history(folder)
    except ZooError as error:
        assert str(error).isprintable()
