"""Fine-tune one model on one dataset with transformers' Trainer and measure it on the test split.

The same seed gives the same result on a CPU. Killed and started again with the same folder it goes
on from its last checkpoint; out of memory it halves the batch and accumulates gradients, so that
the steps stay those of the batch size asked for.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphdb.errors import to_type
from zoo.hub.datasets import LoadedDataset
from zoo.hub.failures import reason_of
from zoo.jobs.failures import JobError, failure, is_disk_full
from zoo.jobs.inputs import check_told_apart, collator, examples
from zoo.jobs.loading import hub_of, load_source
from zoo.jobs.machine import device_name, peak_memory, prepare_machine, versions
from zoo.jobs.memory import halving
from zoo.jobs.metrics import logits_of, measure
from zoo.jobs.networks import Network, load_network
from zoo.jobs.specs import FineTuningSpec, Outcome, Settings

if TYPE_CHECKING:
    from transformers import Trainer, TrainingArguments


def fine_tune(spec: FineTuningSpec) -> Outcome:
    """Do one job; whatever goes wrong inside is an outcome, never an exception."""
    started = time.perf_counter()
    try:
        with hub_of(spec.model):
            outcome = _fine_tune(spec, started)
    except Exception as error:
        if is_disk_full(error):
            _drop_unfinished(spec.checkpoints)
            where = f"the disk is full: free some space in {spec.folder.parent}"
            error = JobError("process", f"{where}, then type the same command again")
        elif _is_about(error, spec.folder):
            where = f"no checkpoint can be written to {spec.folder.parent}: {reason_of(error)}"
            error = JobError("process", f"{where}; mend that, then type the same command again")
        shown = to_type("show", spec.id)
        advice = f"repeat it with another --image-size or --max-length: its command is in {shown}"
        return failure(error, started=started, advice=advice)
    shutil.rmtree(spec.folder, ignore_errors=True)
    return outcome


def _is_about(error: Exception, folder: Path) -> bool:
    """Whether it is a file in ``folder``, or the way there, that the system refuses."""
    name = error.filename if isinstance(error, OSError) else None
    return isinstance(name, str) and (
        Path(name).is_relative_to(folder) or folder.is_relative_to(Path(name))
    )


def _fine_tune(spec: FineTuningSpec, started: float) -> Outcome:
    prepare_machine(threads=spec.threads, seed=spec.settings.seed)
    data = load_source(spec.dataset)
    train = halving(lambda batch: _train(spec, data, batch), spec.settings.batch_size)
    trainer, network = train
    metrics = _test(trainer, network, data, spec.settings)
    if spec.keep:
        trainer.save_model(str(spec.keep))
        network.processor.save_pretrained(spec.keep)
    if spec.push_to_hub:
        trainer.push_to_hub()
    return Outcome(
        status="done",
        seconds=time.perf_counter() - started,
        metric=data.config.metric,
        value=metrics[data.config.metric],
        metrics=metrics,
        epochs=trainer.state.epoch,
        learning_rate=spec.settings.rate,
        batch_size=spec.settings.batch_size,
        peak_memory_bytes=peak_memory(),
        device=device_name(),
        versions=versions(),
    )


def _train(spec: FineTuningSpec, data: LoadedDataset, batch_size: int) -> tuple[Trainer, Network]:
    import transformers

    settings = spec.settings
    transformers.set_seed(settings.seed)
    network = load_network(
        spec.model, classes=data.classes, modality=data.modality, settings=settings
    )
    check_told_apart(data.splits["train"], network, settings=settings)
    train = examples(data.splits["train"], network, settings=settings, train=True)
    validation = examples(data.splits["validation"], network, settings=settings)
    if settings.patience and not len(validation):
        raise JobError(
            "dataset", "it has too few rows for a validation split, which --patience needs"
        )
    steps = math.ceil(len(train) / settings.batch_size) * settings.epochs
    trainer = transformers.Trainer(
        model=network.model,
        args=_arguments(spec, batch_size, warmup=round(steps * settings.warmup)),
        data_collator=collator(network),
        train_dataset=_no_batch_of_one(train, batch_size),
        eval_dataset=validation if settings.patience else None,
        preprocess_logits_for_metrics=logits_of,
        compute_metrics=lambda found: measure(found.predictions, found.label_ids),
        callbacks=_callbacks(spec),
        optimizers=_optimizers(network, settings),
    )
    trainer.remove_callback(transformers.PrinterCallback)  # a job prints nothing
    trainer.train(resume_from_checkpoint=last_checkpoint(spec.checkpoints))
    return trainer, network


def _no_batch_of_one(rows: Any, batch_size: int) -> Any:
    """Leave out the last row where it would be a batch alone: batch normalisation fails on it."""
    import torch

    if len(rows) < batch_size or len(rows) % batch_size != 1:
        return rows
    return torch.utils.data.Subset(rows, range(len(rows) - 1))


def _arguments(spec: FineTuningSpec, batch_size: int, *, warmup: int) -> TrainingArguments:
    import transformers

    settings = spec.settings
    every_epoch = "epoch" if settings.patience else "no"
    halved = batch_size < settings.batch_size
    arguments = transformers.TrainingArguments(
        output_dir=str(spec.checkpoints),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=batch_size,
        per_device_eval_batch_size=batch_size if halved else max(batch_size, 32),
        gradient_accumulation_steps=max(1, settings.batch_size // batch_size),
        learning_rate=settings.rate,
        lr_scheduler_type="linear" if settings.scheduler == "cyclic" else settings.scheduler,
        warmup_steps=warmup,
        seed=settings.seed,
        data_seed=settings.seed,
        eval_strategy=every_epoch,
        save_strategy=every_epoch,
        save_total_limit=2,
        load_best_model_at_end=settings.patience is not None,
        metric_for_best_model="accuracy" if settings.patience else None,
        logging_strategy="epoch",
        disable_tqdm=True,
        report_to=list(spec.trackers) or "none",
        push_to_hub=spec.push_to_hub is not None,
        hub_model_id=spec.push_to_hub,
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        **_precision(settings),
    )
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # one job, one device: no DataParallel over all that are visible
    return arguments


def _precision(settings: Settings) -> dict[str, bool]:
    import torch

    if settings.precision == "auto":
        cuda = torch.cuda.is_available()
        # Older devices emulate it, slower than float32; float16 they have.
        bfloat16 = cuda and torch.cuda.is_bf16_supported(including_emulation=False)
        return {"bf16": bfloat16, "fp16": cuda and not bfloat16}
    half = {"bf16": settings.precision == "bfloat16", "fp16": settings.precision == "float16"}
    if device_name() != "cpu" or not any(half.values()):
        return half
    if half["fp16"]:
        raise JobError(
            "training", "float16 needs an accelerator and there is none; type --precision bfloat16"
        )
    return half | {"use_cpu": True}  # else transformers takes it for one on a GPU


def _callbacks(spec: FineTuningSpec) -> list[Any]:
    import transformers

    if spec.settings.patience:
        return [transformers.EarlyStoppingCallback(early_stopping_patience=spec.settings.patience)]
    return [_timed_checkpoints(spec.checkpoint_seconds)]


def _timed_checkpoints(seconds: float) -> Any:
    """A callback that saves by the clock: a short job writes nothing, a long one loses little."""
    import transformers

    class TimedCheckpoints(transformers.TrainerCallback):  # type: ignore[misc]
        saved = time.monotonic()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if time.monotonic() - self.saved >= seconds and state.global_step < state.max_steps:
                self.saved = time.monotonic()
                control.should_save = True

    return TimedCheckpoints()


def _optimizers(network: Network, settings: Settings) -> tuple[Any, Any]:
    """SGD and the cyclic rate of the thesis; transformers' own otherwise."""
    import torch

    if settings.optimizer == "adamw" and settings.scheduler != "cyclic":
        return None, None
    trained = [p for p in network.model.parameters() if p.requires_grad]
    if settings.optimizer == "sgd":
        optimizer: torch.optim.Optimizer = torch.optim.SGD(trained, settings.rate, momentum=0.9)
    else:
        optimizer = torch.optim.AdamW(trained, settings.rate)
    if settings.scheduler != "cyclic":
        return optimizer, None
    cycle = torch.optim.lr_scheduler.CyclicLR(
        optimizer,
        base_lr=settings.rate / 10,
        max_lr=settings.rate,
        cycle_momentum=settings.optimizer == "sgd",
    )
    return optimizer, cycle


def last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end, None where there is none.

    The trainer's state is the last file of a checkpoint: a kill in between leaves one without, a
    full disk an empty one.
    """
    whole = [path for path in _checkpoints(folder) if _is_whole(path)]
    newest = max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return str(newest) if newest else None


def _checkpoints(folder: Path) -> list[Path]:
    found = folder.glob("checkpoint-*")
    return [path for path in found if path.name.rpartition("-")[2].isdigit()]


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _drop_unfinished(folder: Path) -> None:
    """The checkpoint that filled the disk is of no use to anybody, and the other jobs need room."""
    for path in _checkpoints(folder):
        if not _is_whole(path):
            shutil.rmtree(path, ignore_errors=True)


def _test(
    trainer: Trainer, network: Network, data: LoadedDataset, settings: Settings
) -> dict[str, float]:
    rows = examples(data.splits["test"], network, settings=settings)

    def predict(batch_size: int) -> dict[str, float]:
        trainer.args.per_device_eval_batch_size = batch_size
        found = trainer.predict(rows)
        return measure(found.predictions, found.label_ids)

    return halving(predict, trainer.args.per_device_eval_batch_size)
