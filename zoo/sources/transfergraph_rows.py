"""One row of each of TransferGraph's files, checked by pydantic; a wrong row is refused alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from graphdb.records import MAX_ID, MAX_INTEGER
from zoo.sources.refusals import Refuse, shown
from zoo.sources.tables import table


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character is in it")
    return text


Id = Annotated[str, Field(min_length=1, max_length=MAX_ID), AfterValidator(_without_nul)]
Text = Annotated[str, AfterValidator(_without_nul)]
Real = Annotated[float, Field(allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


class Row(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class RecordRow(Row):
    """``records.csv``; the two modalities name their settings differently."""

    model: Id
    dataset: Id = Field(alias="finetuned_dataset")
    value: Fraction = Field(alias="eval_accuracy")
    method: Literal["full", "lora"] = Field(default="full", alias="peft_method")
    epochs: Amount | None = Field(None, validation_alias=AliasChoices("num_train_epochs", "epochs"))
    learning_rate: Amount | None = Field(None, validation_alias=AliasChoices("learning_rate", "lr"))
    batch_size: Annotated[int, Field(gt=0, le=MAX_INTEGER)] | None = None
    seed: Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)] | None = None
    seconds: Amount | None = Field(
        None, validation_alias=AliasChoices("train_runtime", "elapsed_time")
    )


class ModelRow(Row):
    """``model_config_dataset.csv``."""

    model: Id
    architectures: Text | None = None
    task: Text | None = None
    family: Text | None = Field(None, alias="model_type")
    parameters: Count | None = Field(None, alias="number_of_parameters")
    memory_bytes: Count | None = Field(None, alias="memory_consumption")
    input_size: Count | None = Field(None, alias="input_shape")
    dataset: Id | None = None
    labels: Text | None = None
    classes: Count | None = Field(
        None, validation_alias=AliasChoices("#labels", "number_of_labels")
    )
    accuracy: Fraction | None = None


class DatasetRow(Row):
    """``target_dataset_features.csv``."""

    dataset: Id = Field(alias="finetune_dataset")
    samples: Count | None = Field(None, alias="size")
    classes: Count | None = Field(None, alias="number_of_classes")


class ScoreRow(Row):
    """``transferability_score_records.csv``."""

    model: Id
    dataset: Id = Field(alias="target_dataset")
    metric: Id
    score: Real
    seconds: Amount | None = Field(None, alias="runtime")


AnyRow = TypeVar("AnyRow", bound=Row)


def rows(path: Path, kind: type[AnyRow], *, refuse: Refuse) -> Iterator[tuple[int, AnyRow]]:
    """The sound rows of a file with their lines; the others are refused. No file, no rows.

    A row that ends early is taken for one with empty cells, as its writers' own reader does.
    """
    if not path.exists():
        return
    whole = table(path, refuse=refuse, short=True)
    for line, cells in zip(whole.lines, whole.rows, strict=True):
        known = {name: cell for name, cell in zip(whole.header, cells, strict=False) if cell}
        try:
            yield line, kind.model_validate(known)
        except ValidationError as error:
            missing = len(whole.header) - len(cells)
            cut = f" ({missing} of {len(whole.header)} cells are missing)" if missing else ""
            refuse(line, _reason(error) + cut)


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    column = first["loc"][0] if first["loc"] else "row"
    if first["type"] == "missing":
        return f"{column} is empty"
    return f"{column}: {first['msg']}, found {shown(first['input'])}"
