"""Networks of timm, as timm writes them for the hub, with random weights."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from graphdb.errors import ZooError
from tests.jobs.conftest import job
from tests.jobs.test_architectures import saved
from zoo.hub import describe_model, load_dataset
from zoo.hub.failures import reason_of
from zoo.jobs.embedding import embed, load_probe
from zoo.jobs.finetuning import fine_tune
from zoo.jobs.forward import score_job
from zoo.jobs.local import LocalLauncher
from zoo.jobs.networks import load_network, load_processor
from zoo.jobs.specs import DatasetSource, ModelSource, ScoreSpec, Settings

pytestmark = pytest.mark.filterwarnings("ignore")


def made(name: str, folder: Path, *, classes: int = 10, channels: int = 3) -> Path:
    import timm
    import torch

    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=classes, in_chans=channels)
    timm.models.save_for_hf(model, folder, safe_serialization=True)
    return folder


def learnt(folder: Path, *, classes: int, method: str = "linear") -> dict[str, int]:
    """The parameters that are trained, and the rows of each."""
    source, settings = ModelSource(id="m", address=str(folder)), Settings(method=method)
    names = tuple(f"class {n}" for n in range(classes))
    network = load_network(source, classes=names, modality="image", settings=settings)
    return {name: len(p) for name, p in network.model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ("name", "method"),
    [("test_vit", "full"), ("test_resnet", "linear"), ("test_vit", "lora"),
     ("crossvit_tiny_240", "lora")],
)  # fmt: skip
def test_a_network_of_timm_is_described_and_fine_tuned(
    images: Path, tmp_path: Path, name: str, method: str
) -> None:
    folder = made(name, tmp_path / name)
    model = describe_model(str(folder)).model
    assert (model.architecture, model.task) == (name, "image-classification")
    done = fine_tune(
        job(folder, images, tmp_path, method=method, epochs=1, image_size=None, max_samples=24)
    )
    assert done.status == "done", done.reason


def test_the_head_alone_learns_whatever_its_size(tmp_path: Path) -> None:
    """A head of 2,000 classes is a third of a network that small: its backbone is whole."""
    folder = made("test_vit", tmp_path / "vit", classes=3)
    for classes in (3, 2_000):
        head = {"timm_model.head.weight": classes, "timm_model.head.bias": classes}
        assert learnt(folder, classes=classes) == head
    bare = made("test_vit", tmp_path / "bare", classes=0)
    assert learnt(bare, classes=2_000) == head


@pytest.mark.parametrize(
    ("name", "size"), [("test_vit", 64), ("test_mambaout", 64), ("crossvit_tiny_240", 288)]
)
def test_a_probe_of_timm_averages_over_positions_wherever_its_channels_are(
    images: Path, tmp_path: Path, name: str, size: int
) -> None:
    """MambaOut's are the last axis, as Swin's; CrossViT sees two scales, and joins them."""
    source = ModelSource(id="p", address=str(made(name, tmp_path / name)))
    probe = load_probe(source, modality="image", settings=Settings())
    rows = load_dataset(str(images), max_samples=20)
    found = embed(rows, probe, settings=Settings())
    assert found.domain.shape == (size,) and np.ptp(found.domain) > 0


def test_estimators_read_the_head_of_a_network_of_timm(images: Path, tmp_path: Path) -> None:
    spec = ScoreSpec(
        id="s",
        model=ModelSource(id="m", address=str(made("test_resnet", tmp_path / "resnet"))),
        dataset=DatasetSource(id="d", reference=str(images), max_samples=20),
        methods=("logme", "leep"),
    )
    done = score_job(spec)
    assert done.metrics.keys() == {"logme", "leep"}, done.reason


def test_another_size_is_the_whole_image_at_that_size(tmp_path: Path) -> None:
    from PIL import Image

    source = ModelSource(id="m", address=str(made("test_resnet", tmp_path / "resnet")))
    processor = load_processor(source, "image", Settings(image_size=48))
    image = Image.new("RGB", (90, 60))
    image.paste((255, 255, 255), (0, 0, 10, 60))
    [found] = processor(image, return_tensors="pt")["pixel_values"]
    assert found.shape == (3, 48, 48)
    assert found[0, :, 0].min() > found[0, :, -1].max(), "its left edge is seen"


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_network_of_one_channel_sees_colours_as_grey(
    images: Path, tmp_path: Path, wrapped: bool
) -> None:
    import transformers

    folder = tmp_path / "grey"
    if wrapped:  # timm has not always written the arguments: only the shape is left
        written = json.loads((made("test_resnet", folder, channels=1) / "config.json").read_text())
        del written["model_args"]
        (folder / "config.json").write_text(json.dumps(written), encoding="utf-8")
    else:
        config = transformers.ViTConfig(
            hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            image_size=32, patch_size=16, num_channels=1,
        )  # fmt: skip
        saved(transformers.ViTModel(config), folder)
    done = fine_tune(job(folder, images, tmp_path, epochs=1, max_samples=24))
    assert done.status == "done", done.reason
    source = ModelSource(id="m", address=str(folder))
    probe = load_probe(source, modality="image", settings=Settings())
    assert embed(load_dataset(str(images)), probe, settings=Settings()).domain.size


def test_the_parent_of_jobs_loads_timm_where_a_model_needs_it(
    images: Path, image_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python says what it imports in the log of the process that does."""
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    folder = made("test_vit", tmp_path / "vit")
    specs = [job(model, images, tmp_path, identity=model.name, epochs=1, image_size=None,
                 max_samples=24) for model in (image_model, folder)]  # fmt: skip
    loaded: list[bool] = []
    with LocalLauncher() as launcher:
        for finished in launcher.run(specs):
            assert finished.outcome.status == "done", finished.outcome.reason
            log = (launcher._folder / "nursery.log").read_text("utf-8")
            loaded.append(bool(re.search(r"\| +timm\.", log)))
    assert loaded == [False, True]


def test_layers_of_timm_for_other_networks_are_no_model(images: Path, tmp_path: Path) -> None:
    import transformers

    config = transformers.TimmBackboneConfig(backbone="test_vit", use_pretrained_backbone=False)
    folder = saved(transformers.AutoBackbone.from_config(config), tmp_path / "layers")
    told = r"\(timm_backbone\).*as timm publishes it: zoo ingest models timm/test_vit\.TAG$"
    with pytest.raises(ZooError, match=told):
        describe_model(str(folder))
    done = fine_tune(job(folder, images, tmp_path, epochs=1, max_samples=24))
    assert done.cause == "model" and re.search(told, str(done.reason))


def test_without_timm_its_extra_is_named() -> None:
    from transformers.utils import import_utils

    absent = ImportError(import_utils.TIMM_IMPORT_ERROR.format("TimmWrapperModel"))
    assert reason_of(absent) == "this needs timm. Install it: pip install 'transferzoo[jobs]'"
