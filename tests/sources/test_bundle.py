"""A bundle is taken as a whole or not at all, and says by file and line why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphdb.records import Dataset, Model, Pretraining, Similarity, fine_tuning_id
from tests.sources.folders import TABLES, bundle, write
from zoo.sources import BundleError, read_bundle
from zoo.sources.refusals import MAX_PROBLEMS

#: Header and rows of an ``embeddings.csv`` with one vector.
EMBEDDED = "dataset,probe,array\npets,vit,a\n"


def refused(folder: Path) -> list[str]:
    """Every problem of a bundle."""
    with pytest.raises(BundleError) as caught:
        read_bundle(folder)
    return [str(refusal) for refusal in caught.value.refused]


def test_smallest_bundle_is_read(tmp_path: Path) -> None:
    history = read_bundle(bundle(tmp_path))
    assert history.models == [
        Model("vit", parameters=86_000_000),
        Model("swin", parameters=28_000_000),
    ]
    assert history.datasets == [Dataset("pets", classes=37), Dataset("dtd", classes=47)]
    values = [(r.model, r.dataset, r.value, r.metric, r.method) for r in history.fine_tunings]
    assert values == [
        ("vit", "pets", 0.9, "accuracy", "full"),
        ("swin", "dtd", 0.7, "accuracy", "full"),
    ]


def test_tables_without_rows_are_sound(tmp_path: Path) -> None:
    folder = bundle(tmp_path, models="id\n", fine_tunings="model,dataset,value\n", datasets="id\n")
    history = read_bundle(folder)
    assert not history.models and not history.datasets and not history.fine_tunings


@pytest.mark.parametrize("name", TABLES)
def test_three_files_are_required(tmp_path: Path, name: str) -> None:
    folder = bundle(tmp_path)
    (folder / name).unlink()
    assert refused(folder) == [f"{name}:1: is missing"]


@pytest.mark.parametrize(
    ("table", "text", "problem"),
    [
        ("models", "id,colour\nvit,red\nswin,\n", "models.csv:1: unknown column 'colour'"),
        ("models", "name\nvit\n", "models.csv:1: column 'id' is missing"),
        (
            "similarities",
            "a,b,value,k\npets,dtd,1,2\n",
            "similarities.csv:1: columns 'dataset_a', 'dataset_b' are missing; unknown columns "
            "'a', 'b', 'k'; known are dataset_a, dataset_b, value, measure, probe, original; "
            "rename them or leave them out",
        ),
        (
            "models",
            f"id,{','.join(f'c{n}' for n in range(99))}\nvit{',' * 99}\nswin{',' * 99}\n",
            "unknown columns 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7' and 91 more; known",
        ),
        ("models", ",id\n0,vit\n1,swin\n", "models.csv:1: a column has no name"),
        ("models", "id,id\nvit,vit\nswin,swin\n", "models.csv:1: a column is named twice"),
        ("models", "", "models.csv:1: has no header row"),
        ("models", "id\nvit\nswin\nvit\n", "models.csv:4: model 'vit' is already listed on line 2"),
        ("models", 'id\nvit\nswin\n""\n', "models.csv:4: id is empty"),
        ("models", "id,parameters\nvit,2.5\nswin,\n", "parameters '2.5' is not an integer"),
        ("models", "id,parameters\nvit,1_0\nswin,\n", "parameters '1_0' is not an integer"),
        ("models", "id,parameters\nvit,-1\nswin,\n", "-1 is out of range, at least 0 is allowed"),
        ("models", f"id,parameters\nvit,{2**63}\nswin,\n", "does not fit into 64 bits"),
        ("models", f"id,parameters\nvit,{'9' * 400}\nswin,\n", "does not fit into 64 bits"),
        (
            "models",
            "id,pretrained_on\nvit,imagenet\nswin,\n",
            "models.csv:2: pretrained_on 'imagenet'",
        ),
        (
            "models",
            "id,pretrained_accuracy\nvit,85\nswin,\n",
            "85 is out of range, between 0 and 1",
        ),
        ("models", "id\nvit\nswin\nbeit,1\n", "models.csv:4: has 2 cells, the header has 1"),
        ("models", f"id\nvit\nswin\n{'x' * 1001}\n", "models.csv:4: id has 1,001 characters"),
        ("models", "id,name\nvit,\nswin,a\0b\n", "models.csv:3: name 'a\\x00b' holds a NUL"),
        ("models", b"id,name\nvit,\nswin,\xff\n", "models.csv:3: name '\\udcff' is not UTF-8"),
        ("models", 'id\nvit\nswin\n"x"y\n', "models.csv:4: cannot be read from here on"),
        ("models", 'id\nvit\nswin\n"x\n', "models.csv:4: cannot be read from here on"),
        ("datasets", "id\npets\ndtd\npets\n", "datasets.csv:4: dataset 'pets' is listed twice"),
        ("fine_tunings", "model,dataset\nvit,pets\n", "column 'accuracy' or 'value' is missing"),
        (
            "fine_tunings",
            "model,dataset,value\nvit,x,.5\n",
            ":2: dataset 'x' is not listed in datasets.csv",
        ),
        (
            "fine_tunings",
            "model,dataset,value\nx,pets,.5\n",
            ":2: model 'x' is not listed in models.csv",
        ),
        ("fine_tunings", "model,dataset,value\n,pets,.5\n", "fine_tunings.csv:2: model is empty"),
        ("fine_tunings", "model,dataset,value\nvit,pets,\n", "has neither accuracy nor value"),
        ("fine_tunings", "model,dataset,value\nvit,pets,nan\n", "value nan is not finite"),
        ("fine_tunings", "model,dataset,value\nvit,pets,0.1_0\n", "'0.1_0' is not a number"),
        ("fine_tunings", "model,dataset,value\nvit,pets,1e400\n", "value inf is not finite"),
        ("fine_tunings", "model,dataset,value\nvit,pets,good\n", "value 'good' is not a number"),
        (
            "fine_tunings",
            "model,dataset,value\nvit,pets,91.3 %\n",
            "'91.3 %' is not a number; percentages are written as fractions",
        ),
        (
            "fine_tunings",
            'model,dataset,value\nvit,pets,"0,91"\n',
            "'0,91' is not a number; decimals have a point",
        ),
        ("fine_tunings", "model,dataset,value\nvit,pets,1.01\n", "accuracy 1.01 is out of range"),
        (
            "fine_tunings",
            "model,dataset,accuracy,value\nvit,pets,.5,.6\n",
            "0.5 and value 0.6 differ",
        ),
        (
            "fine_tunings",
            "model,dataset,value,metric\nvit,pets,.5,auc\n",
            "metric 'auc' is not one of",
        ),
        (
            "fine_tunings",
            "model,dataset,value,metric\nvit,pets,-1.5,mcc\n",
            "mcc -1.5 is out of range",
        ),
        ("fine_tunings", "model,dataset,value,metric\nvit,pets,-1,mse\n", "mse -1 is out of range"),
        (
            "fine_tunings",
            "model,dataset,value,method\nvit,pets,.5,lor\n",
            "method 'lor' is not one of",
        ),
        (
            "fine_tunings",
            "model,dataset,value,batch_size\nvit,pets,.5,0\n",
            "batch_size 0 is out of",
        ),
        (
            "fine_tunings",
            "model,dataset,value,seconds\nvit,pets,.5,-1\n",
            "seconds -1 is out of range",
        ),
        (
            "fine_tunings",
            "id,model,dataset,value\na,vit,pets,.5\na,vit,dtd,.6\n",
            ":3: id 'a' is already",
        ),
        (
            "similarities",
            "dataset_a,dataset_b,value\npets,pets,1\n",
            "'pets' is compared with itself",
        ),
        ("similarities", "dataset_a,dataset_b,value\npets,x,1\n", "dataset_b 'x' is not listed"),
        ("similarities", "dataset_a,dataset_b,value\npets,dtd,inf\n", "value inf is not finite"),
        (
            "similarities",
            "dataset_a,dataset_b,value\npets,dtd,1\ndtd,pets,2\n",
            ":3: the pair 'dtd', 'pets' has another",
        ),
        ("transferability", "model,dataset,method,score\nvit,pets,,1\n", "method is empty"),
        (
            "transferability",
            "model,dataset,method,score\nvit,pets,logme,-inf\n",
            "score -inf is not finite",
        ),
        (
            "transferability",
            "model,dataset,method,score\nvit,pets,a,1\nvit,pets,a,2\n",
            ":3: ('vit', 'pets', 'a') has",
        ),
        (
            "embeddings",
            EMBEDDED,
            "embeddings.csv:2: names an array, but there is no embeddings.npz",
        ),
    ],
)
def test_problem_is_named(tmp_path: Path, table: str, text: str | bytes, problem: str) -> None:
    found = refused(bundle(tmp_path, **{table: text}))
    assert len(found) == 1, found
    assert problem in found[0]


def test_all_problems_are_collected(tmp_path: Path) -> None:
    folder = bundle(
        tmp_path,
        datasets="id,classes\npets,many\ndtd,47\n",
        fine_tunings="id,model,dataset,value\na,vit,pets,2\nb,x,pets,.5\nb,vit,y,.5\n,vit,dtd,z\n",
    )
    found = refused(folder)
    assert [problem.partition(": ")[0] for problem in found] == [
        "datasets.csv:2",
        "fine_tunings.csv:2",
        "fine_tunings.csv:3",
        "fine_tunings.csv:4",
        "fine_tunings.csv:4",
        "fine_tunings.csv:5",
    ]
    with pytest.raises(
        BundleError, match=r"has 6 problems, nothing of it was taken: datasets\.csv:2"
    ):
        read_bundle(folder)


def test_hopeless_bundle_is_not_read_to_its_end(tmp_path: Path) -> None:
    folder = bundle(tmp_path, fine_tunings="model,dataset,value\n" + "vit,pets,9\n" * 5_000)
    with pytest.raises(BundleError, match="more than 1000 problems") as caught:
        read_bundle(folder)
    assert len(caught.value.refused) == MAX_PROBLEMS
    assert not caught.value.complete


def test_lines_are_physical(tmp_path: Path) -> None:
    models = 'id,name\r\nvit,"two\r\nlines"\r\n\r\nswin,"a\nb\nc"\r\nvit,again\r\n'
    assert refused(bundle(tmp_path, models=models)) == [
        "models.csv:8: model 'vit' is already listed on line 2",
        "models.csv:8: model 'vit' has two values of name",
    ]


def test_bom_crlf_gzip_and_blank_lines(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "models.csv.gz": "\ufeffid,parameters\r\nvit,86.0\r\n\r\n",
            "datasets.csv": "\ufeffid\r\npets\r\n",
            "fine_tunings.csv.gz": "model,dataset,accuracy\rvit,pets,.5\r,,\r,,\r",
        },
    )
    history = read_bundle(folder)
    assert history.models == [Model("vit", parameters=86)]
    assert [record.value for record in history.fine_tunings] == [0.5]


def test_one_table_in_two_files_is_refused(tmp_path: Path) -> None:
    folder = write(bundle(tmp_path), {"models.csv.gz": TABLES["models.csv"]})
    assert refused(folder) == [
        "models.csv:1: lies beside models.csv.gz: only one of them may be there"
    ]


def test_model_with_several_sources_repeats_its_row(tmp_path: Path) -> None:
    models = (
        "id,family,pretrained_on,pretrained_accuracy\n"
        "vit,vit,pets,0.8\nvit,,dtd,\nvit,vit,,0.3\nswin,,,\n"
    )
    history = read_bundle(bundle(tmp_path, models=models))
    assert history.models == [Model("vit", family="vit", pretrained_accuracy=0.3), Model("swin")]
    assert history.pretrainings == [Pretraining("vit", "pets", 0.8), Pretraining("vit", "dtd")]


def test_other_triangle_is_the_same_similarity(tmp_path: Path) -> None:
    rows = "dataset_a,dataset_b,value,probe\npets,dtd,.5,p\ndtd,pets,.5,p\npets,dtd,.6,q\n"
    history = read_bundle(bundle(tmp_path, similarities=rows))
    assert history.similarities == [
        Similarity("dtd", "pets", 0.5, "domain", "p"),
        Similarity("dtd", "pets", 0.6, "domain", "q"),
    ]


def test_accuracy_is_another_name_of_value(tmp_path: Path) -> None:
    rows = "model,dataset,accuracy,value,metric\nvit,pets,.5,,\nvit,dtd,,.6,\nswin,pets,.7,.7,f1\n"
    history = read_bundle(bundle(tmp_path, fine_tunings=rows))
    assert [record.value for record in history.fine_tunings] == [0.5, 0.6, 0.7]
    assert [record.metric for record in history.fine_tunings] == ["accuracy", "accuracy", "f1"]


def test_missing_ids_depend_on_everything_but_the_value(tmp_path: Path) -> None:
    rows = (
        "model,dataset,value,method,epochs,learning_rate,batch_size,seed\n"
        "vit,pets,.5,full,3,0.001,16.0,1\n"
        "vit,pets,.6,,3.0,1e-3,16,1\n"
        "vit,pets,.6,lora,,,,\n"
    )
    ids = [record.id for record in read_bundle(bundle(tmp_path, fine_tunings=rows)).fine_tunings]
    settings = {"epochs": 3.0, "learning_rate": 0.001, "batch_size": 16, "seed": 1}
    assert ids == [
        fine_tuning_id("bundle", "vit", "pets", "full", **settings),
        fine_tuning_id("bundle", "vit", "pets", "full", **settings, occurrence=1),
        fine_tuning_id("bundle", "vit", "pets", "lora"),
    ]
    corrected = read_bundle(bundle(tmp_path, fine_tunings=rows.replace(",.5,", ",.55,")))
    assert [record.id for record in corrected.fine_tunings] == ids


def test_given_id_that_a_row_without_one_would_get(tmp_path: Path) -> None:
    taken = fine_tuning_id("bundle", "vit", "pets", "full")
    rows = f"id,model,dataset,value\n{taken},vit,pets,.5\n,vit,pets,.6\n"
    assert (
        "the same settings: give this one an id" in refused(bundle(tmp_path, fine_tunings=rows))[0]
    )


@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8"])
def test_floats_of_any_width_become_float32(tmp_path: Path, dtype: str) -> None:
    folder = bundle(tmp_path, embeddings=EMBEDDED)
    np.savez(folder / "embeddings.npz", a=np.array([1, 0.5], dtype))
    (embedding,) = read_bundle(folder).embeddings
    assert embedding.vector.dtype == np.float32
    assert embedding.vector.tolist() == [1, 0.5]


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.array([1, 2]), "its dtype is int64, float32 is needed"),
        (np.array(["x"]), "its dtype is <U1"),
        (np.array([None]), "its dtype is object"),
        (np.zeros((2, 2), np.float32), "its shape is (2, 2)"),
        (np.zeros(0, np.float32), "its shape is (0,)"),
        (np.array([np.nan], np.float32), "not finite"),
        (np.array([1e300]), "not finite"),
    ],
)
def test_array_that_is_no_vector(tmp_path: Path, array: np.ndarray, problem: str) -> None:
    folder = bundle(tmp_path, embeddings=EMBEDDED)
    np.savez(folder / "embeddings.npz", a=array)
    (found,) = refused(folder)
    assert found.startswith("embeddings.csv:2: array 'a'") and problem in found


def test_missing_array_and_repeated_embedding(tmp_path: Path) -> None:
    folder = bundle(tmp_path, embeddings=EMBEDDED + "pets,vit,b\ndtd,vit,b\n")
    np.savez(folder / "embeddings.npz", a=np.ones(2, np.float32))
    assert refused(folder) == [
        "embeddings.csv:3: the same embedding is already listed on line 2",
        "embeddings.csv:4: array 'b' is no array of the npz file",
    ]
