"""Leave-one-target-out evaluation: the same protocol for everything that ranks.

For each target its records (and what derives from them) leave the graph, the learner is trained on
the rest and ranks every model that has a record on the target. Targets run in parallel processes.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from threading import Thread

import numpy as np

from graphdb.columns import Subgraph
from graphdb.errors import ZooError, did_you_mean, to_type
from learn.cores import available, limit_blas
from learn.learner import BASELINES, DEFAULT, Ranking
from learn.metrics import UNDEFINED, Metrics, agreement
from learn.pairs import measured
from learn.progress import Tell
from learn.regimes import Hidden, Truth, hide, parse
from learn.registry import make_learner
from learn.results import Prediction, Result, Scored, aggregates

#: A dataset with fewer pairs is no target by default.
SMALLEST_TARGET = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What one call evaluates."""

    learners: tuple[str, ...]
    method: str
    regime: str
    seeds: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]


def evaluate(
    graph: Subgraph,
    *,
    learners: Sequence[str] = (DEFAULT, *BASELINES),
    method: str = "full",
    regime: str = "dense",
    seeds: Sequence[int] = (0,),
    targets: Sequence[str] | None = None,
    folds: int | None = None,
    workers: int | None = None,
    progress: Tell | None = None,
    keep: list[Prediction] | None = None,
) -> Iterator[Result]:
    """Results target by target, then three aggregates a learner, seed after seed.

    Args: ``targets`` are dataset ids (default: every one with at least ten pairs); ``folds`` holds
    out that many groups of them instead of one at a time; ``workers`` are processes (default: one
    a core; 1 runs here); predictions are appended to ``keep`` where given. What is named twice is
    evaluated once.

    Raises: ZooError for names that do not exist, or a graph without any target.
    """
    for name in learners:
        make_learner(name)
    parse(regime)
    learners, seeds = tuple(dict.fromkeys(learners)), tuple(dict.fromkeys(seeds))
    rows = target_rows(graph, method=method, targets=targets)
    if not all(name in BASELINES or name.startswith("score:") for name in learners):
        check_others(graph, rows, method=method)
    plan = Plan(learners, method, regime, seeds, groups(rows, folds=folds))
    yield from _run(graph, plan, workers=workers, progress=progress, keep=keep)


def target_rows(
    graph: Subgraph, *, method: str, targets: Sequence[str] | None = None
) -> tuple[int, ...]:
    """Rows of the target datasets, in the order given or of the graph."""
    pairs = measured(graph, method=method)
    count = np.bincount(pairs.dataset, minlength=len(graph.datasets))
    if targets is None:
        found = tuple(int(row) for row in np.flatnonzero(count >= SMALLEST_TARGET))
        if not found:
            raise ZooError(
                f"No dataset ({graph.modality}) has {SMALLEST_TARGET} '{method}' results: "
                "nothing to evaluate on. Name targets with --targets, or see: zoo ls datasets"
            )
        return found
    ids = [str(name) for name in graph.datasets.id]
    for name in targets:
        if name not in ids:
            meant = did_you_mean(name, ids)
            raise ZooError(f"No dataset {name!r}.{meant} List them with: zoo ls datasets")
        reason = graph.datasets.quarantined[ids.index(name)]
        if reason is not None:
            raise ZooError(
                f"'{name}' is set aside ({reason}): its results are no truth. Trust them again: "
                f"{to_type('quarantine', name, options=['--lift'])}"
            )
        if not count[ids.index(name)]:
            raise ZooError(
                f"'{name}' has no '{method}' results to compare with. See: {to_type('show', name)}"
            )
    return tuple(ids.index(name) for name in dict.fromkeys(targets))


def check_others(graph: Subgraph, rows: tuple[int, ...], *, method: str) -> None:
    """Raises: ZooError where the target is the only dataset with results to be trained on."""
    known = np.unique(measured(graph, method=method).dataset)
    if len(known) < 2:
        name = graph.datasets.id[rows[0]]
        raise ZooError(
            f"'{name}' is the only {graph.modality} dataset with '{method}' results: with those "
            "hidden there is nothing to learn from. Add results on another one: "
            "zoo ingest records PATH"
        )


def groups(rows: tuple[int, ...], *, folds: int | None) -> tuple[tuple[int, ...], ...]:
    """Targets held out together: each alone, or dealt into ``folds`` groups."""
    if folds is None:
        return tuple((row,) for row in rows)
    if folds < 2:
        raise ZooError(f"--folds must be at least 2, not {folds}")
    return tuple(rows[start::folds] for start in range(min(folds, len(rows))))


def _run(
    graph: Subgraph,
    plan: Plan,
    *,
    workers: int | None,
    progress: Tell | None,
    keep: list[Prediction] | None,
) -> Iterator[Result]:
    tasks = [(seed, group) for seed in plan.seeds for group in plan.groups]
    done: list[Scored] = []
    for number, found in enumerate(_answers(graph, plan, tasks, workers=workers)):
        seed, group = tasks[number]
        done += found
        if keep is not None:
            keep += [scored.prediction for scored in found]
        yield from (scored.result for scored in found)
        if progress is not None:
            names = ", ".join(str(graph.datasets.id[row]) for row in group)
            progress((number + 1) / len(tasks), f"{names} (seed {seed})")
        if group == plan.groups[-1]:
            for learner in plan.learners:
                yield from aggregates([s for s in done if s.result.learner == learner])
            done = []


