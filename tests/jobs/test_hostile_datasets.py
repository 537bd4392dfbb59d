"""Dataset folders from strangers: files that unpack to far more than they are, or are none."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from graphdb.errors import ZooError
from tests.jobs.conftest import make_images
from zoo.hub import load_dataset

#: Reads folders in a process that reads nothing else. VmHWM is the peak of this process alone.
SCRIPT = """
import json, pathlib, re, resource, sys, datasets
from graphdb.errors import ZooError
from zoo.hub import load_dataset
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
load_dataset(sys.argv[1])
before, reasons = peak(), {}
for folder in sys.argv[2:]:
    try:
        load_dataset(folder)
    except ZooError as error:
        reasons[folder] = str(error)
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({"reasons": reasons, "grown": peak() - before, "child": child}))
"""
SMALL = "text,label\n" + "".join(f"text {n},{'ab'[n % 2]}\n" for n in range(40))
#: 10 MB of rows; packed and repeated 30 times they are a stream of 300 MB all the same.
ROWS = (b"x" * 998 + b",a\n") * 10_000
TIMES = 30


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Arrow files of a test run stay out of the user's cache."""
    import datasets

    datasets.config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("cache")


def _write(folder: Path, columns: dict[str, object], **options: object) -> None:
    parquet.write_table(pa.table(columns), folder / "bomb.parquet", **options)


def _repeated(folder: Path) -> None:
    """One text of 300 kB in 1,000 rows, kept once."""
    letters = np.random.default_rng(0).integers(97, 123, size=300_000)
    text = bytes(letters.tolist()).decode()
    texts = pa.DictionaryArray.from_arrays(np.zeros(1_000, "int32"), [text])
    _write(folder, {"text": texts, "label": ["a", "b"] * 500}, store_schema=False)


def _monotonous(folder: Path) -> None:
    """A page of zeros, packed."""
    options = {"compression": "zstd", "use_dictionary": False, "data_page_size": 1 << 30}
    _write(folder, {"label": pa.array(np.zeros(40_000_000, "int64"))}, **options)


def _lying(folder: Path) -> None:
    """The same; its footer says that it holds one byte."""
    _monotonous(folder)
    file = folder / "bomb.parquet"
    size = parquet.read_metadata(file).row_group(0).total_byte_size
    content, said = file.read_bytes(), _varint(2 * size)
    one = bytes([2 | 0x80, *[0x80] * (len(said) - 2), 0])
    file.write_bytes(content.replace(said, one))
    assert parquet.read_metadata(file).row_group(0).total_byte_size == 1


def _varint(number: int) -> bytes:
    found = []
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _packed(suffix: str, pack: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "small.csv").write_text(SMALL, encoding="utf-8")
        (folder / f"bomb.csv{suffix}").write_bytes(pack(ROWS) * TIMES)

    return write


def _zipped(folder: Path) -> None:
    (folder / "small.csv").write_text(SMALL, encoding="utf-8")
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("rows.csv", "w") as file,
    ):
        for _ in range(TIMES):
            file.write(ROWS)


def _twice(folder: Path) -> None:
    """A gzip in a zip: each alone is small."""
    (folder / "small.csv").write_text(SMALL, encoding="utf-8")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv.gz", gzip.compress(ROWS) * TIMES)


def _inside_out(folder: Path) -> None:
    """A zip in a gzip."""
    _zipped(folder)
    content = (folder / "bomb.zip").read_bytes()
    (folder / "bomb.zip").unlink()
    (folder / "bomb.csv.zip.gz").write_bytes(gzip.compress(content))


def _arrow(folder: Path) -> None:
    (folder / "small.csv").write_text(SMALL, encoding="utf-8")
    table = pa.table({"label": pa.array(np.zeros(75_000_000, "int64"))})
    for name in ("bomb", "other"):
        with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink:
            options = pa.ipc.IpcWriteOptions(compression="zstd")
            with pa.ipc.new_file(sink, table.schema, options=options) as writer:
                writer.write_table(table)


def _sparse(folder: Path) -> None:
    """A tar whose member is stored in no bytes."""
    (folder / "small.csv").write_text(SMALL, encoding="utf-8")
    for name in ("bomb", "other"):
        with tarfile.open(folder / f"{name}.tar", "w", format=tarfile.GNU_FORMAT) as archive:
            member = tarfile.TarInfo("a.txt")
            member.type = tarfile.GNUTYPE_SPARSE
            header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
            header[483:495] = b"%011o\0" % 600_000_000  # its real size
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            assert archive.fileobj is not None
            archive.fileobj.write(bytes(header))


def _short(folder: Path, columns: int = 2_000) -> None:
    """Nothing is packed: rows of two cells under a header of thousands."""
    header = ",".join(["text", "label", *map(str, range(columns))])
    (folder / "bomb.csv").write_text(header + "\n" + "a,b\n" * 20_000, encoding="utf-8")


