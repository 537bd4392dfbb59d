"""Every known trap of TransferGraph's files, one by one, on files this test writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphdb.errors import ZooError
from graphdb.records import (
    Dataset,
    Model,
    Pretraining,
    Similarity,
    Transferability,
    fine_tuning_id,
)
from tests.sources.folders import write
from zoo.sources import Reading, read_history

IMAGE, TEXT = "image_classification", "sequence_classification"
RECORDS = ",model,finetuned_dataset,epochs,batch_size,lr,train_runtime,eval_accuracy\n"
TEXT_RECORDS = (
    ",model,finetuned_dataset,batch_size,learning_rate,num_train_epochs,seed,train_runtime,"
    "eval_accuracy,peft_method\n"
)
MODELS = (
    "model,input_shape,architectures,dataset,#labels,labels,accuracy,model_type,"
    "number_of_parameters,memory_consumption\n"
)
TEXT_MODELS = (
    ",model,architectures,number_of_labels,labels,model_type,number_of_parameters,"
    "memory_consumption,dataset,accuracy\n"
)
FEATURES = "finetune_dataset,size,number_of_classes\n"
SCORES = ",model_name,dataset_path,metric,model,target_dataset,runtime,score\n"
DISTANCES = "corr_domain_similarity_google_vit_imagenet.csv"


def image(folder: Path, **files: str) -> Reading:
    """Read an image folder of these files, named without ``.csv``."""
    return read_history(
        write(folder / IMAGE, {f"{name}.csv": text for name, text in files.items()})
    )


def text(folder: Path, **files: str) -> Reading:
    return read_history(write(folder / TEXT, {f"{name}.csv": text for name, text in files.items()}))


def reasons(reading: Reading) -> list[str]:
    return [str(refusal) for refusal in reading.refused]


def test_record_of_each_modality(tmp_path: Path) -> None:
    write(tmp_path / IMAGE, {"records.csv": RECORDS + "0,org/vit,pets,30,64,0.01,9.5,0.9\n"})
    row = "0,org/bert,ag_news,32.0,0.0004,4.0,42.0,7.5,0.8,lora\n"
    write(tmp_path / TEXT, {"records.csv": TEXT_RECORDS + row})
    reading = read_history(tmp_path)
    assert reading.kind == "transfergraph" and reading.refused == ()
    first, second = reading.history.fine_tunings
    assert (first.model, first.dataset, first.value, first.method) == (
        "org/vit",
        "pets",
        0.9,
        "full",
    )
    assert (first.epochs, first.learning_rate, first.batch_size, first.seed) == (30, 0.01, 64, None)
    assert (first.seconds, first.metric) == (9.5, "accuracy")
    assert (second.model, second.method, second.batch_size) == ("org/bert", "lora", 32)
    assert (second.epochs, second.learning_rate, second.seed) == (4.0, 0.0004, 42)
    assert second.id == fine_tuning_id(
        "transfergraph/text",
        *("org/bert", "ag_news", "lora"),
        epochs=4.0,
        learning_rate=0.0004,
        batch_size=32,
        seed=42,
    )


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    folder = write(tmp_path / IMAGE, {"records.csv": RECORDS})
    os.mkfifo(folder / "model_config_dataset.csv")
    with pytest.raises(
        ZooError, match=r"Cannot read .*model_config_dataset\.csv: it is a pipe or a device"
    ):
        read_history(folder)


def test_record_without_metadata_makes_its_nodes(tmp_path: Path) -> None:
    history = image(tmp_path, records=RECORDS + "0,org/vit,pets,30,64,0.01,9,0.9\n").history
    assert history.models == [Model("org/vit", modality="image", source="transfergraph")]
    assert history.datasets == [
        Dataset("pets", modality="image", task="image-classification", source="transfergraph")
    ]


def test_model_metadata(tmp_path: Path) -> None:
    row = "org/vit,224.0,['ViTForImageClassification'],beans,3.0,beans,0.9,vit,86.0,344\n"
    history = image(tmp_path, model_config_dataset=MODELS + row).history
    assert history.models == [
        Model(
            "org/vit",
            family="vit",
            architecture="ViTForImageClassification",
            modality="image",
            task="image-classification",
            parameters=86,
            memory_bytes=344,
            input_size=224,
            source="transfergraph",
        )
    ]
    assert history.pretrainings == [Pretraining("org/vit", "beans", 0.9)]
    assert [(d.id, d.classes) for d in history.datasets] == [("beans", 3)]


def test_language_model_tells_no_classes_of_its_source(tmp_path: Path) -> None:
    row = "0,bert,BertForMaskedLM,2,\"['LABEL_0', 'LABEL_1']\",bert,10,40,wikipedia,\n"
    history = text(tmp_path, model_config_dataset=TEXT_MODELS + row).history
    assert [(m.task, m.architecture) for m in history.models] == [("fill-mask", "BertForMaskedLM")]
    assert [(d.id, d.classes) for d in history.datasets] == [("wikipedia", None)]


def test_models_that_disagree_tell_no_classes(tmp_path: Path) -> None:
    rows = "".join(
        f"m{n},224,['ViTForImageClassification'],age-prediction,{n},x,0.9,vit,{n},{n}\n"
        for n in (9, 10)
    )
    history = image(tmp_path, model_config_dataset=MODELS + rows).history
    assert [(d.id, d.classes) for d in history.datasets] == [("age-prediction", None)]


def test_hfpics_is_known_by_its_labels(tmp_path: Path) -> None:
    labels = "['bee', 'wasp']"
    rows = f"a,224,['ViT'],hfpics,2,\"{labels}\",0.9,vit,1,1\nb,224,['ViT'],hfpics,,,0.4,vit,2,2\n"
    distances = f',"{labels}",pets\n"{labels}",0.0,1.0\npets,1.0,0.0\n'
    write(tmp_path / IMAGE, {DISTANCES: distances})
    history = image(tmp_path, model_config_dataset=MODELS + rows).history
    assert history.pretrainings == [Pretraining("a", labels, 0.9)]
    assert [dataset.id for dataset in history.datasets] == [labels, "pets"]
    assert history.datasets[0].name == "hfpics: 'bee', 'wasp'"
    assert history.models[1].pretrained_accuracy == 0.4, "whose labels nobody knows, has no source"


def test_model_without_source_keeps_its_accuracy(tmp_path: Path) -> None:
    rows = "0,a,BertModel,2,x,bert,10,40,,0.95\n1,b,BertModel,2,x,bert,11,44,,\n"
    reading = text(tmp_path, model_config_dataset=TEXT_MODELS + rows)
    assert [model.pretrained_accuracy for model in reading.history.models] == [0.95, None]
    assert reading.history.pretrainings == []
    assert any("2 models name no pre-training dataset; 1 of them" in note for note in reading.notes)


def test_row_that_ends_early_is_taken_as_if_with_empty_cells(tmp_path: Path) -> None:
    reading = text(
        tmp_path, model_config_dataset=TEXT_MODELS + "3,tiny,Bert,2,x,distilbert,6,27,glue/sst2\n"
    )
    assert reading.refused == ()
    assert reading.history.pretrainings == [Pretraining("tiny", "glue/sst2")]


def test_model_without_parameters_and_type(tmp_path: Path) -> None:
    row = "org/vit-base-beans,224.0,['ViTForImageClassification'],cifar10,10.0,cifar10,0.622,,,1\n"
    (model,) = image(tmp_path, model_config_dataset=MODELS + row).history.models
    assert (model.parameters, model.family) == (None, None)


def test_model_listed_twice_is_refused_once(tmp_path: Path) -> None:
    row = "org/vit,224,['ViT'],beans,3,beans,0.9,vit,86,344\n"
    reading = image(tmp_path, model_config_dataset=MODELS + row + row)
    assert len(reading.history.models) == len(reading.history.pretrainings) == 1
    assert reasons(reading) == [
        f"{IMAGE}/model_config_dataset.csv:3: model 'org/vit' is listed above"
    ]


def test_constant_memory_is_unknown(tmp_path: Path) -> None:
    rows = "".join(f"m{n},224,['ViT'],beans,3,beans,,vit,{n},157\n" for n in (1, 2))
    reading = image(tmp_path, model_config_dataset=MODELS + rows)
    assert [model.memory_bytes for model in reading.history.models] == [None, None]
    assert any("memory_consumption is 157 for all 2 models" in note for note in reading.notes)


def test_measured_memory_is_kept(tmp_path: Path) -> None:
    rows = "".join(f"m{n},224,['ViT'],beans,3,beans,,vit,{n},{4 * n}\n" for n in (1, 2))
    reading = image(tmp_path, model_config_dataset=MODELS + rows)
    assert [model.memory_bytes for model in reading.history.models] == [4, 8]


@pytest.mark.parametrize(
    ("alias", "dataset"),
    [
        ("glut/qqp", "glue/qqp"),
        ("wikimedia/wikipedia/20231101.en", "wikipedia"),
        ("HHousen/quora", "quora"),
        ("chiapudding/kaggle-financial-sentiment", "kaggle-financial-sentiment"),
        ("mteb/amazon_reviews_multi/en", "amazon_reviews_multi/en"),
        ("tweet_eval_irony", "tweet_eval/irony"),
        ("glue_cola", "glue/cola"),
        ("poolrf2001/mask", "poolrf2001/facemask"),
        ("dbpedia_14", "dbpedia_14"),
        ("smallnorb_label_azimuth", "smallnorb_label_azimuth"),
    ],
)
def test_aliases_are_one_dataset(tmp_path: Path, alias: str, dataset: str) -> None:
    reading = text(
        tmp_path,
        target_dataset_features=FEATURES + f"{alias},10,2\n",
        model_config_dataset=TEXT_MODELS + f"0,m,Bert,2,x,bert,1,1,{dataset},\n",
    )
    assert [(d.id, d.samples) for d in reading.history.datasets] == [(dataset, 10)]
    assert (alias == dataset) != any(f"{alias} is {dataset}" in note for note in reading.notes)


def test_dataset_listed_under_two_names_is_refused_once(tmp_path: Path) -> None:
    reading = text(tmp_path, target_dataset_features=FEATURES + "glue/qqp,1,2\nglut/qqp,2,2\n")
    assert [(d.id, d.samples) for d in reading.history.datasets] == [("glue/qqp", 1)]
    assert reasons(reading) == [
        f"{TEXT}/target_dataset_features.csv:3: dataset 'glue/qqp' is already listed on line 2"
    ]


def test_wrong_class_counts_are_put_right(tmp_path: Path) -> None:
    reading = image(
        tmp_path,
        target_dataset_features=FEATURES
        + "flowers,1020,10\ntweet_eval/offensive,9,18\npets,9,37\n",
    )
    classes = {dataset.id: dataset.classes for dataset in reading.history.datasets}
    assert classes == {"flowers": 102, "tweet_eval/offensive": 2, "pets": 37}
    assert any(note.startswith("flowers: has 102 classes") for note in reading.notes)
    other = image(tmp_path / "b", target_dataset_features=FEATURES + "flowers,1020,17\n")
    assert other.history.datasets[0].classes == 17, "only the known error is corrected"


def test_dataset_nobody_else_names_is_kept(tmp_path: Path) -> None:
    history = text(tmp_path, target_dataset_features=FEATURES + "amazon_polarity,4,2\n").history
    assert [(d.id, d.samples, d.classes) for d in history.datasets] == [("amazon_polarity", 4, 2)]


def test_distances_become_similarities_once_a_pair(tmp_path: Path) -> None:
    write(tmp_path / IMAGE, {DISTANCES: ",b,a,c\nb,0.0,1.0,3.0\na,1.0,0.0,\nc,3.0,,0.0\n"})
    history = read_history(tmp_path).history
    assert history.similarities == [
        Similarity("a", "b", 0.5, "domain", "google_vit_imagenet", 1.0),
        Similarity("b", "c", 0.25, "domain", "google_vit_imagenet", 3.0),
    ]
    assert [dataset.id for dataset in history.datasets] == ["a", "b", "c"]


def test_probes_are_told_apart(tmp_path: Path) -> None:
    files = {f"corr_domain_similarity_{p}_gpt.csv": ",a,b\na,0,1\nb,1,0\n" for p in ("x", "gpt2")}
    history = read_history(write(tmp_path / TEXT, files)).history
    assert [similarity.probe for similarity in history.similarities] == ["gpt2_gpt", "x_gpt"]


def test_alias_at_distance_zero_is_the_dataset_itself(tmp_path: Path) -> None:
    rows = (
        ",glue/cola,glue/sst2,glue_cola\n"
        "glue/cola,0,25,0.0\nglue/sst2,25,0,25\nglue_cola,0.0,25,0\n"
    )
    reading = read_history(write(tmp_path / TEXT, {"corr_domain_similarity_gpt2_gpt.csv": rows}))
    assert [(s.dataset_a, s.dataset_b) for s in reading.history.similarities] == [
        ("glue/cola", "glue/sst2")
    ]
    assert [dataset.id for dataset in reading.history.datasets] == ["glue/cola", "glue/sst2"]
    assert reading.refused == ()


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        (",a,b\na,0,-1\nb,,0\n", 2, "-1.0 is no distance"),
        (",a,b\na,0,nan\nb,,0\n", 2, "nan is no distance"),
        (",a,b\na,0,far\nb,,0\n", 2, "'far' is not a number"),
        (",a,b\na,2,1\nb,1,0\n", 2, "2.0 between a dataset and itself"),
        (",a,b\na,0,1\nb,2,0\n", 3, "2.0 here, 1.0 above: the first is kept"),
        (",a,b\na,0\nb,1,0\n", 2, "has 2 cells, the header has 3"),
        (",a,b\n,0,1\nb,1,0\n", 2, "'' is no dataset"),
    ],
)
def test_wrong_distance_is_refused_alone(tmp_path: Path, rows: str, line: int, reason: str) -> None:
    reading = read_history(write(tmp_path / IMAGE, {DISTANCES: rows}))
    (refused,) = reading.refused
    assert (refused.line, refused.file) == (line, f"{IMAGE}/{DISTANCES}")
    assert reason in refused.reason


def test_target_without_distances_is_told(tmp_path: Path) -> None:
    write(tmp_path / TEXT, {"corr_domain_similarity_gpt-neo_gpt.csv": ",a,b\na,0,1\nb,1,0\n"})
    rows = "0,m,dbpedia_14,32,1,1,1,1,.5,\n1,m,a,32,1,1,1,1,.5,\n"
    reading = text(tmp_path, records=TEXT_RECORDS + rows)
    assert any(
        "corr_domain_similarity_gpt-neo_gpt.csv: has no distance of dbpedia_14" in note
        for note in reading.notes
    )


def tied(count: int, of: int) -> str:
    values = [0.0099] * count + [0.3 + row / 1000 for row in range(of - count)]
    return RECORDS + "".join(f"0,m{n},food101,30,64,.01,9,{v}\n" for n, v in enumerate(values))


def test_tied_target_is_quarantined_and_kept(tmp_path: Path) -> None:
    models = MODELS + "m0,224,['ViT'],food101,101,food101,0.85,vit,86,344\n"
    reading = image(tmp_path, records=tied(11, of=12), model_config_dataset=models)
    (dataset,) = reading.history.datasets
    assert dataset.quarantined == "11 of its 12 records have the accuracy 0.0099"
    assert f"food101 quarantined: {dataset.quarantined}" in reading.notes
    assert len(reading.history.fine_tunings) == 12
    assert reading.history.pretrainings == [Pretraining("m0", "food101", 0.85)]


@pytest.mark.parametrize(("count", "of"), [(6, 12), (9, 9), (1, 12)])
def test_few_ties_or_few_records_are_no_quarantine(tmp_path: Path, count: int, of: int) -> None:
    (dataset,) = image(tmp_path, records=tied(count, of=of)).history.datasets
    assert dataset.quarantined is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2029,1.0,0.1,none,,,,,,\n", "eval_accuracy is empty"),
        ("2603,,lora,1.0,1.0,0.1,none,,,\n", "model is empty"),
        ("1,m,irony,32.0,5e-4,8.0,42.0,28.4,,\n", "eval_accuracy is empty"),
        ("1,m,irony,32.0,4e-4,4.0,42.0,28.4,.9,lor\n", "peft_method: Input should be 'full' or"),
        ("1,m,irony,none,4e-4,4.0,42.0,28.4,.9,\n", "batch_size: Input should be a valid integer"),
        ("1,m,irony,16.5,4e-4,4.0,42.0,28.4,.9,\n", "batch_size: Input should be a valid integer"),
        ("1,m,irony,16,4e-4,4.0,42.0,28.4,91.5,\n", "eval_accuracy: Input should be less than"),
        ("1,m,irony,16,4e-4,4.0,42.0,28.4,nan,\n", "eval_accuracy: Input should be"),
        (f"1,{'m' * 1001},irony,16,4e-4,4.0,42.0,28.4,.9,\n", "model: String should have at most"),
        ("1,m\0,irony,16,4e-4,4.0,42.0,28.4,.9,\n", "a NUL character is in it"),
        ("1,m\n", "finetuned_dataset is empty (8 of 10 cells are missing)"),
        ("1,m,irony,16,4e-4,4.0,42.0,28.4,.9,,,\n", "has 12 cells, the header has 10"),
    ],
)
def test_garbage_row_is_refused_alone(tmp_path: Path, row: str, reason: str) -> None:
    good = "0,good,irony,16.0,2e-05,5.0,42.0,419,0.67,\n"
    reading = text(tmp_path, records=TEXT_RECORDS + good + row + good)
    (refused,) = reading.refused
    assert (refused.file, refused.line) == (f"{TEXT}/records.csv", 3)
    assert reason in refused.reason
    assert [record.model for record in reading.history.fine_tunings] == ["good", "good"]
    assert [model.id for model in reading.history.models] == ["good"], "a refused row makes no node"


def test_lines_are_physical(tmp_path: Path) -> None:
    rows = '0,"two\nlines",irony,16,1,1,1,1,.5,\n\n1,,irony,16,1,1,1,1,.5,\n'
    assert [r.line for r in text(tmp_path, records=TEXT_RECORDS + rows).refused] == [5]


def test_mixed_batch_sizes_are_numbers(tmp_path: Path) -> None:
    rows = "".join(f"0,m,irony,{size},1,1,1,1,.5,\n" for size in ("32", "32.0", "8.0", ""))
    records = text(tmp_path, records=TEXT_RECORDS + rows).history.fine_tunings
    assert [record.batch_size for record in records] == [32, 32, 8, None]


def test_repeats_are_records_of_their_own(tmp_path: Path) -> None:
    rows = "0,m,irony,32,1,1,1,1,.5,\n1,m,irony,32.0,1,1,1,2,.5,\n2,m,irony,32,1,1,1,1,.5,lora\n"
    reading = text(tmp_path, records=TEXT_RECORDS + rows)
    ids = [record.id for record in reading.history.fine_tunings]
    assert len(set(ids)) == 3
    assert any("1 records repeat" in note for note in reading.notes)
    corrected = text(tmp_path / "b", records=TEXT_RECORDS + rows.replace(",.5,", ",.6,"))
    assert [record.id for record in corrected.history.fine_tunings] == ids


def test_scores_have_the_estimators_names(tmp_path: Path) -> None:
    rows = "".join(
        f"0,m,pets,TransferabilityMethod.{name},m,pets,2.5,1.5\n"
        for name in ("LOG_ME", "REG_H_SCORE")
    )
    history = image(tmp_path, transferability_score_records=SCORES + rows).history
    assert history.transferabilities == [
        Transferability("m", "pets", "logme", 1.5, 2.5),
        Transferability("m", "pets", "reg_h_score", 1.5, 2.5),
    ]


def test_truncated_score_is_refused(tmp_path: Path) -> None:
    row = "s/vit-small-patch16-224,stanfordcars,61.3,21.8\n"
    reading = image(tmp_path, transferability_score_records=SCORES + row)
    assert reading.history.transferabilities == []
    assert reasons(reading) == [
        f"{IMAGE}/transferability_score_records.csv:2: model is empty (4 of 8 cells are missing)"
    ]


def test_later_of_two_scores_is_kept_and_told(tmp_path: Path) -> None:
    rows = "".join(f"0,m,dtd,T.LOG_ME,m,dtd,1,{score}\n" for score in (0.1, 0.2))
    reading = image(tmp_path, transferability_score_records=SCORES + rows)
    assert [score.score for score in reading.history.transferabilities] == [0.2]
    assert reasons(reading) == [
        f"{IMAGE}/transferability_score_records.csv:2: "
        "the same score comes again on line 3, which is kept"
    ]


def test_one_name_for_two_datasets_stays_two_nodes(tmp_path: Path) -> None:
    write(
        tmp_path / IMAGE,
        {"records.csv": RECORDS + "0,org/both,emotion,30,64,.01,9,.9\n"},
    )
    write(
        tmp_path / TEXT,
        {
            "records.csv": TEXT_RECORDS + "0,org/both,emotion,32,1,1,1,1,.5,\n",
            "corr_domain_similarity_x.csv": ",emotion,trec\nemotion,0,1\ntrec,1,0\n",
        },
    )
    reading = read_history(tmp_path)
    datasets = {dataset.id: dataset.modality for dataset in reading.history.datasets}
    assert datasets == {"emotion": "image", "text/emotion": "text", "trec": "text"}
    assert [record.dataset for record in reading.history.fine_tunings] == [
        "emotion",
        "text/emotion",
    ]
    assert len({record.id for record in reading.history.fine_tunings}) == 2
    assert [(s.dataset_a, s.dataset_b) for s in reading.history.similarities] == [
        ("text/emotion", "trec")
    ]
    assert [model.id for model in reading.history.models] == ["org/both"]
    assert "emotion names another dataset here: taken as text/emotion" in reading.notes
