"""A history made up from a seed: where no real one is at hand, and where a large one is needed.

Latent factors decide what a fine-tuning yields. Datasets lie in a space of domains, in clusters. A
model has a quality (of its family and size) and sees the world like the dataset it was pre-trained
on; a target has a difficulty and a spread of its own, so that for model m, its pre-training dataset
s and target d

    standing(m, d) = quality(m) + affinity(z_s, z_d) + taste(family of m, z_d) + noise
    accuracy(m, d) = chance(d) + (1 - chance(d)) * sigmoid(level(d) + spread(d) * standing(m, d))

The model's mean over other datasets therefore predicts a part of it, and who looks at domains
predicts more. Everything is vectorised: 100,000 models on 1,000 datasets fit into columns.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphdb.columns import (
    Datasets,
    Embeddings,
    FineTunings,
    Floats,
    Indices,
    Models,
    Pretrainings,
    Similarities,
    Subgraph,
    Texts,
    Transferabilities,
)
from graphdb.errors import ZooError
from graphdb.records import History
from zoo.sources.unfold import history_of

SOURCE = "synthetic"
#: Dimensions of the latent space of domains.
LATENT = 8
#: Neighbours a dataset keeps, so that similarities grow linearly.
NEIGHBOURS = 20
#: How much the parts of a standing weigh.
QUALITY, AFFINITY, TASTE, NOISE = 0.7, 1.0, 0.4, 0.35
#: Share of fine-tunings that are repeated with another seed and, for text, with LoRA.
REPEATED, ADAPTED = 0.05, 0.3
#: Correlation of the estimator's scores with the standing.
SCORE_SIGNAL = 0.5

_FAMILIES = ("alder", "birch", "cedar", "elm", "hazel", "larch", "maple", "willow")
_LICENSES = ("apache-2.0", "mit", "cc-by-nc-4.0", None)


def generate_history(
    *,
    models: int,
    datasets: int,
    records_per_model: int | None = None,
    seed: int,
    modality: str = "image",
    dimension: int = 0,
) -> History:
    """The records of ``generate_subgraph``."""
    return history_of(
        generate_subgraph(
            models=models,
            datasets=datasets,
            records_per_model=records_per_model,
            seed=seed,
            modality=modality,
            dimension=dimension,
        ),
        source=SOURCE,
    )


def generate_subgraph(
    *,
    models: int,
    datasets: int,
    records_per_model: int | None = None,
    seed: int,
    modality: str = "image",
    dimension: int = 0,
) -> Subgraph:
    """A zoo in columns; the same arguments give the same zoo.

    Args:
        records_per_model: how many datasets each model was fine-tuned on; None is all of them.
        dimension: of the datasets' embeddings; 0 leaves them out.

    Raises:
        ZooError: a number is too small to make a zoo of.
    """
    per_model = datasets if records_per_model is None else records_per_model
    if models < 1 or datasets < 2 or per_model < 1:
        raise ZooError(
            f"A generated history needs at least 1 model, 2 datasets and 1 record a model, "
            f"not {models}, {datasets} and {per_model}."
        )
    rng = np.random.default_rng([seed, zlib.crc32(modality.encode())])
    world = _world(models, datasets, rng)
    model, dataset = _pairs(world, per_model, rng)
    standing = _standing(world, model, dataset)
    return Subgraph(
        modality=modality,
        models=_models(world, modality, rng),
        datasets=_datasets(world, modality),
        fine_tunings=_fine_tunings(world, model, dataset, standing, modality, rng),
        pretrainings=Pretrainings(np.arange(models), world.source, _sigmoid(1.5 + world.quality)),
        similarities=_similarities(world, rng),
        transferabilities=_scores(model, dataset, standing, rng),
        embeddings=_embeddings(world, dimension, rng),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _World:
    """The truth behind a zoo.

    Shapes: models ``quality``, ``source``, ``family``, ``parameters`` [M]; datasets ``domain``
    [D, latent], ``level``, ``spread``, ``classes``, ``samples`` [D]; ``taste`` [families, latent].
    """

    quality: Floats
    source: Indices
    family: Indices
    parameters: Floats
    domain: Floats
    level: Floats
    spread: Floats
    classes: Floats
    samples: Floats
    taste: Floats


def _world(models: int, datasets: int, rng: np.random.Generator) -> _World:
    family = rng.integers(0, len(_FAMILIES), models)
    size = rng.normal(0, 1, len(_FAMILIES))[family] + rng.normal(0, 0.8, models)
    skill = rng.normal(0, 0.5, len(_FAMILIES))[family]
    centres = _unit(rng.normal(size=(max(2, datasets // 8), LATENT)))
    cluster = rng.integers(0, len(centres), datasets)
    popularity = 1 / np.arange(1, datasets + 1)  # a few datasets start most models
    return _World(
        quality=skill + 0.4 * size + rng.normal(0, 0.6, models),
        source=rng.choice(datasets, models, p=rng.permutation(popularity / popularity.sum())),
        family=family,
        parameters=np.round(10 ** (7.6 + 0.4 * size)),
        domain=_unit(centres[cluster] + rng.normal(0, 0.25, (datasets, LATENT))),
        level=rng.normal(0.5, 1.0, datasets),
        spread=np.exp(rng.normal(-0.4, 0.4, datasets)),
        classes=(2 + rng.lognormal(2.3, 1.1, datasets)).round(),
        samples=rng.lognormal(9.5, 1.2, datasets).round(),
        taste=_unit(rng.normal(size=(len(_FAMILIES), LATENT))),
    )


def _pairs(world: _World, per_model: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Which model was fine-tuned on which dataset, ordered by both; popular datasets more often."""
    models, datasets = len(world.quality), len(world.level)
    per_model = min(per_model, datasets)
    liking = rng.normal(0, 1, datasets).astype(np.float32)
    chosen = []
    for start in range(0, models, 4096):  # a block at a time: [M, D] does not fit at once
        count = min(4096, models - start)
        keys = liking + rng.gumbel(size=(count, datasets)).astype(np.float32)
        first = np.argpartition(-keys, per_model - 1, axis=1)[:, :per_model]
        chosen.append(np.sort(first, axis=1).ravel())
    return np.repeat(np.arange(models), per_model), np.concatenate(chosen).astype(np.int64)


