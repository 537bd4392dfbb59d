"""``zoo train``."""

from __future__ import annotations

import json

import click

from cli.options import as_json, method, modality, open_zoo
from cli.text import say


@click.command()
@modality
@method
@click.option("--learner", help="Which learner (default: the inductive one).")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--no-default", is_flag=True, help="Keep it, but let the default one answer.")
@as_json
@click.pass_context
def train(
    ctx: click.Context,
    modality: str | None,
    method: str,
    learner: str | None,
    seed: int,
    device: str,
    no_default: bool,
    as_json: bool,
) -> None:
    """Train the inductive graph learner on what the zoo holds, and keep it."""
    from cli.progress import bar

    with open_zoo(ctx) as zoo, bar("Train") as move:
        record = zoo.train(
            modality=modality,
            method=method,
            learner=learner,
            seed=seed,
            device=device,
            default=not no_default,
            progress=move,
        )
    if as_json:
        from cli.rows import print_json

        metrics = json.loads(record.metrics)
        print_json(
            {
                "learner": record.id,
                "kind": record.kind,
                "modality": record.modality,
                "method": record.method,
                "artifact": record.artifact,
                "metrics": metrics,
            }
        )
        return
    say(f"Learner {record.id} ({record.kind}, {record.modality}, {record.method}).")
    _say_metrics(json.loads(record.metrics))
    say("Next: zoo predict DATASET, or zoo predict --all")


def _say_metrics(metrics: dict[str, object]) -> None:
    """How well targets held out in training were ranked; 0 is where nothing could be compared."""
    known = {name: value for name, value in metrics.items() if isinstance(value, float) and value}
    if not known:
        return
    say("Held-out targets, mean of Pearson and weighted Kendall (1 is the true order):")
    for name, value in known.items():
        stage, _, part = name.partition("_")
        models = {"warm": "models with results", "cold": "models without"}.get(stage, stage)
        say(f"  {models}, {part.replace('_', ' ')}: {value:.3f}")
