"""Metadata of models from folders, lists and a hub, without loading weights."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from graphdb.errors import ZooError
from tests.jobs.hub import BAD_TOKEN, COMMIT, commit_of, serve
from zoo.hub import DescribedModel, describe_model, describe_models, read_references

CARD = """---
license: apache-2.0
datasets: [imagenet-1k, cifar10]
model-index:
- name: tiny
  results:
  - task: {type: image-classification}
    dataset: {name: ImageNet, type: imagenet-1k}
    metrics: [{type: accuracy, value: 0.81}]
---
# A model
"""


def make_folder(folder: Path, *, card: str = CARD) -> Path:
    folder.mkdir(parents=True)
    config = {
        "model_type": "vit",
        "architectures": ["ViTForImageClassification"],
        "image_size": 96,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "README.md").write_text(card, encoding="utf-8")
    tensors = {
        "a": np.zeros((300, 1000), np.float16),
        "b": np.zeros(10, np.float32),
        "steps": np.zeros(3, np.int64),
    }
    save_file(tensors, folder / "model.safetensors")
    return folder


def test_a_folder_is_described_from_its_header_and_card(tmp_path: Path) -> None:
    found = describe_model(str(make_folder(tmp_path / "tiny")))
    model = found.model
    assert (model.family, model.architecture) == ("vit", "ViTForImageClassification")
    assert (model.modality, model.task) == ("image", "image-classification")
    assert model.parameters == 300_010  # counters are no parameters
    assert model.memory_bytes == 300_000 * 2 + 10 * 4 + 3 * 8
    assert (model.input_size, model.license, found.dtype) == (96, "apache-2.0", "F16")
    assert {p.dataset: p.accuracy for p in found.pretrainings} == {
        "imagenet-1k": 0.81,
        "cifar10": None,
    }
    assert model.id.startswith("local/tiny-") and len(model.id) == len("local/tiny-") + 8
    assert [d.id for d in found.history().datasets] == ["imagenet-1k", "cifar10"]


def test_the_id_of_a_folder_changes_with_its_weights_only(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    before = describe_model(str(folder)).model.id
    (folder / "README.md").write_text("another card", encoding="utf-8")
    assert describe_model(str(folder)).model.id == before
    save_file({"a": np.ones((300, 1000), np.float16)}, folder / "model.safetensors")
    assert describe_model(str(folder)).model.id != before
    assert describe_model(str(folder), name="mine/tiny").model.id == "mine/tiny"


def test_a_broken_card_says_nothing_and_refuses_nothing(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny", card="---\nlicense: [: broken\n---\n")
    assert describe_model(str(folder)).model.license is None


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("config.json", b"{not json", "no JSON"),
        ("config.json", b"{}", "names no model_type"),
        ("config.json", b"[1]", "names no model_type"),
        ("config.json", b'{"architecture": "vit"}', "timm before .* Write it anew"),
        ("config.json", b"5", "names no model_type"),
        ("config.json", None, "no config.json"),
        ("model.safetensors", None, "no weights"),
        ("model.safetensors", b"abc", "malformed safetensors header"),
        ("model.safetensors", b"\xff" * 100, "truncated or no safetensors"),
        ("model.safetensors", b"\x02\0\0\0\0\0\0\0[]", "malformed safetensors header"),
    ],
)
def test_a_malformed_model_is_refused_with_its_reason(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    folder = make_folder(tmp_path / "tiny")
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(ZooError, match=reason):
        describe_model(str(folder))


def test_truncated_weights_are_seen_without_reading_them(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    weights = folder / "model.safetensors"
    os.truncate(weights, weights.stat().st_size - 1)
    with pytest.raises(ZooError, match="truncated"):
        describe_model(str(folder))


def test_shards_are_added_up_and_a_missing_one_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    (folder / "model.safetensors").unlink()
    names = [f"model-{n}-of-2.safetensors" for n in (1, 2)]
    for name in names:
        save_file({name: np.zeros(50, np.float32)}, folder / name)
    index = {"weight_map": {name: name for name in names}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert describe_model(str(folder)).model.parameters == 100
    (folder / names[1]).unlink()
    with pytest.raises(ZooError, match=f"{names[1]} is missing"):
        describe_model(str(folder))


def test_pickled_weights_are_described_only_on_request_and_never_opened(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"no pickle at all")
    with pytest.raises(ZooError, match="--allow-pickle"):
        describe_model(str(folder))
    found = describe_model(str(folder), allow_pickle=True)
    assert found.pickled and found.model.parameters is None


def test_an_adapter_is_told_from_a_model(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}', encoding="utf-8")
    with pytest.raises(ZooError, match="but an adapter of one: add that one"):
        describe_model(str(tmp_path))


def test_a_list_names_models_revisions_and_folders_beside_it(tmp_path: Path) -> None:
    make_folder(tmp_path / "tiny")
    listed = tmp_path / "models.txt"
    listed.write_text("# mine\norg/a v1\norg/b\ntiny\n\norg/a v1\n", encoding="utf-8")
    found = read_references([str(listed), "org/c@main"])
    assert [(r.address, r.revision) for r in found[:2]] == [("org/a", "v1"), ("org/b", None)]
    assert found[2].folder == (tmp_path / "tiny").resolve()
    assert (found[3].address, found[3].revision, len(found)) == ("org/c", "main", 4)
    listed.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(ZooError, match="lists no model"):
        read_references([str(listed)])


SCRIPT = """
import dataclasses, json, sys
from zoo.hub import Failure, describe_models, read_references
for found in describe_models(read_references(sys.argv[1:])):
    failed = isinstance(found, Failure)
    print(json.dumps({"reason": found.reason} if failed else dataclasses.asdict(found.model)))