def _standing(world: _World, model: Indices, dataset: Indices) -> Floats:
    """What a model is worth on a target, without noise; shape [pairs]."""
    target = world.domain[dataset]
    affinity = np.einsum("pl,pl->p", world.domain[world.source][model], target)
    taste = np.einsum("pl,pl->p", world.taste[world.family][model], target)
    standing: Floats = QUALITY * world.quality[model] + AFFINITY * affinity + TASTE * taste
    return standing


def _fine_tunings(
    world: _World,
    model: Indices,
    dataset: Indices,
    standing: Floats,
    modality: str,
    rng: np.random.Generator,
) -> FineTunings:
    """The records of the pairs, some again with another seed, some of a text's with LoRA, too."""
    every = np.arange(len(model))
    again = every[rng.random(len(model)) < REPEATED]
    lora = every[rng.random(len(model)) < ADAPTED] if modality == "text" else every[:0]
    pair = np.concatenate([every, again, lora])
    method = np.repeat(
        np.array(["full", "full", "lora"], object), [len(every), len(again), len(lora)]
    )
    order = np.lexsort((method, pair))
    pair, method = pair[order], method[order]
    worth = standing[pair] * np.where(method == "lora", 0.7, 1.0)  # an adapter moves a model less
    target = dataset[pair]
    logit = world.level[target] + world.spread[target] * (worth + rng.normal(0, NOISE, len(pair)))
    chance = 1 / world.classes[target]
    value = np.round(chance + (1 - chance) * _sigmoid(logit), 6)
    return FineTunings(model[pair], target, value, _constant("accuracy", len(pair)), method)


