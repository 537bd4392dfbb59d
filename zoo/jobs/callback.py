"""``ZooCallback``: anybody's own transformers Trainer records its run in the zoo when it ends.

    from zoo import Zoo
    from zoo.jobs.callback import ZooCallback

    with Zoo.open() as zoo:
        trainer.add_callback(ZooCallback(zoo.record, model="org/name", dataset="mine"))
        trainer.train()

The value is the last evaluation's ``eval_<metric>``: evaluate on the split that counts. Nothing is
recorded of a training that was never evaluated; ``recorded`` says what was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from graphdb.errors import ZooError

log = logging.getLogger("zoo.jobs")
#: Called with the model, the dataset, the value and the settings by name, as ``Zoo.record`` is.
Record = Callable[..., object]


class ZooCallback:
    """A callback of transformers' Trainer that needs no import of transformers.

    Args:
        record: ``Zoo.record``, or anything that takes the same.
        model: the id of the model that was the start.
        dataset: the id of the dataset.
        metric: accuracy, f1, mcc or mse, as ``compute_metrics`` names it.
        method: full, lora or linear.
        create: add model and dataset where the zoo lacks them.
    """

    def __init__(
        self,
        record: Record,
        *,
        model: str,
        dataset: str,
        metric: str = "accuracy",
        method: str = "full",
        create: bool = False,
        modality: str | None = None,
    ) -> None:
        self._record = record
        self._ends = (model, dataset)
        self._metric, self._method = metric, method
        self._more = {"create": create, "modality": modality}
        self._value: float | None = None
        self._started = time.monotonic()
        self._seconds: float | None = None
        #: The value that was recorded last.
        self.recorded: float | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._started, self._seconds, self._value = time.monotonic(), None, None

    def on_evaluate(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """An evaluation during the training is kept; one after it is recorded at once."""
        value = (more.get("metrics") or {}).get(f"eval_{self._metric}")
        if value is None:
            return
        self._value = float(value)
        if self._seconds is not None:
            self._write(args, state)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._seconds = time.monotonic() - self._started
        if self._value is not None:
            self._write(args, state)

    def _write(self, args: Any, state: Any) -> None:
        """Only the main process writes; a zoo that refuses does not end the training."""
        if not state.is_world_process_zero:
            return
        try:
            self._record(
                *self._ends,
                self._value,
                metric=self._metric,
                method=self._method,
                epochs=state.epoch,
                learning_rate=args.learning_rate,
                batch_size=args.train_batch_size * args.gradient_accumulation_steps,
                seed=args.seed,
                seconds=self._seconds,
                device=str(args.device),
                **self._more,
            )
        except ZooError as error:
            log.error("not recorded in the zoo: %s", error)
            return
        self.recorded = self._value

    def __getattr__(self, name: str) -> Callable[..., None]:
        """The Trainer's other events, of any version, do nothing."""
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *_, **__: None
