"""``zoo ingest runs``: fine-tune what the graph lacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.options import as_json, dry_run, modality, names, open_zoo
from cli.text import counted, say
from graphdb.errors import ZooError

if TYPE_CHECKING:
    from graphdb.store import Store
    from zoo.hub.failures import Failure
    from zoo.jobs.planning import Plan, Request
    from zoo.jobs.running import Progress

Command = TypeVar("Command", bound=Callable[..., Any])
#: Jobs and failures shown; --json gives all of them.
_SHOWN = 15


def settings(command: Command) -> Command:
    """Options that make the settings of a fine-tuning; the recipe gives the rest."""
    for option in (
        click.option("--lora-dropout", type=float),
        click.option("--lora-alpha", type=int),
        click.option("--lora-rank", type=int),
        click.option("--image-size", type=int, help="Pixels a side."),
        click.option("--max-length", type=int, help="Tokens a text is cut to."),
        click.option("--augment", is_flag=True, default=None, help="Random crop and flip."),
        click.option("--warmup", type=float, help="Share of the steps."),
        click.option("--scheduler", type=click.Choice(["linear", "cosine", "constant", "cyclic"])),
        click.option("--optimizer", type=click.Choice(["adamw", "sgd"])),
        click.option("--precision", type=click.Choice(["auto", "float32", "bfloat16", "float16"])),
        click.option("--patience", type=int, help="Epochs without gain before stopping early."),
        click.option("--batch-size", type=int),
        click.option("--learning-rate", type=float),
        click.option("--epochs", type=float),
        click.option("--method", type=click.Choice(["full", "lora", "linear"]), default="full"),
        click.option("--recipe", default="default", help="default, thesis-image or thesis-text."),
    ):
        command = option(command)
    return command


@click.command()
@click.option("--models", multiple=True, help="Ids in the zoo, or references; repeat, or commas.")
@click.option("--datasets", multiple=True, help="Ids in the zoo, or references; the same.")
@modality
@settings
@click.option("--seed", type=int, help="Only results of this seed count as present.")
@click.option("--max-samples", type=click.IntRange(10), help="Samples of a dataset at most.")
@click.option("--order", type=click.Choice(["predicted", "cheap"]), default="predicted")
@click.option("--budget", help="Stop after this long: 90s, 30m, 4h.")
@click.option("--retry", is_flag=True, help="Take failed jobs again.")
@click.option("--on", "where", type=click.Choice(["local", "ray"]), default="local")
@click.option("--parallel", type=click.IntRange(1), default=1, help="Jobs at a time (local).")
@click.option("--ray-address", help="A Ray cluster's address; a local one where not given.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads a job.")
@click.option("--config", "path", type=click.Path(path_type=Path), help="TOML of the datasets.")
@click.option("--trust-remote-code", is_flag=True, help="Run code that a model brings along.")
@click.option("--allow-pickle", is_flag=True, help="Load weights that are only pickled.")
@click.option("--track", multiple=True, help="tensorboard, wandb, ...: transformers' callbacks.")
@click.option("--push-to-hub", help="Repository for the trained model.")
@dry_run
@as_json
@click.pass_context
def runs(
    ctx: click.Context,
    /,
    models: tuple[str, ...],
    datasets: tuple[str, ...],
    modality: str | None,
    recipe: str,
    method: str,
    seed: int | None,
    max_samples: int | None,
    order: str,
    budget: str | None,
    retry: bool,
    where: str,
    parallel: int,
    ray_address: str | None,
    threads: int | None,
    path: Path | None,
    trust_remote_code: bool,
    allow_pickle: bool,
    track: tuple[str, ...],
    push_to_hub: str | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Fine-tune every pair of model and dataset without a result, one process a job.

    Each job is claimed in the graph, and written back the moment it ends: stop it, kill it, start
    it again or on another machine, and only what is missing is done. --dry-run prices the plan.
    """
    from zoo.hub.configs import read_configs
    from zoo.jobs.launching import launcher_for, parse_seconds
    from zoo.jobs.planning import Request, make_plan
    from zoo.jobs.recipes import recipe as named
    from zoo.jobs.running import Progress, run_plan

    request = Request(
        models=names(models),
        datasets=names(datasets),
        modality=modality,
        settings=named(recipe, method=method, seed=seed, **options),
        seed=seed,
        order="cheap" if order == "cheap" else "predicted",
        retry=retry,
        max_samples=max_samples,
        trust_remote_code=trust_remote_code,
        allow_pickle=allow_pickle,
        trackers=track,
        push_to_hub=push_to_hub,
        threads=threads,
        configs=read_configs(path),
    )
    limit = parse_seconds(budget) if budget else None
    with open_zoo(ctx) as zoo:
        if not dry_run:
            request, failures = _with_missing(zoo.store, request)
            for failure in failures:
                say(f"Failed: {failure.reference}: {failure.reason}")
        plan = make_plan(zoo.store, request)
        _print_plan(plan, as_json=as_json, whole=dry_run)
        if dry_run:
            return
        if not plan.jobs and not plan.running:
            if as_json:
                _print_counts(Progress(0))
            return
        launcher = launcher_for(where, parallel=parallel, address=ray_address)
        with _jobs_bar() as tell:
            done = run_plan(zoo.store, plan, request, launcher, budget=limit, tell=tell)
    _print_done(done, as_json=as_json)
    if done.failed and not done.done:
        failed = "The job" if done.failed == 1 else f"All {done.failed} jobs"
        raise ZooError(f"{failed} failed; why: zoo ls jobs, then zoo show JOB")