def _similarities(world: _World, rng: np.random.Generator) -> Similarities:
    """Each dataset's nearest others by a noisy view of the domains."""
    datasets = len(world.domain)
    seen = world.domain + rng.normal(0, 0.1, world.domain.shape)
    near = min(NEIGHBOURS, datasets - 1)
    pairs: dict[tuple[int, int], float] = {}
    for a in range(datasets):
        distance = np.linalg.norm(seen - seen[a], axis=1)
        distance[a] = np.inf
        for b in np.argpartition(distance, near - 1)[:near].tolist():
            pairs[min(a, b), max(a, b)] = float(distance[b])
    ends = np.array(sorted(pairs), dtype=np.int64)
    value = np.array([1 / (1 + pairs[a, b]) for a, b in ends.tolist()])
    count = len(ends)
    return Similarities(
        ends[:, 0], ends[:, 1], value, _constant("domain", count), _constant(SOURCE, count)
    )


def _scores(
    model: Indices, dataset: Indices, standing: Floats, rng: np.random.Generator
) -> Transferabilities:
    """An estimator like LogME: some of the truth, much noise, another scale on every dataset."""
    scaled = (standing - standing.mean()) / (standing.std() or 1.0)
    noisy = SCORE_SIGNAL * scaled + np.sqrt(1 - SCORE_SIGNAL**2) * rng.normal(size=len(model))
    offset = rng.normal(0, 1, int(dataset.max()) + 1)[dataset]
    return Transferabilities(model, dataset, _constant("logme", len(model)), offset + 0.3 * noisy)


def _embeddings(world: _World, dimension: int, rng: np.random.Generator) -> Embeddings:
    count = len(world.domain) if dimension else 0
    mixed = world.domain @ rng.normal(0, 1, (LATENT, dimension))
    vectors = np.empty(count, dtype=object)
    for row in range(count):
        vectors[row] = (mixed[row] + rng.normal(0, 0.2, dimension)).astype(np.float32)
    return Embeddings(
        np.arange(count), _constant(SOURCE, count), _constant("domain", count), vectors
    )


def _models(world: _World, modality: str, rng: np.random.Generator) -> Models:
    """What a hub would say of the models; some licences and sizes it does not say."""
    count = len(world.quality)
    family = np.array(_FAMILIES, dtype=object)[world.family]
    parameters = np.where(rng.random(count) < 0.02, np.nan, world.parameters)
    return Models(
        id=_names(modality, "model", count),
        family=family,
        architecture=np.array([f"{name.title()}ForClassification" for name in family], object),
        task=_constant(f"{modality}-classification", count),
        license=np.array(_LICENSES, dtype=object)[rng.integers(0, len(_LICENSES), count)],
        source=_constant(SOURCE, count),
        parameters=parameters,
        memory_bytes=4 * parameters,
        input_size=rng.choice([224.0, 384.0], count)
        if modality == "image"
        else np.full(count, np.nan),
        pretrained_accuracy=np.full(count, np.nan),
    )


def _datasets(world: _World, modality: str) -> Datasets:
    count = len(world.level)
    return Datasets(
        id=_names(modality, "dataset", count),
        task=_constant(f"{modality}-classification", count),
        source=_constant(SOURCE, count),
        classes=world.classes,
        samples=world.samples,
        quarantined=_constant(None, count),
        metric=_constant(None, count),
    )


def _names(modality: str, noun: str, count: int) -> Texts:
    """Ids whose order is that of their numbers."""
    width = len(str(count - 1))
    return np.array([f"{SOURCE}/{modality}-{noun}-{n:0{width}d}" for n in range(count)], object)


def _constant(text: str | None, count: int) -> Texts:
    return np.full(count, text, dtype=object)


def _sigmoid(logit: Floats) -> Floats:
    return 1 / (1 + np.exp(-logit))


def _unit(vectors: NDArray[np.float64]) -> Floats:
    """Rows scaled to length 1."""
    unit: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
