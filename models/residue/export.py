"""From Keras to files: the weights as arrays, and the same network as an ONNX graph with free axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.checksum import sha256_of
from models.residue.inference import GRAPH, SUMS, WEIGHTS
from models.residue.inputs import GROUPS, MOVING, SETTINGS

F32 = NDArray[np.float32]

DENSE = ("encode_1", "encode_2", "own", "others", "pool", "out")


def weights_of(network: Any) -> dict[str, F32]:
    """Return the arrays of a hybrid network by name: ``layer.kernel``, ``layer.bias``, ``memory.recurrent``."""
    arrays: dict[str, F32] = {}
    for name in (*DENSE, "memory"):
        kernel, *others = (np.asarray(w, np.float32) for w in network.get_layer(name).get_weights())
        arrays[f"{name}.kernel"] = kernel
        if name == "memory":
            arrays["memory.recurrent"] = others.pop(0)
        if others:
            arrays[f"{name}.bias"] = others[0]
    return arrays


def write(weights: dict[str, F32], folder: Path) -> None:
    """Write weights, graph and checksums; each under a temporary name first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (WEIGHTS, GRAPH):
        unfinished = folder / f"{name}.part"
        if name == WEIGHTS:
            with unfinished.open("wb") as file:
                np.savez(file, allow_pickle=False, **weights)
        else:
            unfinished.write_bytes(graph(weights))
        unfinished.replace(folder / name)
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in (WEIGHTS, GRAPH)]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def graph(weights: dict[str, F32]) -> bytes:
    """Return the network as an ONNX graph with one fused LSTM; candidates, tracks and frames are free.

    What all candidates share, the part of the first layer that sees the levels, is worked out once.
    """
    from onnx import TensorProto, checker, helper, numpy_helper  # type: ignore[import-not-found,unused-ignore]

    w = dict(weights)
    first = w.pop("encode_1.kernel")
    w |= {
        "levels.kernel": first[:GROUPS],
        "settings.kernel": first[GROUPS : GROUPS + SETTINGS],
        "moving.kernel": first[GROUPS + SETTINGS :],
        "memory.W": _in_onnx_order(w.pop("memory.kernel")),
        "memory.R": _in_onnx_order(w.pop("memory.recurrent")),
    }
    bias = _in_onnx_order(w.pop("memory.bias")[np.newaxis])[..., 0]
    w["memory.B"] = np.concatenate([bias, np.zeros_like(bias)], axis=1)
    integers = {"axis 1": [1], "axis 2": [2]}
    nodes = [
        helper.make_node("MatMul", ["levels", "levels.kernel"], ["still"]),
        helper.make_node("MatMul", ["settings", "settings.kernel"], ["settled"]),
        helper.make_node("Add", ["settled", "encode_1.bias"], ["biased"]),
        helper.make_node("Unsqueeze", ["biased", "axis 2"], ["tried"]),
        helper.make_node("MatMul", ["moving", "moving.kernel"], ["moved"]),
        helper.make_node("Add", ["moved", "still"], ["sum_1"]),
        helper.make_node("Add", ["sum_1", "tried"], ["sum_2"]),
        helper.make_node("Relu", ["sum_2"], ["e_1"]),
        *_dense("encode_2", "e_1", "e_2"),
        helper.make_node("Relu", ["e_2"], ["e"]),
        helper.make_node("MatMul", ["e", "own.kernel"], ["own"]),
        helper.make_node("ReduceMean", ["e", "axis 1"], ["mean"], keepdims=1),
        *_dense("others", "mean", "others"),
        helper.make_node("Add", ["own", "others"], ["both"]),
        helper.make_node("Relu", ["both"], ["p_1"]),
        *_dense("pool", "p_1", "p_2"),
        helper.make_node("Relu", ["p_2"], ["p_3"]),
        helper.make_node("ReduceSum", ["p_3", "axis 1"], ["p"], keepdims=0),
        helper.make_node("Concat", ["p", "analytic"], ["x"], axis=2),
        helper.make_node("Transpose", ["x"], ["by_time"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["by_time", "memory.W", "memory.R", "memory.B"], ["states"],
                         hidden_size=w["memory.R"].shape[2]),
        helper.make_node("Squeeze", ["states", "axis 1"], ["squeezed"]),
        helper.make_node("Transpose", ["squeezed"], ["h"], perm=[1, 0, 2]),
        helper.make_node("Concat", ["h", "analytic"], ["seen"], axis=2),
        *_dense("out", "seen", "change"),
        helper.make_node("Add", ["analytic", "change"], ["map"]),
    ]  # fmt: skip
    shapes = {
        "levels": ["tracks", "frames", GROUPS],
        "settings": ["candidates", "tracks", SETTINGS],
        "moving": ["candidates", "tracks", "frames", MOVING],
        "analytic": ["candidates", "frames", GROUPS],
    }
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    told = helper.make_tensor_value_info("map", TensorProto.FLOAT, ["candidates", "frames", GROUPS])
    constants = [numpy_helper.from_array(np.ascontiguousarray(a, np.float32), name) for name, a in w.items()]
    constants += [numpy_helper.from_array(np.array(a, np.int64), name) for name, a in integers.items()]
    model = helper.make_model(
        helper.make_graph(nodes, "residue", given, [told], constants),
        opset_imports=[helper.make_opsetid("", 18)], ir_version=9,
    )  # fmt: skip
    checker.check_model(model)
    return bytes(model.SerializeToString())


def _dense(name: str, source: str, target: str) -> list[Any]:
    from onnx import helper  # type: ignore[import-not-found,unused-ignore]

    return [
        helper.make_node("MatMul", [source, f"{name}.kernel"], [f"{target} product"]),
        helper.make_node("Add", [f"{target} product", f"{name}.bias"], [target]),
    ]


def _in_onnx_order(kernel: F32) -> F32:
    """Bring the gates i, f, g, o of Keras, (inputs, 4 units), into i, o, f, g of ONNX, (1, 4 units, inputs)."""
    i, f, g, o = np.split(kernel, 4, axis=1)
    return np.concatenate([i, o, f, g], axis=1).T[np.newaxis]