def _with_missing(store: Store, request: Request) -> tuple[Request, list[Failure]]:
    """Named references that the zoo does not know are added first."""
    from dataclasses import replace

    from cli.progress import bar
    from zoo.jobs.ingestion import add_missing

    with bar("Add") as tell:
        models, datasets, failures = add_missing(
            store, request.models, request.datasets, configs=dict(request.configs), tell=tell
        )
    if (request.models and not models) or (request.datasets and not datasets):
        raise ZooError(f"{failures[0].reference}: {failures[0].reason}")
    return replace(request, models=models, datasets=datasets), failures


def _print_plan(plan: Plan, *, as_json: bool, whole: bool) -> None:
    from cli.rows import print_json

    price = plan.price
    if as_json and whole:
        for job in plan.jobs:
            spec = job.spec
            row = {"job": spec.id, "model": spec.model.id, "dataset": spec.dataset.id}
            print_json({**row, "seconds": job.seconds})
        hours = {name: getattr(price, name) / 3600 for name in ("seconds", "low", "high")}
        counts = {"present": plan.present, "failed": plan.failed, "running": len(plan.running)}
        total = {"jobs": len(plan.jobs), "unpriced": price.unknown, **counts}
        print_json({**total, "hours": hours.pop("seconds"), **hours})
        return
    say(
        f"{counted(len(plan.jobs), 'job')} missing; {counted(plan.present, 'pair')} "
        f"{'has' if plan.present == 1 else 'have'} a result, {plan.failed} failed before, "
        f"{len(plan.running)} run elsewhere."
    )
    if plan.failed:
        say("Take the failed ones again with --retry")
    if len(plan.jobs) > price.unknown:
        say(
            f"Price: {price.seconds / 3600:.2f} hours of one device "
            f"({price.low / 3600:.2f} to {price.high / 3600:.2f}), from like runs"
            + (f"; {counted(price.unknown, 'job')} like nothing known" if price.unknown else "")
        )
    elif plan.jobs:
        say("Price: unknown, no run in the zoo says how long it took.")
    for failure in plan.unreachable[:_SHOWN]:
        say(f"Left out: {failure.reason}")
    if len(plan.unreachable) > _SHOWN:
        say(f"and {len(plan.unreachable) - _SHOWN} more left out")
    if whole:
        for job in plan.jobs[:_SHOWN]:
            say(f"  {job.spec.model.id} on {job.spec.dataset.id}")
        if len(plan.jobs) > _SHOWN:
            say(f"  and {len(plan.jobs) - _SHOWN} more; all: --json")


@contextmanager
def _jobs_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar of jobs with what runs now and the time left by the speed so far."""
    from cli.progress import bar

    # A job takes longer than the half minute by which rich measures a speed.
    with bar("Jobs", estimated=False) as move:
        away = False

        def tell(progress: Progress) -> None:
            nonlocal away
            if progress.waiting and not away:
                say("The store does not answer: what runs goes on, and what ended is held on disk "
                    "until it does")  # fmt: skip
            away = progress.waiting
            ended = progress.done + progress.failed + progress.elsewhere
            move(ended / max(progress.total, 1), _standing(progress, ended))

        yield tell


def _standing(progress: Progress, ended: int) -> str:
    parts = [
        f"{ended} of {progress.total}",
        f"{progress.failed} failed",
        f"{len(progress.running)} running",
    ]
    if progress.left is not None:
        parts.append(f"{_duration(progress.left)} left")
    if progress.waiting:
        parts.append("waiting for the store")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


def _print_counts(done: Progress) -> None:
    from cli.rows import print_json

    print_json({"done": done.done, "failed": done.failed, "elsewhere": done.elsewhere,
                "held": done.held, "seconds": done.seconds,
                "budget_spent": done.budget_spent})  # fmt: skip


def _print_done(done: Progress, *, as_json: bool) -> None:
    from graphdb.jobs import LEASE_SECONDS

    if as_json:
        _print_counts(done)
    for model, dataset, reason in done.failures[:_SHOWN]:
        say(f"Failed: {model} on {dataset}: {reason}")
    if len(done.failures) > _SHOWN:
        say(f"and {len(done.failures) - _SHOWN} more failed")
    say(
        f"{done.done} done, {done.failed} failed, {done.elsewhere} elsewhere "
        f"in {done.seconds:.0f} s."
    )
    if done.held:
        workers = ", ".join(f"{count} by {owner}" for owner, count in done.held.items())
        say(
            f"Other workers still hold {sum(done.held.values())} of these jobs ({workers}). What "
            "they leave the same command does once they have ended; one of another machine that "
            f"falls silent is given up after {LEASE_SECONDS} s."
        )
    if done.budget_spent:
        say("The budget is spent; the same command goes on with the rest.")
    if done.failed:
        say("See them: zoo ls jobs, then zoo show JOB")
    elif done.done:
        say("Next: zoo train")
