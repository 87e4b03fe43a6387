"""Prediction without TensorFlow: by ONNX Runtime where it is installed, else in NumPy, with the same result."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mixer.bands import Listened
from mixer.errors import MixerError
from mixer.optimise.predictor import Candidates
from mixer.plan import TrackSettings
from mixer.session import MixSession
from mixer.threads import thread_count
from models.checksum import verify
from models.residue.candidates import listen_evenly
from models.residue.inputs import GROUPS, SETTINGS, Inputs, from_log, inputs_of
from models.residue.quick import QuickModel

F32 = NDArray[np.float32]

FOLDER = Path(__file__).resolve().parents[1] / "weights"
AT_A_TIME = 16
"""Candidates that are worked out at a time, by a thread: what is between layers stays in the cache."""
WEIGHTS, GRAPH, SUMS = "residue.npz", "residue.onnx", "residue.sha256"


class ResidueModel:
    """The trained network as a :class:`mixer.optimise.predictor.ResiduePredictor`.

    Parameters
    ----------
    folder : Path, optional
        With the weights; those of the package by default.
    runtime : str, optional
        ``"onnx"`` or ``"numpy"``; by default ONNX Runtime where it is installed.

    Raises
    ------
    MixerError
        The weights are missing, or are not those that were published.

    Notes
    -----
    What is predicted from must have been taken by :meth:`listen`: with what the ear remembers of the frames between.
    """

    name = "the residue network"

    def __init__(self, folder: Path = FOLDER, *, runtime: str | None = None) -> None:
        for name, digest in checksums(folder).items():
            if not verify(folder / name, digest):
                raise MixerError(f"{folder / name} is damaged: its SHA-256 is not {digest}; install the package again")
        self._folder = folder
        found = importlib.util.find_spec("onnxruntime") is not None
        self.runtime = runtime or ("onnx" if found else "numpy")
        self._of: tuple[Listened, QuickModel] | None = None

    def listen(self, session: MixSession, settings: Sequence[TrackSettings]) -> Listened:
        """Play all tracks once, placed and levelled, and keep what :meth:`predict` is to be given."""
        return listen_evenly(session, settings)[1]

    def predict(self, listened: Listened, candidates: Candidates) -> F32:
        """Return the maps of candidates, (candidates, frames, 27) float32, sone; see the protocol."""
        if self._of is None or self._of[0] is not listened:
            self._of = listened, QuickModel(listened)
        return from_log(self.run(inputs_of(self._of[1], candidates)))

    def run(self, inputs: Inputs) -> F32:
        """Return the network's output, log(1 + 18 R)."""
        if self.runtime == "numpy":
            with one_thread():
                return _side_by_side(partial(forward, self._weights), inputs)
        session = self._session  # made before threads ask for it
        return _side_by_side(lambda part: session.run(None, part._asdict())[0], inputs)

    @cached_property
    def _weights(self) -> dict[str, F32]:
        with np.load(self._folder / WEIGHTS, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # type: ignore[import-not-found,import-untyped,unused-ignore]

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # candidates go side by side instead
        return onnxruntime.InferenceSession(
            str(self._folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )  # fmt: skip


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of the weights, as published."""
    path = folder / SUMS
    if not path.exists():
        raise MixerError(f"{path} is missing: the weights of the residue network are not installed")
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {name: digest for digest, name in lines}


def _side_by_side(work: Callable[[Inputs], F32], inputs: Inputs) -> F32:
    """Work out candidates AT_A_TIME, in threads."""

    def some(start: int) -> F32:
        span = slice(start, start + AT_A_TIME)
        return work(Inputs(inputs.levels, inputs.settings[span], inputs.moving[span], inputs.analytic[span]))

    with ThreadPoolExecutor(max_workers=thread_count()) as pool:
        return np.concatenate(list(pool.map(some, range(0, len(inputs.analytic), AT_A_TIME))))


def one_thread() -> AbstractContextManager[object]:
    """Keep NumPy's matrix products to the thread that asks: their own threads would wait for each other, ten times."""
    found = _blas()
    return nullcontext() if found is None else found.limit(limits=1, user_api="blas")


@cache
def _blas() -> Any:
    """Return what holds NumPy's threads, looked for once; None where it is not installed (it comes with librosa)."""
    if importlib.util.find_spec("threadpoolctl") is None:
        return None
    import threadpoolctl  # type: ignore[import-untyped,import-not-found,unused-ignore]

    return threadpoolctl.ThreadpoolController()


def forward(weights: dict[str, F32], inputs: Inputs) -> F32:
    """Work out the network in NumPy; see :mod:`models.residue.network`.

    Parameters
    ----------
    weights : dict
        ``"encode_1.kernel"``, … as :func:`models.residue.export.weights_of` names them.
    inputs : Inputs

    Returns
    -------
    (candidates, frames, 27) float32
    """

    def dense(x: F32, name: str) -> F32:
        return np.asarray(x @ weights[f"{name}.kernel"] + weights[f"{name}.bias"])

    first = weights["encode_1.kernel"]
    still = inputs.levels @ first[:GROUPS]  # the same for all candidates
    tried = inputs.settings @ first[GROUPS : GROUPS + SETTINGS] + weights["encode_1.bias"]
    count, frames = len(inputs.analytic), still.shape[1]
    pooled = np.empty((count, frames, weights["pool.bias"].size), np.float32)
    size = max(1, 4_096 // max(1, still.shape[0] * frames))
    for start in range(0, count, size):  # what fits into the cache
        span = slice(start, start + size)
        e = inputs.moving[span] @ first[GROUPS + SETTINGS :]
        e += still
        e += tried[span, :, np.newaxis]
        e = _relu(dense(_relu(e), "encode_2"))
        p = e @ weights["own.kernel"]
        p += dense(e.mean(axis=1, keepdims=True), "others")
        pooled[span] = _relu(dense(_relu(p), "pool")).sum(axis=1)
    return _recurrent(weights, pooled, inputs.analytic)


def _recurrent(weights: dict[str, F32], p: F32, analytic: F32) -> F32:
    size = weights["memory.recurrent"].shape[0]
    x = np.concatenate([p, analytic], axis=2) @ weights["memory.kernel"] + weights["memory.bias"]
    h, c = (np.zeros((len(p), size), np.float32) for _ in range(2))
    states = np.empty((*p.shape[:2], size), np.float32)
    for t in range(p.shape[1]):
        gates = x[:, t] + h @ weights["memory.recurrent"]
        i, f, g, o = (gates[:, k * size : (k + 1) * size] for k in range(4))  # in Keras's order
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        states[:, t] = h
    change = np.concatenate([states, analytic], axis=2) @ weights["out.kernel"] + weights["out.bias"]
    return np.asarray(analytic + change, np.float32)


def _relu(x: F32) -> F32:
    return np.maximum(x, np.float32(0.0), out=x)


def _sigmoid(x: F32) -> F32:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float32)
