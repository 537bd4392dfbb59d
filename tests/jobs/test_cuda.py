"""What only a machine with an NVIDIA device can show; skipped aloud elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.conftest import job
from zoo.jobs.embedding import embed, load_probe
from zoo.jobs.finetuning import _precision, fine_tune
from zoo.jobs.local import LocalLauncher
from zoo.jobs.specs import ModelSource, Settings

torch = pytest.importorskip("torch", reason="the extra `jobs` is not installed")
pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.parametrize("method", ["full", "lora", "linear"])
def test_a_job_runs_on_the_device_and_says_so(
    image_model: Path, images: Path, tmp_path: Path, method: str
) -> None:
    spec = job(image_model, images, tmp_path, method=method, epochs=6, learning_rate=1e-2)
    with LocalLauncher() as launcher:  # the parent of the jobs must not hold the device
        [finished] = launcher.run([spec])
    done = finished.outcome
    assert done.status == "done", done.reason
    assert done.device == torch.cuda.get_device_name()
    assert 0 < (done.peak_memory_bytes or 0) < torch.cuda.get_device_properties(0).total_memory
    assert done.value is not None and done.value > 0.6


def test_automatic_precision_is_bfloat16_where_the_device_has_it() -> None:
    bfloat16 = torch.cuda.get_device_capability() >= (8, 0)
    assert _precision(Settings()) == {"bf16": bfloat16, "fp16": not bfloat16}
    assert _precision(Settings(precision="float32")) == {"bf16": False, "fp16": False}


def test_a_text_job_gives_about_the_result_of_a_cpu(
    text_model: Path, texts: Path, tmp_path: Path
) -> None:
    spec = job(text_model, texts, tmp_path, epochs=6, batch_size=8, precision="float32")
    here = fine_tune(spec)
    script = (
        "import sys\nfrom zoo.jobs.finetuning import fine_tune\n"
        "from zoo.jobs.specs import FineTuningSpec\n"
        "print(fine_tune(FineTuningSpec.model_validate_json(sys.stdin.read())).value)\n"
    )
    there = subprocess.run(
        [sys.executable, "-c", script], input=spec.model_dump_json(), text=True, check=True,
        capture_output=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert here.value == pytest.approx(float(there.stdout.splitlines()[-1]), abs=0.1)


def test_a_device_that_is_full_halves_the_batch(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    """A share of the device that holds small batches only: its own error, its own recovery."""
    spec = job(image_model, images, tmp_path, epochs=1, batch_size=64, image_size=512)
    roomy = fine_tune(spec.model_copy(update={"settings": spec.settings.model_copy(
        update={"batch_size": 4})}))  # fmt: skip
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(3 * (roomy.peak_memory_bytes or 0) / total)
    try:
        done = fine_tune(spec)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert done.status == "done", done.reason
    assert done.batch_size == 64, "the steps stay those of the batch that was asked for"


def test_an_embedding_is_that_of_a_cpu(image_model: Path, images: Path) -> None:
    import numpy as np

    from zoo.hub import load_dataset

    source = ModelSource(id="p", address=str(image_model))
    probe = load_probe(source, modality="image", settings=Settings())
    data = load_dataset(str(images))
    device = embed(data, probe, settings=Settings(), most=None)
    probe.model.cpu()
    cpu = embed(data, probe, settings=Settings(), most=None)
    np.testing.assert_allclose(device.domain, cpu.domain, rtol=1e-2, atol=1e-3)
