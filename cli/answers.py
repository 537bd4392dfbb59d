"""Ranked models as ``zoo predict`` and ``zoo candidates`` show them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from cli.rows import print_json, print_table
from cli.text import cell, count, interval, plain, say
from graphdb.errors import to_type
from zoo.paths import path_of

if TYPE_CHECKING:
    from zoo import Candidates, Limits

_LOADERS = {
    "image": "AutoModelForImageClassification",
    "text": "AutoModelForSequenceClassification",
}
_COLUMNS = ("", "model", "predicted", "interval", "measured", "parameters", "licence", "model mean")


def print_answers(answers: list[Candidates], *, as_json: bool, limits: Limits) -> None:
    """Each dataset's table and what fell outside the limits; at the end what to type next."""
    for answer in answers:
        if as_json:
            head = {"dataset": answer.dataset, "method": answer.method, "metric": answer.metric}
            for model in answer.models:
                row = {**head, **asdict(model)}
                print_json({**row, "learner": answer.learner})
        else:
            _print_answer(answer, limits)
    found = [answer for answer in answers if answer.models]
    if found and not as_json:
        # Of many datasets the last one is an example.
        _print_next(found[-1])


def _print_answer(answer: Candidates, limits: Limits) -> None:
    rows = [
        [
            str(model.rank),
            cell(model.model),
            cell(model.accuracy),
            interval(model.low, model.high),
            cell(model.measured),
            count(model.parameters),
            cell(model.license),
            # A z-score that is 0 but for its rounding is 0, without a sign.
            cell(None if model.model_mean is None else round(model.model_mean, 3) + 0.0),
        ]
        for model in answer.models
    ]
    smaller = " (smaller is better)" if answer.metric == "mse" else ""
    how = f"{answer.method} fine-tuning, {answer.metric}{smaller}, learner {answer.learner}"
    title = f"{answer.dataset}: {how}"
    if rows:
        print_table(_COLUMNS, rows, title)
    else:
        say(f"{answer.dataset}: no model passes.")
    for note in answer.notes:
        say(f"Note: {note}")
    _print_outside(answer, limits)


def _print_outside(answer: Candidates, limits: Limits) -> None:
    if not limits.any:
        return
    # A property keeps its name, a sentence its spelling.
    words = {"license": "licence"}
    parts = ", ".join(f"{words.get(name, name)} {n}" for name, n in answer.outside.items())
    outside = answer.total - answer.passing
    say(f"{answer.passing} of {answer.total} models pass; {outside} fell outside ({parts}).")
    if not answer.passing:
        say("Families, licences and sizes that there are: zoo ls models")
    if answer.unknown:
        say(f"Of {answer.unknown} of these too little is known. Keep them: --allow-unknown")


def _print_next(answer: Candidates) -> None:
    # What was fine-tuned already needs no second time.
    untried = [model for model in answer.models if model.measured is None]
    first = (untried or answer.models)[0]
    best = plain(first.model)
    loaded = plain(path_of(first.source) or best)
    loader = _LOADERS.get(answer.modality or "", "AutoModel")
    say(f"Next: transformers.{loader}.from_pretrained({loaded!r})")
    dataset = plain(answer.dataset)
    params = ["--param", f"model={best}", "--param", f"dataset={dataset}"]
    say(f"Why: {to_type('query evidence', options=params)}")
    result = [f"--{plain(answer.metric)}", "..."]
    say(f"Then: {to_type('record', best, dataset, options=result)}")
