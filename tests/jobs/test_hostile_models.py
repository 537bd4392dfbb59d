"""Model folders from strangers: described or refused in a line, soon and in little memory."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest

from graphdb.errors import ZooError
from graphdb.histories import read_history
from graphdb.store import Store
from tests.graphdb.zoos import write
from tests.jobs.test_hub_models import make_folder
from zoo.hub import describe_model

DEEP = "[" * 100_000
#: Ten lines that mean 10**10 words to whoever follows every reference.
BOMB = "---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


def _weights(header: object) -> bytes:
    text = header if isinstance(header, str) else json.dumps(header)
    return struct.pack("<Q", len(text)) + text.encode() + b"0" * 100


def _tensor(shape: object, dtype: object = "F32") -> bytes:
    return _weights({"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, 100]}})


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("config.json", DEEP.encode(), "recursion"),
        ("config.json", b'{"model_type": {"a": 1}}', "names no model_type"),
        ("config.json", b'{"model_type": "\\ud800"}', "names no model_type"),
        ("config.json", b" " * 20_000_001, "more than 20,000,000 bytes"),
        ("model.safetensors", _weights(DEEP), "malformed safetensors header"),
        ("model.safetensors", _weights({"a": []}), "malformed safetensors header"),
        ("model.safetensors", _tensor([10**18] * 50), "malformed safetensors header"),
        ("model.safetensors", _tensor([int("9" * 4_000)] * 1_000), "malformed safetensors header"),
        ("model.safetensors", _tensor([10**10]), "malformed safetensors header"),
        ("model.safetensors", _tensor([-5]), "malformed safetensors header"),
        ("model.safetensors", _tensor([10**9, "a"]), "malformed safetensors header"),
        ("model.safetensors", _tensor([1], ["F32"]), "malformed safetensors header"),
        ("README.md", b"\xff\xfe", "decode"),
    ],
)
def test_a_hostile_file_is_refused_in_a_line(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    folder = make_folder(tmp_path / "tiny")
    (folder / name).write_bytes(content)
    with pytest.raises(ZooError, match=reason) as caught:
        describe_model(str(folder))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    "index",
    [
        DEEP, "[]", "{}", '{"weight_map": []}', '{"weight_map": {"a": 1}}',
        '{"weight_map": {"a": []}}',
        '{"weight_map": {"a": "../secret.safetensors"}}',
        '{"weight_map": {"a": "/etc/passwd.safetensors"}}',
        '{"weight_map": {"a": "..\\u0000.safetensors"}}', '{"weight_map": {"a": "/etc/passwd"}}',
    ],
)  # fmt: skip
def test_an_index_leads_out_of_no_folder(tmp_path: Path, index: str) -> None:
    """What lies beside the model's folder could be read and described as its weights."""
    folder = make_folder(tmp_path / "tiny")
    (folder / "model.safetensors").rename(tmp_path / "secret.safetensors")
    (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    with pytest.raises(ZooError, match=r"model\.safetensors\.index\.json") as caught:
        describe_model(str(folder))
    assert "\n" not in str(caught.value)


def test_a_pipe_beside_the_configuration_is_not_waited_for(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    os.mkfifo(folder / "other.bin")
    with pytest.raises(ZooError, match="it is a pipe or a device"):
        describe_model(str(folder), allow_pickle=True)


@pytest.mark.parametrize("size", ["1e999", "NaN", "-1", '"big"', "{}", "[]", "9" * 400, "1e300"])
def test_an_impossible_size_is_unknown(store: Store, tmp_path: Path, size: str) -> None:
    folder = make_folder(tmp_path / "tiny")
    config = f'{{"model_type": "vit", "architectures": [{{"a": 1}}], "image_size": {size}}}'
    (folder / "config.json").write_text(config, encoding="utf-8")
    found = describe_model(str(folder), name="tiny")
    write(store, found.history())
    [model] = read_history(store).models
    assert model.input_size is None and model.architecture is None


@pytest.mark.parametrize(
    "card",
    [
        BOMB + "datasets: [cifar10, *a9]\n---\n",
        BOMB + "tags: *a9\nlicense: mit\n---\n",
        BOMB + "model-index:\n- results:\n  - dataset: {type: *a9}\n"
        "    metrics: [{type: accuracy, value: .5}]\n---\n",
        "---\ndatasets: " + DEEP + "\n---\n",
        "---\n" + "{a: " * 50_000 + "\n---\n",
        "---\nlicense: !!python/object/apply:os.abort []\n---\n",
        "---\nlicense: {a: b}\ndatasets: {c: d}\npipeline_tag: [e]\nmodel-index: 5\n---\n",
        "---\n- a\n---\n",
        "---\n" * 100_000,
        '---\nlicense: "\\uD800"\n---\n',
        "---\nlicense: " + "x" * 100_000 + "\n---\n",
    ],
)
def test_a_hostile_card_says_nothing(tmp_path: Path, card: str) -> None:
    found = describe_model(str(make_folder(tmp_path / "tiny", card=card)))
    assert (found.model.license, found.pretrainings) == (None, ())


def test_a_card_names_so_many_datasets_and_no_more(tmp_path: Path) -> None:
    names = ", ".join(f"d{n}" for n in range(5_000))
    card = f"---\ndatasets: [{names}, {'x' * 5_000}]\n---\n"
    found = describe_model(str(make_folder(tmp_path / "tiny", card=card)))
    assert [link.dataset for link in found.pretrainings] == [f"d{n}" for n in range(100)]
