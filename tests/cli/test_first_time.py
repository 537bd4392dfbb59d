"""What somebody meets who uses the command line for the first time, on both stores."""

from __future__ import annotations

import copy
import pickle
import re
import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import options
from cli.answers import print_answers
from cli.text import plain
from graphdb import embedded
from graphdb.errors import listed
from graphdb.records import Refusal
from tests.cli.command import Ended, Zoo
from tests.cli.test_history import first_id
from tests.stores import Place
from zoo import Candidate, Candidates, Limits, ZooError
from zoo import Zoo as Python
from zoo.sources.refusals import summarise

VIT_ON_PETS = ("record", "vit", "pets", "--accuracy", ".9", "--create", "--modality", "image")


def test_queries_take_ids_as_text_and_know_defaults(zoo: Zoo) -> None:
    zoo("record", "vit", "2012", "--accuracy", ".9", "--create")
    [row] = zoo("query", "records", "--param", "dataset=2012", "--json").objects
    assert row["model"] == "vit"
    error = zoo.fails("query", "records", "--param", "dataset=201")
    assert "Did you mean '2012'" in error
    for limit in ("-1", "many", "true", "1.5", str(2**63)):
        error = zoo.fails("query", "recent_runs", "--param", f"limit={limit}")
        assert "--param limit=10" in error
    assert "full, lora, linear" in zoo.fails(
        "query", "records", "--param", "dataset=2012", "--param", "method=Full"
    )


@pytest.mark.parametrize(
    "setting",
    [
        ("--epochs", "-3"), ("--seconds", "nan"), ("--learning-rate", "inf"),
        ("--batch-size", "0"), ("--batch-size", str(10**20)), ("--seed", str(10**20)),
    ],
)  # fmt: skip
def test_record_refuses_settings_that_cannot_be(
    zoo: Zoo, place: Place, setting: tuple[str, str]
) -> None:
    name, value = setting
    error = zoo.fails(*VIT_ON_PETS, f"{name}={value}")
    assert name[2:].replace("-", " ") in error
    assert place.run("MATCH (n:Model) RETURN n.id") == []


def test_a_second_metric_of_one_training_is_a_second_result(zoo: Zoo, place: Place) -> None:
    zoo(*VIT_ON_PETS)
    assert zoo("record", "vit", "pets", "--f1", ".8", "--json").objects[0]["result"] == "created"
    assert zoo("record", "vit", "pets", "--f1", ".7", "--json").objects[0]["result"] == "updated"
    assert zoo("record", "vit", "pets", "--f1", ".8", "--method", "lora").err.count("\n") == 1
    ended = zoo("record", "bert", "pets", "--mse", "2.5", "--create", "--json")
    assert ended.objects[0]["result"] == "created"
    assert ended.err == (
        "Note: accuracy is the usual metric of 'pets' (1 of 3 full results): that is learned from "
        "and compared with, mse is not\n"
    )
    zoo("forget", "bert")
    found = place.run(
        "MATCH ()-[r:FINE_TUNED_ON]->() WHERE r.method = 'full' "
        "RETURN r.metric AS m, r.value AS v ORDER BY m"
    )
    assert found == [{"m": "accuracy", "v": 0.9}, {"m": "f1", "v": 0.7}]


def test_what_is_new_is_of_the_modality_of_what_is_known(zoo: Zoo) -> None:
    assert "--create" in zoo.fails("record", "vit", "pets", "--accuracy", ".9")
    zoo(*VIT_ON_PETS)
    assert "--create" in zoo.fails("record", "vit", "flowers", "--accuracy", ".9")
    zoo("record", "vit", "flowers", "--accuracy", ".9", "--create")
    assert zoo("show", "flowers", "--json").objects[0]["modality"] == "image"


def test_what_is_not_there_is_neither_forgotten_nor_shown(zoo: Zoo) -> None:
    zoo(*VIT_ON_PETS)
    assert "Did you mean 'pets'" in zoo.fails("forget", "pet")
    assert "Did you mean 'pets'" in zoo.fails("forget", "pet", "--kind", "dataset")
    assert "No model 'pets'" in zoo.fails("forget", "pets", "--kind", "model")
    assert "Did you mean 'pets'" in zoo.fails("show", "pet")
    assert "zoo ls models" in zoo.fails("show", "pets", "--kind", "model")
    for command in (("show", "PETS"), ("forget", "PETS"), ("predict", "PETS"),
                    ("query", "records", "--param", "dataset=PETS")):  # fmt: skip
        assert "Did you mean 'pets'" in zoo.fails(*command)
    assert "Did you mean 'records'" in zoo.fails("query", "Record", "--text")
    assert "Did you mean 'image'" in zoo.fails("train", "--modality", "iamge")