def _wide(folder: Path) -> None:
    _short(folder, 100_000)


def _other_keys(folder: Path) -> None:
    """Every row has a key of its own; some of them are written as escapes."""
    rows = [f'{{"text": "a", "label": "b", "\\u006b{n}": 1}}' for n in range(9_000)]
    (folder / "bomb.jsonl").write_text("\n".join(rows), encoding="utf-8")


def _wide_in_gzip(folder: Path) -> None:
    """What it unpacks to is no larger than may be; as a table it is."""
    _wide(folder)
    (folder / "small.csv").write_text(SMALL, encoding="utf-8")
    (folder / "bomb.csv.gz").write_bytes(gzip.compress((folder / "bomb.csv").read_bytes()))
    (folder / "bomb.csv").unlink()


def _keys_in_zip(folder: Path) -> None:
    _other_keys(folder)
    (folder / "small.jsonl").write_text('{"text": "a", "label": "b"}\n' * 9, encoding="utf-8")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "bomb.jsonl", "rows.jsonl")
    (folder / "bomb.jsonl").unlink()


BOMBS = {
    "repeated": _repeated, "monotonous": _monotonous, "lying": _lying,
    "gzip": _packed(".gz", gzip.compress), "bz2": _packed(".bz2", bz2.compress),
    "xz": _packed(".xz", lzma.compress), "zip": _zipped, "gzip in zip": _twice,
    "zip in gzip": _inside_out, "arrow": _arrow, "tar": _sparse, "short": _short, "wide": _wide,
    "keys": _other_keys, "wide in gzip": _wide_in_gzip, "keys in zip": _keys_in_zip,
}  # fmt: skip
REFUSED = re.compile(
    r"(bomb\S*|what its files) \([\d,]+ bytes\)( hold)? unpacks to more than [\d,]+ bytes, "
    r"|bomb\.[a-z.]+ has more than 10,000 columns, or too many for its rows; "
)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """By its name, in a line, in little memory, and with nothing left on the disk."""
    small, home = tmp_path / "small.csv", tmp_path / "home"
    small.write_text(SMALL, encoding="utf-8")
    for name, make in BOMBS.items():
        (tmp_path / name).mkdir()
        make(tmp_path / name)
        size = sum(file.stat().st_size for file in (tmp_path / name).iterdir())
        assert size < 1_000_000
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(small), *(str(tmp_path / name) for name in BOMBS)],
        env=os.environ | {"HF_HOME": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    for name in BOMBS:
        folder = str(tmp_path / name)
        reason = found["reasons"].get(folder, "it was read")
        assert REFUSED.match(reason.removeprefix(f"{folder}: ")), (name, reason)
        assert "\n" not in reason
    assert found["grown"] < 150_000 and found["child"] < 600_000, "kB"
    left = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    assert left < 100_000


def test_what_is_packed_as_datasets_are_is_read(tmp_path: Path) -> None:
    """Pixels as numbers beside a text that all rows share, images in a table, gzip, bz2, zip."""
    from datasets import Dataset, Features, Image, Value

    labels = ["a", "b"] * 1_500
    pixels = np.random.default_rng(0).integers(0, 3, (3_000, 784)).tolist()
    shared = {"pixels": pixels, "text": ["x" * 2_000] * 3_000, "label": labels}
    _write(_made(tmp_path / "pixels"), shared)
    image = (make_images(tmp_path / "images", each=2) / "dark/000.png").read_bytes()
    rows = {"image": [{"bytes": image, "path": None}] * 500, "label": labels[:500]}
    features = Features({"image": Image(), "label": Value("string")})
    table = Dataset.from_dict(rows, features=features)
    table.to_parquet(_made(tmp_path / "table") / "a.parquet")
    for name, pack in (("gz", gzip.compress), ("bz2", bz2.compress)):
        (_made(tmp_path / name) / "a.csv").write_text(SMALL, encoding="utf-8")
        (tmp_path / name / f"b.csv.{name}").write_bytes(pack(SMALL.encode()))
    (_made(tmp_path / "zip") / "a.csv").write_text(SMALL, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "zip/b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("c.csv", SMALL)
    names = ("pixels", "table", "gz", "bz2", "zip")
    found = [load_dataset(str(tmp_path / name)).samples for name in names]
    assert found == [3_000, 500, 80, 80, 80]


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.csv").write_text(SMALL, encoding="utf-8")
    if kind == "pipe":
        os.mkfifo(tmp_path / "b.csv")
    else:
        (tmp_path / "b.csv").symlink_to("/dev/zero")
    with pytest.raises(ZooError, match=r"b\.csv is no regular file; remove it$"):
        load_dataset(str(tmp_path))


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
