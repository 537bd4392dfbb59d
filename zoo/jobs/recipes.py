"""Sets of settings by name.

The thesis' own ("Finding the Needle in the Pre-Trained Model Zoo") are read from its code: images
30 epochs of SGD with a cyclic rate up to .01, random crop and flip; texts 4 epochs of AdamW with a
linear schedule; LoRA of rank 1, alpha 1, dropout .1 and rate .0004. Its batch sizes, its text rate
and the foot of the cycle are not established: 32 and 16, 2e-5, and a tenth of the rate are assumed.
"""

from __future__ import annotations

from graphdb.errors import ZooError
from zoo.jobs.specs import Settings

RECIPES: dict[str, Settings] = {
    "default": Settings(),
    "thesis-image": Settings(
        epochs=30, learning_rate=0.01, batch_size=32, optimizer="sgd", scheduler="cyclic",
        augment=True,
    ),
    "thesis-text": Settings(epochs=4, learning_rate=2e-5, batch_size=16),
}  # fmt: skip
_THESIS_LORA: dict[str, float | int] = {
    "lora_rank": 1, "lora_alpha": 1, "lora_dropout": 0.1, "learning_rate": 4e-4
}  # fmt: skip


def recipe(name: str, **changes: object) -> Settings:
    """The settings of a recipe with ``changes`` over them; None changes nothing.

    Raises:
        ZooError: no recipe of that name, or a value out of range.
    """
    if name not in RECIPES:
        raise ZooError(f"No recipe '{name}'; there are {', '.join(RECIPES)}")
    given = {key: value for key, value in changes.items() if value is not None}
    base = RECIPES[name].model_dump()
    if name == "thesis-text" and given.get("method") == "lora":
        base |= _THESIS_LORA
    try:
        return Settings.model_validate(base | given)
    except ValueError as error:
        raise ZooError(f"Settings of a fine-tuning: {error}".replace("\n", " ")) from error
