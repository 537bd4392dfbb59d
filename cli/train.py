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
    for name, value in json.loads(record.metrics).items():
        if isinstance(value, int | float):
            say(f"  {name.replace('_', ' ')}: {value:.3f}")
    say("Next: zoo predict DATASET, or zoo predict --all")
