"""A model or dataset with what hangs on it, as one HTML file that needs no server and no network.

Drawn by ``neo4j-viz`` (extra ``transferzoo[viz]``). Few nodes, no vectors: best results, what a
model was pre-trained on, published predictions, likeness between the datasets that are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from graphdb.catalog import check_model, find_dataset
from graphdb.errors import ZooError
from graphdb.store import Row, Store
from zoo.outputs import drafts

#: Relationships of a type that are drawn.
_SHOWN = 12
#: Characters of a caption; the whole id is among the properties.
_CAPTION = 40
_COLOURS = {"Model": "#4c8eda", "Dataset": "#f79767"}
_WIDTHS = {"FINE_TUNED_ON": 2.0, "PREDICTED": 1.0, "PRETRAINED_ON": 1.0, "SIMILAR_TO": 0.5}


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """``links`` have model, dataset, type, value, label; ``likeness`` a, b, value, measure."""

    kind: str
    id: str
    links: tuple[Row, ...]
    likeness: tuple[Row, ...]

    @property
    def models(self) -> list[str]:
        own = [self.id] if self.kind == "model" else []
        return sorted({*own, *(row["model"] for row in self.links)})

    @property
    def datasets(self) -> list[str]:
        own = [self.id] if self.kind == "dataset" else []
        return sorted({*own, *(row["dataset"] for row in self.links)})


def find_neighbourhood(
    store: Store, identity: str, *, kind: str = "model", limit: int = _SHOWN
) -> Neighbourhood:
    """At most ``limit`` relationships of each type. Raises ZooError for an unknown id."""
    if kind == "model":
        check_model(store, identity)
    elif kind == "dataset":
        find_dataset(store, identity)
    else:
        raise ZooError(f"Only a model or a dataset can be drawn, not a {kind}")
    links = store.read(f"drawn_{kind}", id=identity, limit=limit)
    found = Neighbourhood(kind, identity, tuple(links), ())
    likeness = store.read("drawn_similarities", ids=found.datasets, limit=2 * limit)
    return Neighbourhood(kind, identity, tuple(links), tuple(likeness))


def draw(found: Neighbourhood, file: Path, *, text: Callable[[str], str] = str) -> None:
    """Write the picture; ``text`` makes hidden characters of ids visible.

    Raises:
        ZooError: the extra is not installed, or the file cannot be written.
    """
    try:
        viz = import_module("neo4j_viz")
    except ImportError:
        raise ZooError("Drawing needs an extra: pip install 'transferzoo[viz]'") from None
    nodes = [
        viz.Node(
            id=f"{label}/{name}",
            caption=_short(text(name)),
            color=_COLOURS[label],
            size=24 if name == found.id else 14,
            properties={"id": text(name), "label": label},
        )
        for label, names in (("Model", found.models), ("Dataset", found.datasets))
        for name in names
    ]
    links = [
        viz.Relationship(
            source=f"Model/{row['model']}",
            target=f"Dataset/{row['dataset']}",
            caption=_caption(row["type"], row["value"], row["label"], text),
            width=_WIDTHS[row["type"]],
            properties={"type": row["type"], "records": row["records"]},
        )
        for row in found.links
    ]
    links += [
        viz.Relationship(
            source=f"Dataset/{row['a']}",
            target=f"Dataset/{row['b']}",
            caption=_caption("SIMILAR_TO", row["value"], row["measure"], text),
            width=_WIDTHS["SIMILAR_TO"],
            properties={"type": "SIMILAR_TO"},
        )
        for row in found.likeness
    ]
    page = viz.VisualizationGraph(nodes=nodes, relationships=links).render(height="95vh")
    try:
        with drafts(file) as folder:
            (folder / file.name).write_text(str(page.data), "utf-8")
            (folder / file.name).replace(file)
    except OSError as error:
        raise ZooError(f"Cannot write {file}: {error.strerror}") from error


def _caption(kind: str, value: float | None, label: str | None, text: Callable[[str], str]) -> str:
    parts = [kind, None if value is None else f"{value:.3f}", label and text(label)]
    return " ".join(part for part in parts if part)


def _short(name: str) -> str:
    return name if len(name) <= _CAPTION else f"{name[:18]}…{name[-18:]}"
