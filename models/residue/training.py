"""Training: Adam, batches of 32, mean squared error of the map in its logarithm; the best of validation is kept."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.residue.material import Lesson, batches, padded
from models.residue.network import make_network

BATCH, LEARNING_RATE, EPOCHS = 32, 1e-3, 30
CLIP = 1.0
FLOOR = 0.02
"""Of the learning rate, at the end of its cosine."""

Tell = Callable[[str], None]


def mixes_of(lessons: Sequence[Lesson]) -> list[tuple[Lesson, int]]:
    """List all mixes."""
    return [(lesson, mix) for lesson in lessons for mix in range(len(lesson.target))]


def train(
    learned: Sequence[Lesson],
    validated: Sequence[Lesson],
    folder: Path,
    *,
    seed: int,
    epochs: int = EPOCHS,
    hybrid: bool = True,
    tell: Tell = lambda line: None,
) -> Any:
    """Train a network; go on where an earlier run in this folder stopped.

    Parameters
    ----------
    learned, validated : sequence of Lesson
    folder : Path
        Gets ``state.weights.h5`` and ``state.json`` after each epoch, ``best.weights.h5`` when validation is better.
    seed : int
    epochs : int
    hybrid : bool
    tell : callable
        Gets a line after each epoch.

    Returns
    -------
    keras.Model
        With its best weights.
    """
    import keras  # type: ignore[import-not-found,unused-ignore]

    keras.utils.set_random_seed(seed)
    folder.mkdir(parents=True, exist_ok=True)
    network = make_network(hybrid=hybrid)
    mixes, checked = mixes_of(learned), batches(mixes_of(validated), BATCH)
    steps = math.ceil(len(mixes) / BATCH)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, epochs * steps, alpha=FLOOR)
    network.compile(keras.optimizers.Adam(rate, global_clipnorm=CLIP), "mse")
    network.optimizer.build(network.trainable_variables)
    state: dict[str, Any] = {"epoch": 0, "best": math.inf, "history": []}
    if (folder / "state.json").exists():
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        network.load_weights(folder / "state.weights.h5")
    while state["epoch"] < epochs:
        epoch = state["epoch"]
        rng = np.random.default_rng([seed, epoch])
        losses = [float(network.train_on_batch(*padded(batch))) for batch in batches(mixes, BATCH, rng)]
        error = mean_error(network, checked)
        if error < state["best"]:
            state["best"] = error
            network.save_weights(folder / "best.weights.h5")
        state["epoch"] = epoch + 1
        state["history"].append([float(np.mean(losses)), error])
        network.save_weights(folder / "state.weights.h5")
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
        tell(f"epoch {epoch + 1} of {epochs}: {np.mean(losses):.5f}, validation {error:.5f}, best {state['best']:.5f}")
    network.load_weights(folder / "best.weights.h5")
    return network


def mean_error(network: Any, checked: Sequence[Sequence[tuple[Lesson, int]]]) -> float:
    """Return the mean squared error over batches."""
    total, count = 0.0, 0
    for batch in checked:
        given, right = padded(batch)
        total += float(np.square(np.asarray(network(given, training=False)) - right).sum())
        count += right.size
    return total / count