assert "torch" not in sys.modules
"""


def ask_hub(tmp_path: Path, url: str, *references: str, **more: str) -> list[dict[str, object]]:
    environment = os.environ | {"HF_ENDPOINT": url, "HF_HOME": str(tmp_path / "home")} | more
    command = [sys.executable, "-W", "error", "-c", SCRIPT, *references]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_hub_is_asked_and_one_that_fails_stops_no_other(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    large = {"a": np.zeros((300, 1000), np.float16), "b": np.zeros(1_000_000, np.float32)}
    save_file(large, folder / "model.safetensors")
    bad = shutil.copytree(folder, tmp_path / "bad")
    (bad / "model.safetensors").write_bytes(b"\xff" * 1000)
    with serve(
        {"org/tiny": folder, "org/tiny@v1": folder, "org/bad": bad, "org/gated": "gated"}
    ) as hub:
        found = ask_hub(tmp_path, hub.url, "org/gated", "org/bad", "org/none", "org/tiny@v1")
        assert hub.served["model.safetensors"] < 300_000, "only the header may be read"
    assert "gated: accept its terms" in str(found[0]["reason"])
    assert "malformed safetensors" in str(found[1]["reason"])
    assert "not on the hub" in str(found[2]["reason"])
    assert found[3]["id"] == "org/tiny" and found[3]["revision"] == commit_of("org/tiny@v1")
    assert found[3]["parameters"] == 1_300_000 and found[3]["license"] == "apache-2.0"
    # Offline, what the cache does not hold is a reason, and nothing listens there any more.
    [offline] = ask_hub(tmp_path, hub.url, "org/other", HF_HUB_OFFLINE="1")
    assert "offline" in str(offline["reason"]) or "cache" in str(offline["reason"])
    [unreachable] = ask_hub(tmp_path, hub.url, "org/other")
    assert str(unreachable["reason"]).startswith("the hub cannot be reached; ")


@pytest.mark.parametrize(
    ("architecture", "config", "modality"),
    [
        ("BeitForMaskedImageModeling", {"vocab_size": 8192}, "image"),
        ("Data2VecVisionModel", {"vocab_size": 8192, "image_size": 224}, "image"),
        ("ImageGPTForCausalImageModeling", {"vocab_size": 513, "n_positions": 1024}, "image"),
        ("BertModel", {"vocab_size": 9, "max_position_embeddings": 512}, "text"),
        ("T5ForConditionalGeneration", {"vocab_size": 9}, "text"),
        ("ViltForMaskedLM", {"vocab_size": 9, "image_size": 384, "max_position_embeddings": 40},
         "text"),
        ("GitForCausalLM", {"vocab_size": 9, "vision_config": {}, "max_position_embeddings": 40},
         "text"),
        ("WhoKnows", {}, None),
    ],
)  # fmt: skip
def test_a_vocabulary_may_be_of_patches(
    tmp_path: Path, architecture: str, config: dict[str, object], modality: str | None
) -> None:
    folder = make_folder(tmp_path / "model", card="")
    told = {"model_type": "some", "architectures": [architecture], **config}
    (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
    assert describe_model(str(folder)).model.modality == modality


@pytest.mark.parametrize(
    ("architecture", "config", "task"),
    [
        ("LlavaForConditionalGeneration", {"vision_config": {}, "text_config": {}},
         "image-text-to-text"),
        ("FuyuForCausalLM", {"vocab_size": 9, "image_size": 300}, "image-text-to-text"),
        ("T5ForConditionalGeneration", {"vocab_size": 9}, "text2text-generation"),
        ("ViltForMaskedLM", {"vocab_size": 9, "image_size": 384}, "fill-mask"),
    ],
)  # fmt: skip
def test_a_generator_that_sees_pictures_is_asked_about_them(
    tmp_path: Path, architecture: str, config: dict[str, object], task: str
) -> None:
    folder = make_folder(tmp_path / "model", card="")
    told = {"model_type": "some", "architectures": [architecture], **config}
    (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
    assert describe_model(str(folder)).model.task == task


@pytest.mark.parametrize(
    ("architecture", "family"),
    [
        ("vit_tiny_patch16_224", "vit"), ("resnet18", "resnet"), ("swinv2_base_window8", "swinv2"),
        ("tf_efficientnet_b0", "efficientnet"), ("mobilenetv3_small_050", "mobilenetv3"),
    ],
)  # fmt: skip
def test_a_model_of_timm_is_described_as_timm_or_transformers_writes_it(
    tmp_path: Path, architecture: str, family: str
) -> None:
    timm = {
        "architecture": architecture,
        "num_classes": 1000,
        "pretrained_cfg": {"input_size": [3, 240, 240], "license": "mit"},
    }
    wrapper = {"model_type": "timm_wrapper", "architectures": ["TimmWrapperForImageClassification"]}
    for name, written in (("timm", timm), ("wrapper", timm | wrapper)):
        folder = make_folder(tmp_path / name, card="")
        (folder / "config.json").write_text(json.dumps(written), encoding="utf-8")
        model = describe_model(str(folder)).model
        assert (model.family, model.architecture) == (family, architecture)
        assert (model.modality, model.task) == ("image", "image-classification")
        assert (model.input_size, model.license) == (240, "mit")


def test_one_bad_folder_is_a_failure_between_two_good_ones(tmp_path: Path) -> None:
    good = [make_folder(tmp_path / name) for name in ("a", "c")]
    bad = make_folder(tmp_path / "b")
    (bad / "config.json").unlink()
    references = read_references([str(good[0]), str(bad), str(good[1])])
    found = list(describe_models(references))
    assert [isinstance(one, DescribedModel) for one in found] == [True, False, True]


@pytest.mark.parametrize("path", ["./nowhere", "../no/where", "/no/where", "~nobody/nowhere"])
def test_a_path_where_nothing_lies_is_not_asked_of_the_hub(path: str) -> None:
    with pytest.raises(ZooError, match=f"^{path}: there is no such folder"):
        describe_model(path)


def test_a_pinned_revision_is_read_and_one_that_is_missing_or_a_bad_token_is_told(
    tmp_path: Path,
) -> None:
    now, then = make_folder(tmp_path / "now"), make_folder(tmp_path / "then")
    save_file({"a": np.zeros(70, np.float32)}, then / "model.safetensors")
    commit = commit_of("org/tiny@v1")
    with serve({"org/tiny": now, "org/tiny@v1": then}) as hub:
        found = ask_hub(tmp_path, hub.url, *(f"org/tiny{at}" for at in ("", "@v1", f"@{commit}")))
        asked = "org/tiny@v2", "org/other@v1"
        missing, absent = ask_hub(tmp_path, hub.url, *asked)
        [unknown] = ask_hub(tmp_path, hub.url, "org/tiny", HF_TOKEN=BAD_TOKEN)
    assert [one["parameters"] for one in found] == [300_010, 70, 70]
    assert [one["revision"] for one in found] == [COMMIT, commit, commit]
    assert missing["reason"] == "the hub has no such revision"
    assert "not on the hub" in str(absent["reason"])
    assert unknown["reason"] == (
        "the hub does not accept your token (HF_TOKEN, or that of hf auth login): "
        "log in again with: hf auth login"
    )
