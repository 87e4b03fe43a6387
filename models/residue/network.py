"""The network in Keras: one encoder for all tracks, their sum, and an LSTM that corrects the band model's map.

Tracks are encoded alike and summed, so that their order does not matter and there may be any number of them::

    x_it = [levels, settings, moving]                               61 numbers
    e_it = f(f(x_it))                                               61 → 64 → 64, f = ReLU of a dense layer
    p_t  = Σ_i f([e_it, mean_j e_jt])                               128 → 64 → 64
    h_t  = LSTM([p_t, a_t])                                         64 + 27 → 128; a = log(1 + 18 R) of the band model
    y_t  = a_t + W [h_t, a_t]                                       27

The pure network leaves a out: y = softplus(W h).
"""

from __future__ import annotations

from typing import Any

from models.residue.inputs import GROUPS, MOVING, SETTINGS

HIDDEN, MEMORY = 64, 128
TRACK = GROUPS + SETTINGS + MOVING


def make_network(*, hybrid: bool = True) -> Any:
    """Return the Keras model.

    Its inputs are ``tracks`` (mixes, tracks, frames, 61), ``present`` (mixes, tracks), 0 for padding, and ``analytic``
    (mixes, frames, 27); its output is (mixes, frames, 27).
    """
    import keras  # type: ignore[import-not-found,unused-ignore]
    from keras import layers  # type: ignore[import-not-found,unused-ignore]

    tracks = keras.Input((None, None, TRACK), name="tracks")
    present = keras.Input((None,), name="present")
    analytic = keras.Input((None, GROUPS), name="analytic")
    mask = layers.Lambda(_column)(present)
    e = layers.Dense(HIDDEN, "relu", name="encode_1")(tracks)
    e = layers.Dense(HIDDEN, "relu", name="encode_2")(e)
    mean = layers.Lambda(_mean)([e, mask])
    p = layers.Add()([
        layers.Dense(HIDDEN, use_bias=False, name="own")(e),
        layers.Dense(HIDDEN, name="others")(mean),
    ])  # fmt: skip
    p = layers.Dense(HIDDEN, "relu", name="pool")(layers.ReLU()(p))
    p = layers.Lambda(_total)([p, mask])
    if hybrid:
        h = layers.LSTM(MEMORY, return_sequences=True, name="memory")(layers.Concatenate()([p, analytic]))
        change = layers.Dense(GROUPS, kernel_initializer="zeros", name="out")(layers.Concatenate()([h, analytic]))
        y = layers.Add()([analytic, change])
    else:
        h = layers.LSTM(MEMORY, return_sequences=True, name="memory")(p)
        y = layers.Dense(GROUPS, "softplus", name="out")(h)
    return keras.Model([tracks, present, analytic], y)


def make_flat(most_tracks: int) -> Any:
    """Return the comparator: all tracks side by side, in their order, through two LSTMs."""
    import keras  # type: ignore[import-not-found,unused-ignore]
    from keras import layers  # type: ignore[import-not-found,unused-ignore]

    x = keras.Input((None, most_tracks * (TRACK + 1)))
    h = layers.LSTM(MEMORY, return_sequences=True)(x)
    h = layers.LSTM(MEMORY, return_sequences=True)(h)
    return keras.Model(x, layers.Dense(GROUPS, "softplus")(h))


def _column(present: Any) -> Any:
    from keras import ops  # type: ignore[import-not-found,unused-ignore]

    return ops.expand_dims(ops.expand_dims(present, -1), -1)


def _mean(pair: list[Any]) -> Any:
    from keras import ops  # type: ignore[import-not-found,unused-ignore]

    e, mask = pair
    return ops.sum(e * mask, axis=1, keepdims=True) / ops.maximum(ops.sum(mask, axis=1, keepdims=True), 1.0)


def _total(pair: list[Any]) -> Any:
    from keras import ops  # type: ignore[import-not-found,unused-ignore]

    p, mask = pair
    return ops.sum(p * mask, axis=1)