def _answers(
    graph: Subgraph,
    plan: Plan,
    tasks: list[tuple[int, tuple[int, ...]]],
    *,
    workers: int | None,
) -> Iterator[list[Scored]]:
    count = min(workers or available(), len(tasks))
    if count <= 1:
        for seed, group in tasks:
            yield _answer(graph, plan, seed, group)
        return
    # spawn, not fork: torch's and XGBoost's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    ended, end = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(
        count,
        mp_context=context,
        initializer=_start,
        initargs=(graph, plan, max(1, available() // count), ended),
    )
    with ended, end, pool:
        try:
            with _script_unseen():
                futures = [pool.submit(_worker, seed, group) for seed, group in tasks]
            for future in futures:
                yield future.result()
        except BrokenProcessPool as error:
            raise ZooError(
                "A process of the evaluation was ended from outside (when memory runs out, systems "
                "do that). Take fewer at a time: --workers 1"
            ) from error
        except BaseException:
            # A pool waits for what runs, and for what it has handed out: minutes after a Ctrl-C.
            end.close()
            raise


@contextmanager
def _script_unseen() -> Iterator[None]:
    """Start workers that do not run the script again which called for them.

    They need nothing of it. Where it has no ``if __name__ == "__main__"``, each would do all that
    it does, and fail before it read the graph that this process would wait for ever to tell it.
    """
    script = vars(sys.modules["__main__"])
    kept: dict[str, object] = {
        name: script[name] for name in ("__file__", "__spec__") if name in script
    }
    script.pop("__file__", None)
    script["__spec__"] = None
    try:
        yield
    finally:
        script.update(kept)


_shared: list[tuple[Subgraph, Plan]] = []


def _start(graph: Subgraph, plan: Plan, threads: int, ended: Connection) -> None:
    """Once a worker: keep the graph, and share the cores instead of each taking all."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    # By now NumPy is loaded and no longer reads the environment.
    limit_blas(threads)
    _shared[:] = [(graph, plan)]
    Thread(target=_follow, args=(ended,), daemon=True).start()


def _follow(ended: Connection) -> None:
    """End with the evaluation, or with its process: a pool's processes would work on."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel, ended])
        os._exit(1)


def _worker(seed: int, group: tuple[int, ...]) -> list[Scored]:
    graph, plan = _shared[0]
    return _answer(graph, plan, seed, group)


def _answer(graph: Subgraph, plan: Plan, seed: int, group: tuple[int, ...]) -> list[Scored]:
    """Every learner on the targets of one group."""
    regime = parse(plan.regime)
    hidden = hide(
        graph,
        targets=np.array(group, dtype=np.int64),
        method=plan.method,
        regime=regime,
        seed=seed,
    )
    found = []
    for name in plan.learners:
        visible = hidden.with_scores if sees_scores(name) else hidden.visible
        began = time.perf_counter()
        fitted = make_learner(name).fit(visible, method=plan.method, seed=seed)
        training = (time.perf_counter() - began) / len(group)
        for truth in hidden.truths:
            asked = common(hidden, truth, plan.learners)
            began = time.perf_counter()
            ranking = fitted.rank(visible, truth.dataset, models=asked.model)
            seconds = training + time.perf_counter() - began
            found.append(_score(graph, plan, name, seed, asked, ranking, seconds))
    return found


def sees_scores(learner: str) -> bool:
    """Whether a learner may read TRANSFERABILITY on the target."""
    return learner.startswith("score:") or learner.endswith("+scores")


def common(hidden: Hidden, truth: Truth, learners: Sequence[str]) -> Truth:
    """The target's models that every ``score:*`` learner covers, where those cover any."""
    scores = hidden.with_scores.transferabilities
    keep = np.ones(len(truth.model), dtype=bool)
    for name in learners:
        if name.startswith("score:"):
            rows = (scores.method == name.removeprefix("score:")) & (
                scores.dataset == truth.dataset
            )
            covered = np.isin(truth.model, scores.model[rows])
            keep &= covered | ~covered.any()
    if keep.all():
        return truth
    return Truth(
        dataset=truth.dataset,
        model=truth.model[keep],
        value=truth.value[keep],
        smaller_is_better=truth.smaller_is_better,
        gap=truth.gap,
    )


def _score(
    graph: Subgraph,
    plan: Plan,
    learner: str,
    seed: int,
    truth: Truth,
    ranking: Ranking,
    seconds: float,
) -> Scored:
    known = np.isfinite(ranking.score)
    metrics = UNDEFINED
    if known.sum() >= 3:
        metrics = agreement(
            ranking.score[known],
            truth.value[known],
            seed=seed,
            smaller_is_better=truth.smaller_is_better,
        )
    bounded = np.isfinite(ranking.low) & np.isfinite(ranking.high)
    inside = (truth.value >= ranking.low) & (truth.value <= ranking.high)
    covered = bounded.all() and len(bounded) > 0
    result = Result(
        learner=learner,
        modality=graph.modality,
        method=plan.method,
        regime=plan.regime,
        seed=seed,
        target=str(graph.datasets.id[truth.dataset]),
        n=int(known.sum()),
        **_numbers(metrics),
        coverage=float(inside.mean()) if covered else None,
        width=float((ranking.high - ranking.low).mean()) if covered else None,
        seconds=seconds,
    )
    prediction = Prediction(learner, seed, result.target, truth.model, truth.value, ranking)
    return Scored(result, truth.gap, prediction)


def _numbers(metrics: Metrics) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in asdict(metrics).items()}