def test_a_long_reason_is_shown_to_its_end(zoo: Zoo) -> None:
    zoo(*VIT_ON_PETS)
    reason = " ".join(f"word{number:03}" for number in range(50))
    zoo("quarantine", "pets", "--reason", reason)
    assert reason in " ".join(zoo("show", "pets").out.split())


def test_moments_are_read_by_programs_and_by_people(zoo: Zoo) -> None:
    zoo(*VIT_ON_PETS)
    [run] = zoo("ls", "runs", "--json").objects
    rows = [run, *zoo("show", run["id"], "--json").objects]
    rows += zoo("query", "recent_runs", "--json").objects
    for row in rows:
        for moment in ("started", "finished"):
            assert datetime.fromisoformat(row[moment]).utcoffset() is not None
    shown = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(Z|\+00:00) ", zoo("ls", "runs").out)
    assert shown is not None, "to the second, on one line"


def test_results_that_are_left_out_are_counted(
    zoo: Zoo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models = [f"m{number:02}" for number in range(25)]
    (tmp_path / "models.csv").write_text("id\n" + "\n".join(models))
    (tmp_path / "datasets.csv").write_text("id\npets\n")
    rows = [f"{model},pets,{1 + n},mse" for n, model in enumerate(models)]
    rows += ["m00,pets,.5,accuracy", "m01,pets,.6,accuracy"]
    (tmp_path / "fine_tunings.csv").write_text("model,dataset,value,metric\n" + "\n".join(rows))
    zoo("ingest", "records", str(tmp_path))
    with caplog.at_level("INFO", logger="graphdb"):
        ended = zoo("--verbose", "show", "pets")
    assert "20 rows" in next(line for line in caplog.messages if "dataset_results" in line)
    assert "The first 20 of 27 results; all of them: zoo show pets --limit 27\n" in ended.err
    [shown] = zoo("show", "pets", "--json").objects
    assert (len(shown["results"]), shown["total"]) == (20, 27)
    best_first = ["m01", "m00", *models]
    assert [row["model"] for row in shown["results"]] == best_first[:20]
    whole = zoo("show", "pets", "--limit", "27")
    assert all(model in whole.out for model in models) and whole.err == ""
    records = zoo("query", "records", "--param", "dataset=pets", "--param", "limit=27", "--json")
    assert [row["model"] for row in records.objects] == best_first


@pytest.mark.parametrize(
    "wrong",
    [
        ("predict", "pets", "--level", "2"), ("ls",), ("ls", "foo"), ("export", "out", "--jsn"),
        ("record", "vit"), ("nonsense",), ("db", "restore", "not/there"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_one_line(zoo: Zoo, wrong: tuple[str, ...]) -> None:
    ended = zoo.try_(*wrong)
    assert (ended.code, ended.out) == (1, "")
    [line] = ended.err.splitlines()
    assert line.startswith("Error: ") and line.endswith(" --help")


@pytest.mark.parametrize(
    "hostile",
    [
        ("--\x1b[31mred",), ("ls", "\u202eledom"), ("\x1b]0;title\x07",), ("ls", "models\nError: "),
        ("ls", "models", "--limit", "\x1b[2J"), ("ls", "models", "\u2067extra\x1b[8m"),
        ("record", "a", "b", "--accuracy", "\u202e9."), ("show", "--kind", "\x9b31m", "x"),
        ("predict", "pets", "--\udcff"), ("db", "restore", "\x1b[31m\n/nowhere"),
        ("export", "out", "--jso\x1b[5m"), ("train", "--seed", "1\r2"),
    ],
)  # fmt: skip
def test_a_hostile_argument_is_shown_plain(zoo: Zoo, hostile: tuple[str, ...]) -> None:
    ended = zoo.try_(*hostile)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: ") and ended.err.endswith(" --help\n")
    assert plain(ended.err.removesuffix("\n")) + "\n" == ended.err


def test_an_empty_zoo_says_how_to_fill_it(zoo: Zoo) -> None:
    for kind, command in (
        ("models", "zoo ingest records PATH"), ("datasets", "zoo ingest records PATH"),
        ("learners", "zoo train"), ("jobs", "zoo ingest runs --dry-run"),
    ):  # fmt: skip
        ended = zoo("ls", kind)
        assert ended.out == "" and command in ended.err
    assert zoo("ls", "models", "--json").out == ""


def test_no_empty_line_where_nobody_looks(zoo: Zoo, history: Path) -> None:
    ended = zoo("ingest", "records", str(history))
    assert all(ended.err.splitlines())


def test_the_next_command_works(zoo: Zoo, tmp_path: Path) -> None:
    (tmp_path / "models.csv").write_text("id,modality\nvit,image\nbert,text\n")
    (tmp_path / "datasets.csv").write_text("id,modality\npets,image\nsst2,text\n")
    (tmp_path / "fine_tunings.csv").write_text(
        "model,dataset,accuracy\nvit,pets,.9\nbert,sst2,.9\n"
    )
    ended = zoo("ingest", "records", str(tmp_path))
    assert "zoo train --modality image\n" in ended.err
    assert "zoo train --modality text\n" in ended.err
    assert "Undo: zoo forget " in ended.err


def _bundle(folder: Path, fine_tunings: str) -> Path:
    folder.mkdir()
    (folder / "models.csv").write_text("id,modality\nvit b,image\nbert,text\n")
    (folder / "datasets.csv").write_text("id,modality\npets,image\nsst2,text\n")
    (folder / "fine_tunings.csv").write_text(f"model,dataset,method,accuracy\n{fine_tunings}")
    return folder


def _next(ended: Ended) -> list[list[str]]:
    lines = [line for line in ended.err.splitlines() if line.startswith("Next: zoo ")]
    return [shlex.split(line)[2:] for line in lines]


def test_the_next_command_after_a_bundle_without_results_works(zoo: Zoo, tmp_path: Path) -> None:
    ended = zoo("ingest", "records", str(_bundle(tmp_path / "none", "")))
    [command] = _next(ended)
    assert command == ["record", "vit b", "pets", "--accuracy", ".9"]
    zoo(*command)


def test_the_next_command_names_what_there_is_to_learn_from(zoo: Zoo, tmp_path: Path) -> None:
    """Of the zoo, not of the bundle: the other kind of model and another method count."""
    ended = zoo("ingest", "records", str(_bundle(tmp_path / "image", "vit b,pets,lora,.9\n")))
    assert _next(ended) == [["train", "--method", "lora"]]
    for command in ("train", "evaluate", "predict --all"):
        assert zoo.fails(*command.split()).endswith("yet, but lora. Ask for that: --method lora")
    ended = zoo("ingest", "records", str(_bundle(tmp_path / "text", "bert,sst2,lora,.9\n")))
    assert _next(ended) == [
        ["train", "--modality", modality, "--method", "lora"] for modality in ("image", "text")
    ]
    (tmp_path / "more").mkdir()
    for name, text in (
        ("models", "id,modality\nresnet,image\n"), ("datasets", "id,modality\nflowers,image\n"),
        ("fine_tunings", "model,dataset,accuracy\nresnet,flowers,.9\n"),
    ):  # fmt: skip
        (tmp_path / "more" / f"{name}.csv").write_text(text)
    assert _next(zoo("ingest", "records", str(tmp_path / "more"))) == [["train"]]
    for name, text in (
        ("models", "id"), ("datasets", "id,modality\nnew,image\n"),
        ("fine_tunings", "model,dataset,accuracy"),
    ):  # fmt: skip
        (tmp_path / "more" / f"{name}.csv").write_text(text)
    ended = zoo("ingest", "records", str(tmp_path / "more"))
    assert _next(ended) == [["train"]] and "no result" not in ended.err


@pytest.mark.parametrize("told", ["models", "datasets"])
def test_the_other_end_of_a_result_is_of_the_same_modality(
    zoo: Zoo, tmp_path: Path, told: str
) -> None:
    """Whoever says it of the models alone has datasets that their learner answers for."""
    nodes = {"models": ["vit", "swin", "bert"], "datasets": ["pets", "dtd", "sst2", "new"]}
    kinds = {"vit": "image", "bert": "text", "pets": "image", "sst2": "text"}
    for table, names in nodes.items():
        lines = [f"{name},{kinds.get(name, '') if table == told else ''}" for name in names]
        (tmp_path / f"{table}.csv").write_text("\n".join(["id,modality", *lines]))
    pairs = ["vit,pets", "vit,dtd", "swin,pets", "bert,sst2", "bert,dtd"]
    results = "\n".join(["model,dataset,accuracy", *(f"{pair},.5" for pair in pairs)])
    (tmp_path / "fine_tunings.csv").write_text(results)
    ended = zoo("ingest", "records", str(tmp_path))
    assert "Next: zoo train --modality image" in ended.err
    found = {
        row["id"]: row["modality"] for kind in nodes for row in zoo("ls", kind, "--json").objects
    }
    assert {name: found[name] for name in kinds} == kinds
    assert found["swin"] == (None if told == "models" else "image")
    assert found["dtd"] is found["new"] is None, "models of both kinds, and none at all"


def test_commands_to_type_are_quoted(zoo: Zoo, tmp_path: Path) -> None:
    zoo("record", "vit", "a; b", "--accuracy", ".9", "--create", "--modality", "image")
    assert "zoo predict 'a; b'" in zoo.fails("candidates", "a; b")
    assert "zoo record vit 'a; b' --accuracy" in zoo.fails("record", "vit", "a; b")
    file = tmp_path / "my backup"
    assert f"zoo db restore '{file}'\n" in zoo("db", "backup", str(file)).err


def test_told_commands_are_for_the_store_that_was_typed(
    zoo: Zoo, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZOO_STORE", "bolt://127.0.0.1:1")
    typed = ("--store", place.address, "--database", place.database)
    ended = zoo(*typed, "ingest", "records", str(_bundle(tmp_path / "one", "bert,sst2,full,.9\n")))
    repeated = shlex.join(["zoo", *typed])
    assert f"Undo: {repeated} forget " in ended.err and f"Next: {repeated} train\n" in ended.err
    zoo(*shlex.split(ended.err.partition("Undo: zoo ")[2].partition("\n")[0]))
    error = zoo.fails(*typed, "candidates", "pets")
    assert f"Fill it first: {repeated} ingest records PATH" in error
    place.run("CREATE (:Job {id: 'j', status: 'failed', error: 'bad: zoo db status', "
              "arguments: '{\"command\": \"zoo ingest runs\"}'})")  # fmt: skip
    shown = zoo(*typed, "show", "j")
    assert f"bad: {repeated} db status\n" in shown.out and f"{repeated} ingest runs\n" in shown.out
    [row] = zoo(*typed, "show", "j", "--json").objects
    assert (row["error"], row["command"]) == ("bad: zoo db status", "zoo ingest runs")
    assert zoo(*typed, "ls", "jobs").out.endswith(f"  bad: {repeated} db status\n")
    assert zoo(*typed, "ls", "jobs", "--json").objects[0]["error"] == "bad: zoo db status"
    assert zoo.try_(*typed, "ls").err.endswith("See: zoo ls --help\n")
    assert ": zoo query --list\n" in zoo.fails(*typed, "query", "nonsense") + "\n"
    assert "zoo --store 'embedded:a b' ls datasets" in zoo.fails(
        "--store", "embedded:a b", "predict"
    )
    for secret in ("bolt://me:secret@host", "bolt://host?password=secret"):
        assert ": zoo ls datasets" in zoo.fails("--store", secret, "predict")
    assert ": zoo ls datasets" in zoo.fails("predict"), "nothing of a command before"


@given(st.lists(st.text(st.sampled_from('a",\n -'), min_size=1)))
def test_names_between_commas_come_back_whole(given_names: list[str]) -> None:
    assert options.names((",".join(map(listed, given_names)),)) == tuple(given_names)
    assert options.names(tuple(map(listed, given_names))) == tuple(given_names)


def test_a_name_with_a_comma_is_one_target(zoo: Zoo) -> None:
    zoo(*VIT_ON_PETS)
    assert "'pets, cats'" in zoo.fails("evaluate", "--targets", '"pets, cats"')
    assert "They stand between commas" in zoo.fails("evaluate", "--targets", '"pets')


def test_pushing_a_store_onto_itself_is_one_line(zoo: Zoo, place: Place) -> None:
    zoo(*VIT_ON_PETS)
    error = zoo.fails("db", "push", place.address)
    assert "is the store to push from: name another" in error


def test_what_was_pushed_is_looked_at_where_it_is(zoo: Zoo, tmp_path: Path) -> None:
    target, there = f"embedded:{tmp_path / 'copy'}", embedded.DATABASE
    ended = zoo("db", "push", target, "--database", there)
    assert f"Next: zoo --store {target} --database {there} db status\n" in ended.err


def test_answers_say_what_to_try_and_why(trained: Zoo, history: Path, place: Place) -> None:
    dataset = first_id(history / "datasets.csv")
    trained("record", "never/tried", dataset, "--accuracy", ".5", "--create")
    trained("forget", "never/tried")
    trained("record", "never/tried", "elsewhere", "--accuracy", ".5", "--create",
            "--modality", "image")  # fmt: skip
    ended = trained("predict", dataset, "-k", "1000")
    assert "from_pretrained('never/tried')" in ended.err
    assert f"zoo query evidence --param model=never/tried --param dataset={dataset}" in ended.err
    place.run("MATCH (m:Model {id: 'never/tried'}) SET m.source = 'file:///my%20models/tried'")
    ended = trained("predict", dataset, "-k", "1000")
    assert "from_pretrained('/my models/tried')" in ended.err, "what transformers can load"
    none = trained("candidates", dataset, "--max-parameters", "0")
    assert none.out == ""
    assert "no model passes" in none.err and "0 of " in none.err


def test_titles_are_not_folded(zoo: Zoo, tmp_path: Path) -> None:
    zoo(*VIT_ON_PETS)
    file = tmp_path / ("a rather long name of a backup" * 3)
    assert f"{file}: checked, counts and checksums agree\n" in zoo("db", "backup", str(file)).out


def test_refused_rows_are_told_by_kind() -> None:
    alike = [Refusal("scores.csv", line, f"comes again on line {line + 9}") for line in range(2, 9)]
    assert summarise(alike[:2]) == ["scores.csv:2: comes again on line 11 (and 1 row like it)"]
    assert summarise([*alike, Refusal("runs.csv", 5, "has no accuracy")]) == [
        "runs.csv:5: has no accuracy",
        "scores.csv:2: comes again on line 11 (and 6 rows like it)",
    ]
    names = ["b0", "b2", "b2", "r-50", "r-18", "x/2"]
    told = [Refusal("r.csv", 2, f"model 'mit-{name}' is not listed") for name in names]
    assert len(summarise(told)) == 5, "each of the names has to be mended"
    values = ["90.5", "91", "-3.25", "'94.1%'", "'8%'"]
    told = [Refusal("r.csv", 2, f"accuracy {value} is none") for value in values]
    assert len(summarise(told)) == 3, "numbers, negative ones and quoted ones"


def test_answers_name_the_metric(zoo: Zoo, tmp_path: Path) -> None:
    models, datasets = [f"m{n}" for n in range(4)], ["pets", "flowers", "cars"]
    (tmp_path / "models.csv").write_text("id\n" + "\n".join(models))
    (tmp_path / "datasets.csv").write_text("id\n" + "\n".join(datasets))
    rows = [f"{m},{d},.{n + 2}{k},f1" for n, m in enumerate(models) for k, d in enumerate(datasets)]
    (tmp_path / "fine_tunings.csv").write_text("model,dataset,value,metric\n" + "\n".join(rows))
    zoo("ingest", "records", str(tmp_path))
    zoo("train", "--learner", "inductive-kernel")
    for command in ("predict", "candidates"):
        ended = zoo(command, "pets", "-k", "1")
        assert "f1, learner" in ended.out and "pets --f1 ..." in ended.err
        assert ended.err.count("No interval: ") == 1
    assert zoo("candidates", "pets", "-k", "1", "--json").objects[0]["metric"] == "f1"
    nothing = zoo("query", "nearest_datasets", "--param", "dataset=pets")
    assert "zoo show pets" in nothing.err
    zoo("record", "m0", "birds", "--accuracy", ".5", "--method", "lora", "--create")
    for command in ("predict", "candidates"):
        # No result of this kind yet: it is expected in what the zoo's other datasets have.
        ended = zoo(command, "birds", "-k", "1")
        assert "f1, learner" in ended.out and "birds --f1 ..." in ended.err
    zoo("forget", "flowers")
    for command in (("predict", "birds"), ("candidates", "birds")):
        assert zoo(*command).err.count("Ranking only: ") == 1


def test_of_an_error_the_smaller_is_said_to_be_better(capsys: pytest.CaptureFixture[str]) -> None:
    best = Candidate(1, "vit", 0.9, 2.5, 2.0, 3.0, 0.5, *[None] * 6, model_mean=-1e-15)
    answer = Candidates("pets", "image", "l", "full", (best,), 1, 1, {}, metric="mse")
    print_answers([answer], as_json=False, limits=Limits())
    shown = capsys.readouterr().out
    assert "full fine-tuning, mse (smaller is better), learner l\n" in shown
    assert shown.endswith(" 0.000\n")


def test_a_dry_run_sends_nobody_to_what_it_did_not_write(zoo: Zoo, tmp_path: Path) -> None:
    error = zoo.fails("ingest", "models", str(tmp_path), "--dry-run")
    assert error == "Error: None of 1 models could be read"
    assert "zoo ls jobs" in zoo.fails("ingest", "models", str(tmp_path))


def test_every_command_that_writes_speaks_json(zoo: Zoo, tmp_path: Path) -> None:
    zoo(*VIT_ON_PETS)
    [aside] = zoo("quarantine", "pets", "--reason", "shuffled", "--json").objects
    assert aside == {"dataset": "pets", "quarantined": "shuffled"}
    [out] = zoo("export", str(tmp_path / "out"), "--json").objects
    assert out["rows"]["fine_tunings"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model;dataset;accuracy\nvit;pets;0,9\n", "separated by semicolons"),
        ("model\tdataset\taccuracy\nvit\tpets\t.9\n", "separated by tabs"),
        ("\ufeffmodel,dataset,accuracy\nvit,pets,.9\n", "fine_tunings.csv:1: is UTF-16: save it"),
        ("model,dataset,accuracy\nvit,pets,91\n", "percentages are written as fractions"),
        ("model,dataset,accuracy,,\nvit,pets,.9,,\n", "spreadsheet? Write it without). Correct"),
        (
            "model,dataset,accuracy,seed\n"
            + "".join(f"vit,pets,{90.5 + n / 2:g},{n}\n" for n in range(9)),
            "has 9 problems, nothing of it was taken: fine_tunings.csv:2: accuracy 90.5 is out of "
            "range, between 0 and 1 is allowed; percentages are written as fractions (and 8 rows "
            "like it). Correct",
        ),
    ],
)
def test_what_a_spreadsheet_writes(zoo: Zoo, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "models.csv").write_text("id\nvit\n")
    (tmp_path / "datasets.csv").write_text("id\npets\n")
    unicode_text = "utf-16-le" if "UTF-16" in said else "utf-8"
    (tmp_path / "fine_tunings.csv").write_text(text, unicode_text)
    error = zoo.fails("ingest", "records", str(tmp_path))
    assert said in error and "unknown column" not in error


def test_wrong_arguments_in_python_are_one_error(zoo: Zoo) -> None:
    zoo(*VIT_ON_PETS)
    with Python.open() as opened:
        for call in (
            lambda: opened.candidates("pets", k=-1),
            lambda: opened.predict("pets", k=0),
            lambda: opened.list("models", limit=-1),
            lambda: opened.show("vit", kind="thing"),
            lambda: opened.forget("vit", kind="thing"),
            lambda: opened.predict(["pets"]),  # type: ignore[arg-type]
            lambda: opened.predict("pets", limits={"family": "vit"}),  # type: ignore[arg-type]
            lambda: opened.candidates("pets", limits={}),  # type: ignore[arg-type]
            lambda: Limits(max_parameters="100M"),  # type: ignore[arg-type]
            lambda: opened.train(seed=-1),
            lambda: opened.evaluate(seeds=[0, -1]),
            lambda: opened.predict("./pets"),
        ):
            with pytest.raises(
                ZooError,
                match=r"^(No kind 'thing'|k=|limit -1|Name datasets|max_parameters '100M'|seed -1"
                r"|\./pets does not exist|limits are Limits)",
            ):
                call()


def test_one_name_in_python_needs_no_list(zoo: Zoo) -> None:
    zoo(*VIT_ON_PETS)
    with Python.open() as opened:
        found = opened.evaluate(targets="pets", learners="model-mean", workers=1)
        assert "pets" in {result.target for result in found}
        with pytest.raises(ZooError, match="seeds=range"):
            opened.evaluate(seeds=3)  # type: ignore[arg-type]
        with pytest.raises(ZooError, match=r"targets are names, not 1: targets=\['one'"):
            opened.evaluate(targets=[1])  # type: ignore[list-item]


def test_an_open_zoo_says_where_it_is(place: Place) -> None:
    with Python.open() as opened:
        assert repr(opened) == f"Zoo({place.address!r})"


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_an_open_zoo_says_to_open_it_where_it_is_used(
    place: Place, copied: Callable[[object], object]
) -> None:
    with Python.open() as opened:
        for one in (opened, opened.store):
            with pytest.raises(ZooError, match=re.escape(f"Zoo.open({place.address!r})")):
                copied(one)
