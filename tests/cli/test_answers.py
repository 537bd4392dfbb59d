"""train, predict, candidates, evaluate, query, from a history to an answer, on both stores."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields
from pathlib import Path

import pytest

from graphdb.errors import ZooError
from graphdb.store import Store
from learn import AGGREGATES, BASELINES, DEFAULT, Result
from tests.cli.command import Zoo
from tests.cli.test_history import first_id
from tests.stores import Place
from zoo import Zoo as Python
from zoo.training import train

PREDICTED = (
    "MATCH (m:Model)-[p:PREDICTED]->(d:Dataset {id: $id}) RETURN p.run AS run, count(*) AS n"
)


def test_from_history_to_candidates(trained: Zoo, history: Path, place: Place) -> None:
    dataset = first_id(history / "datasets.csv")
    answers = trained("predict", dataset, "-k", "5", "--json").objects
    assert [row["rank"] for row in answers] == [1, 2, 3, 4, 5]
    for row in answers:
        assert row["low"] <= row["accuracy"] <= row["high"]
        assert 0 <= row["probability_best"] <= 1
        assert row["measured"] is None or 0 <= row["measured"] <= 1
    [stored] = place.run(PREDICTED, id=dataset)
    assert stored["n"] == 25
    published = place.run(
        "MATCH (:Learner)-[q:PUBLISHED]->(d:Dataset) RETURN d.id AS d, q.run AS r"
    )
    assert published == [{"d": dataset, "r": stored["run"]}]
    again = trained("candidates", dataset, "-k", "5", "--json").objects
    for one, other in zip(answers, again, strict=True):
        assert one["model"] == other["model"]
        assert math.isclose(one["accuracy"], other["accuracy"])
        assert (one["measured"] is None) == (other["measured"] is None)


def test_predict_again_replaces(trained: Zoo, history: Path, place: Place) -> None:
    dataset = first_id(history / "datasets.csv")
    for _ in range(3):
        trained("predict", dataset)
    runs = place.run(PREDICTED, id=dataset)
    # The published run, and the one before it for those who still read.
    assert [row["n"] for row in runs] == [25, 25]


def test_no_write_writes_nothing(trained: Zoo, history: Path, place: Place) -> None:
    before = place.count()
    trained("predict", first_id(history / "datasets.csv"), "--no-write")
    assert place.count() == before


def test_all_predicts_every_dataset(trained: Zoo, place: Place) -> None:
    ended = trained("predict", "--all")
    assert [ended.err.count(line) for line in ("Next: ", "Why: ", "Then: ")] == [1, 1, 1]
    assert place.run("MATCH ()-[p:PREDICTED]->() RETURN count(p) AS n") == [{"n": 150}]


def test_limits_say_what_fell_outside(trained: Zoo, history: Path) -> None:
    dataset = first_id(history / "datasets.csv")
    models = trained("ls", "models", "--json").objects
    limit = sorted(row["parameters"] for row in models)[9]
    trained("predict", dataset)
    for command in (("predict", "--no-write"), ("candidates",)):
        ended = trained(*command, dataset, "--max-parameters", str(limit), "-k", "20")
        assert "10 of 25 models pass; 15 fell outside (parameters 15)" in ended.err
        assert "--allow-unknown" not in ended.err, "all sizes are known"
        rows = trained(
            *command, dataset, "--max-parameters", str(limit), "-k", "20", "--json"
        ).objects
        assert len(rows) == 10 and all(row["parameters"] <= limit for row in rows)
    unknown = sum(row["license"] is None for row in models)
    for command in (("predict", "--no-write"), ("candidates",)):
        ended = trained(*command, dataset, "--license", "no-such-licence")
        assert "0 of 25 models pass; 25 fell outside (licence 25)" in ended.err
        assert "that there are: zoo ls models\n" in ended.err
        assert f"Of {unknown} of these too little is known. Keep them: --allow" in ended.err
    assert "100M" in trained.fails("candidates", dataset, "--max-parameters", "many")


def test_own_record_does_not_move_its_prediction(trained: Zoo, history: Path) -> None:
    dataset = first_id(history / "datasets.csv")
    before = {r["model"]: r for r in trained("predict", dataset, "-k", "25", "--json").objects}
    best = next(iter(before))
    trained("record", best, dataset, "--accuracy", "0.0", "--seed", "99")
    after = {r["model"]: r for r in trained("predict", dataset, "-k", "25", "--json").objects}
    assert after[best]["measured"] != before[best]["measured"]
    assert math.isclose(after[best]["score"], before[best]["score"], abs_tol=1e-6)


def test_ranks_that_accuracies_do_not_follow_are_explained(trained: Zoo, place: Place) -> None:
    place.run("CREATE (:Dataset {id: 'new', modality: 'image'})")
    before = trained("predict", "new", "-k", "25", "--json").objects
    accuracies = [row["accuracy"] for row in before]
    assert accuracies == sorted(accuracies, reverse=True)
    trained("record", before[0]["model"], "new", "--accuracy", "0.99")
    after = trained("predict", "new", "-k", "25", "--json").objects
    assert after[0]["model"] == before[0]["model"]
    assert math.isclose(after[0]["accuracy"], before[0]["accuracy"], abs_tol=0.01)
    assert after[1]["accuracy"] > after[0]["accuracy"]
    for command in ("predict", "candidates"):
        assert "(1 of these 25) is placed without it" in trained(command, "new", "-k", "25").err
        assert "Ranks count" not in trained(command, "new", "-k", "1").err


def test_what_is_missing_is_said(trained: Zoo, history: Path, tmp_path: Path) -> None:
    dataset = first_id(history / "datasets.csv")
    assert f"zoo predict {dataset}" in trained.fails("candidates", dataset)
    assert "--all" in trained.fails("predict")
    assert "Did you mean" in trained.fails("predict", dataset + "x")
    error = trained.fails("predict", dataset, "--modality", "text")
    assert f"'{dataset}' is of modality image, not text. Predict it" in error
    for path in (dataset, str(tmp_path)):
        error = trained.fails("predict", path, "--method", "lora")
        assert "no result to train one on. Make some: zoo ingest runs" in error
    trained("record", "m", dataset, "--accuracy", ".5", "--method", "lora", "--create")
    for path in (dataset, str(tmp_path)):
        assert ": zoo train " in trained.fails("predict", path, "--method", "lora")
    [learner] = trained("ls", "learners", "--json").objects
    other = trained.fails("predict", dataset, "--method", "lora", "--learner", learner["id"])
    assert "for image models and full fine-tuning, not for image models and lora" in other
    for file in Path(str(tmp_path / "artifacts")).iterdir():
        file.write_bytes(b"something else")
    assert "SHA-256" in trained.fails("predict", dataset)
    for file in Path(str(tmp_path / "artifacts")).iterdir():
        file.unlink()
    assert "ZOO_ARTIFACTS" in trained.fails("predict", dataset)


def test_a_learner_is_asked_for_before_the_probe(trained: Zoo, tmp_path: Path) -> None:
    lines = [f'{{"text": "a {word} film", "label": "{word}"}}' for word in ("good", "bad") * 9]
    (tmp_path / "reviews.jsonl").write_text("\n".join(lines))
    told: list[str] = []
    with Python.open() as opened:
        for modality, said in ((None, "No learner for text"), ("image", "is of modality text")):
            with pytest.raises(ZooError, match=said):
                opened.predict(tmp_path / "reviews.jsonl", modality=modality,
                               progress=lambda _, text: told.append(text))  # fmt: skip
    assert told and not any("loading" in text for text in told)


def test_training_is_kept_with_its_provenance(
    zoo: Zoo, history: Path, place: Place, tmp_path: Path
) -> None:
    zoo("ingest", "records", str(history))
    (tmp_path / "file").touch()
    shares: list[float] = []
    with pytest.MonkeyPatch.context() as patch, Store.open() as store:
        patch.setenv("ZOO_ARTIFACTS", str(tmp_path / "file" / "artifacts"))
        with pytest.raises(
            ZooError, match=r"^Cannot write the artefact probe .* Set ZOO_ARTIFACTS"
        ):
            train(store, modality="image", progress=lambda done, _: shares.append(done))
        with pytest.raises(ZooError, match=r"not kept: zoo evaluate --learner metadata-lr\. To"):
            train(store, learner="metadata-lr", progress=lambda done, _: shares.append(done))
    assert not shares, "it is not trained first"
    told = zoo("train", "--modality", "image").err
    assert "mean of Pearson and weighted Kendall" in told
    assert "models with results, all: 0." in told and ": 0.000" not in told
    listed = zoo("ls", "learners")
    assert "{" not in listed.out and "zoo show LEARNER" in listed.err
    [quality] = re.findall(r"models with results, all: (0\.\d+)", told)
    assert listed.out.splitlines()[0].split()[-3:] == ["with", "results", "without"]
    assert quality in listed.out
    [learner] = zoo("ls", "learners", "--json").objects
    assert json.loads(learner["metrics"])["warm_all"] == pytest.approx(float(quality), abs=5e-4)
    assert learner["kind"] == DEFAULT and learner["default"]
    [row] = place.run("MATCH (l:Learner) RETURN l.config AS config, l.run AS run, l.sha256 AS sha")
    assert '"seed": 0' in str(row["config"]) and '"fingerprint"' in str(row["config"])
    assert place.run("MATCH (r:Run {id: $id}) RETURN r.kind AS kind", id=row["run"])
    zoo("train", "--seed", "1", "--learner", "inductive-trees")
    default = place.run("MATCH (l:Learner) WHERE l.default RETURN count(l) AS n")
    assert default == [{"n": 1}]


def test_evaluate_prints_the_protocols_keys(zoo: Zoo, history: Path) -> None:
    zoo("ingest", "records", str(history))
    arguments = [part for name in BASELINES for part in ("--learner", name)]
    rows = zoo("evaluate", "--modality", "image", "--seeds", "2", "--json", *arguments).objects
    keys = [field.name for field in fields(Result)]
    assert all(list(row) == keys for row in rows)
    assert {row["seed"] for row in rows} == {0, 1}
    targets = {row["target"] for row in rows}
    assert set(AGGREGATES) < targets and len(targets) == len(AGGREGATES) + 6
    assert {row["learner"] for row in rows} == set(BASELINES)
    one = zoo("evaluate", "--learner", "model-mean", "--workers", "1")
    assert "model-mean" in one.out
    assert "Did you mean" in zoo.fails("evaluate", "--learner", "model-men")
    assert "nothing to compare" not in one.err
    all_seen = zoo("evaluate", "--learner", "random", "--workers", "1", "--regime", "few:9999")
    assert "few:9999 leaves no target with 3 results" in all_seen.err


def test_evaluate_draws_several_regimes(zoo: Zoo, history: Path, tmp_path: Path) -> None:
    zoo("ingest", "records", str(history))
    folder = tmp_path / "plots"
    regimes = ("--regime", "dense", "--regime", "zoo:0.6")
    few = ("--learner", "model-mean", "--learner", "random", "--workers", "1")
    ended = zoo("evaluate", "--json", "--modality", "image", *few, *regimes, "--plots", str(folder))
    assert {row["regime"] for row in ended.objects} == {"dense", "zoo:0.6"}
    names = {"rel_at_k", "metrics_by_target", "metrics_by_target_zoo-0.6", "models_kept"}
    assert {path.stem for path in folder.iterdir()} == names
    assert all(f"{name}.png" in ended.err for name in names)
    before = (folder / "rel_at_k.png").read_bytes()
    zoo("evaluate", *few, "--modality", "image", "--plots", str(folder))
    assert (folder / "rel_at_k.png").read_bytes() != before
    assert {path.stem for path in folder.iterdir()} == names
    file = folder / "rel_at_k.png"
    assert "with --plots" in zoo.fails("evaluate", *few, "--plots", str(file))
    assert "with --plots" in zoo.fails("evaluate", *few, "--plots", str(file / "deeper"))
    assert "No regime 'warm'" in zoo.fails(
        "evaluate", *few, "--regime", "dense", "--regime", "warm"
    )


def test_every_named_query_runs(trained: Zoo, history: Path) -> None:
    dataset, model = (first_id(history / f"{kind}.csv") for kind in ("datasets", "models"))
    trained(
        "record", "never/tried", "elsewhere", "--accuracy", ".5", "--create", "--modality", "image"
    )
    trained("predict", dataset)
    values = {"dataset": dataset, "model": model, "method": "full"}
    for query in trained("query", "--list", "--json").objects:
        wanted = [name for name in query["params"].split(", ") if name in values]
        given = [part for name in wanted for part in ("--param", f"{name}={values[name]}")]
        assert trained("query", query["query"], *given, "--json").out
        assert "MATCH" in trained("query", query["query"], "--text").out
    assert "limit; missing: dataset. Type" in trained.fails("query", "candidates")
    error = trained.fails("query", "candidates", "--param", "data=x")
    assert "; missing: dataset, unknown: data. Type" in error
    assert "Did you mean" in trained.fails("query", "candidate")
