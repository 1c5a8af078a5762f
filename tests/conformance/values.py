"""Answers as plain data: normalised, written to bytes, and compared.

An answer is a nest of these nodes, each a dictionary with the key "k":
`array` (dtype, shape, bytes), `strings`, `number`, `plain` (None, bool, str, bytes),
`dtype`, `symbolic` (shape and dtype), `error` (the class names that catch it),
`list` and `dict`. Shapes are lists of numbers, so that a tuple and a TensorShape agree.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import ml_dtypes
import numpy as np

from tests.conformance.helpers import Raised

Node = dict[str, Any]

TOLERANCE = {
    "float64": 1e-9,
    "complex128": 1e-9,
    "float32": 1e-5,
    "complex64": 1e-5,
    "float16": 4e-3,
    "bfloat16": 3e-2,
}


def numpy_dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype for a TensorFlow dtype name."""
    return np.dtype(getattr(ml_dtypes, name, None) or name)


def normalise(value: Any) -> Node:
    """The node of anything that a case returns, under either implementation."""
    kind = type(value).__name__
    if isinstance(value, Raised):
        return {"k": "error", "names": list(value.names), "text": value.text}
    if hasattr(value, "as_numpy_dtype"):
        return {"k": "dtype", "name": str(value.name)}
    if kind == "TensorShape":
        return _shape(value)
    if value is None or isinstance(value, bool | str):
        return {"k": "plain", "value": value}
    if isinstance(value, bytes):
        return {"k": "plain", "value": "bytes:" + value.decode("latin-1")}
    if isinstance(value, int | float) and not isinstance(value, np.generic):
        return {"k": "number", "value": value}
    if isinstance(value, complex) and not isinstance(value, np.generic):
        return {"k": "number", "value": [value.real, value.imag]}
    if isinstance(value, Mapping):
        items = {str(key): normalise(item) for key, item in value.items()}
        return {"k": "dict", "items": items}
    if kind == "KerasTensor":
        shape = [None if size is None else int(size) for size in value.shape]
        return {"k": "symbolic", "shape": shape, "dtype": _name(value.dtype)}
    if kind == "RaggedTensor":
        parts = {"values": value.flat_values, "splits": list(value.nested_row_splits)}
        return normalise(parts)
    if kind in ("SparseTensor", "IndexedSlices"):
        names = ("indices", "values", "dense_shape")
        return normalise({name: getattr(value, name) for name in names})
    if isinstance(value, list | tuple | set | frozenset):
        members = sorted(value) if isinstance(value, set | frozenset) else value
        return {"k": "list", "items": [normalise(item) for item in members]}
    if callable(getattr(value, "numpy", None)):
        return _array(np.asarray(value.numpy()), _name(value.dtype))
    if isinstance(value, np.ndarray | np.generic):
        return _array(np.asarray(value), None)
    raise TypeError(f"a case returned {kind}, which cannot be an answer: {value!r}")


def _shape(value: Any) -> Node:
    if value.rank is None:
        return {"k": "plain", "value": "unknown rank"}
    return normalise(value.as_list())


def _name(dtype: Any) -> str:
    return str(getattr(dtype, "name", dtype))


def _array(value: np.ndarray[Any, Any], name: str | None) -> Node:
    if value.dtype.kind in "OSU":
        flat = [
            item.decode("latin-1") if isinstance(item, bytes) else str(item)
            for item in value.reshape(-1).tolist()
        ]
        return {"k": "strings", "shape": list(value.shape), "items": flat}
    dtype = name or value.dtype.name
    return {"k": "array", "dtype": dtype, "shape": list(value.shape), "data": value}


def differences(expected: Node, actual: Node, tolerance: Any) -> list[str]:
    """What differs, one line each with its place in the nest; empty when they agree."""
    return list(_compare(expected, actual, tolerance, ""))


def _compare(want: Node, have: Node, tolerance: Any, at: str) -> Iterator[str]:
    place = at or "answer"
    if want["k"] != have["k"]:
        yield f"{place}: expected {brief(want)}, received {brief(have)}"
    elif want["k"] == "list":
        yield from _compare_lists(want, have, tolerance, at)
    elif want["k"] == "dict":
        yield from _compare_dicts(want, have, tolerance, at)
    elif want["k"] == "error":
        missing = sorted(set(want["names"]) - set(have["names"]))
        if bool(want["names"]) != bool(have["names"]) or missing:
            yield f"{place}: expected {brief(want)}, received {brief(have)}"
    elif want["k"] == "array":
        yield from _compare_arrays(want, have, tolerance, place)
    elif want["k"] == "number":
        close = np.allclose(
            want["value"], have["value"], rtol=1e-5, atol=1e-6, equal_nan=True
        )
        exact = isinstance(want["value"], int) and isinstance(have["value"], int)
        if not (want["value"] == have["value"] if exact else close):
            yield f"{place}: expected {brief(want)}, received {brief(have)}"
    elif want != have:
        yield f"{place}: expected {brief(want)}, received {brief(have)}"


def _compare_lists(want: Node, have: Node, tolerance: Any, at: str) -> Iterator[str]:
    if len(want["items"]) != len(have["items"]):
        sizes = f"{len(want['items'])} members, received {len(have['items'])}"
        yield f"{at or 'answer'}: expected {sizes}: {brief(want)} / {brief(have)}"
        return
    for index, pair in enumerate(zip(want["items"], have["items"], strict=True)):
        yield from _compare(*pair, tolerance, f"{at}[{index}]")


def _compare_dicts(want: Node, have: Node, tolerance: Any, at: str) -> Iterator[str]:
    missing = sorted(set(want["items"]) ^ set(have["items"]))
    if missing:
        yield f"{at or 'answer'}: these keys are on one side only: {missing}"
    for key in want["items"].keys() & have["items"].keys():
        pair = want["items"][key], have["items"][key]
        yield from _compare(*pair, tolerance, f"{at}[{key!r}]")


def _compare_arrays(
    want: Node, have: Node, tolerance: Any, place: str
) -> Iterator[str]:
    for part in ("dtype", "shape"):
        if want[part] != have[part]:
            yield f"{place}: expected {part} {want[part]}, received {have[part]}"
            return
    left, right = want["data"], have["data"]
    limit = limit_for(want["dtype"], tolerance)
    if limit == 0:
        same = np.array_equal(left, right)
    else:
        left, right = _wide(left), _wide(right)
        same = np.allclose(right, left, rtol=limit, atol=limit, equal_nan=True)
    if not same:
        pair = f"expected {brief(want)}, received {brief(have)}"
        yield f"{place}: {pair} (tolerance {limit})"


def limit_for(dtype: str, tolerance: Any) -> float:
    """The tolerance of a comparison: the declared one, or the dtype's own."""
    own = TOLERANCE.get(dtype, 0.0)
    if isinstance(tolerance, Mapping):
        return float(tolerance.get(dtype, own))
    if tolerance is None or own == 0.0:
        return own
    return max(float(tolerance), own if own > 1e-4 else 0.0)


def _wide(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return value.astype("complex128" if value.dtype.kind == "c" else "float64")


def brief(node: Node) -> str:
    """A node on one line, for messages."""
    if node["k"] == "array":
        data = np.array2string(node["data"], threshold=12, precision=8)
        return f"{node['dtype']}{node['shape']} {' '.join(data.split())}"
    if node["k"] == "error":
        if not node["names"]:
            return "no error"
        return f"an error caught by {node['names']} ({node.get('text', '')[:200]})"
    if node["k"] in ("list", "dict"):
        return f"{node['k']} {str(node['items'])[:120]}"
    return str({key: value for key, value in node.items() if key != "k"})[:200]


def pack(node: Node, blob: bytearray) -> Node:
    """The node with its arrays moved into `blob`, ready for JSON."""
    if node["k"] == "list":
        return {"k": "list", "items": [pack(item, blob) for item in node["items"]]}
    if node["k"] == "dict":
        items = {key: pack(item, blob) for key, item in node["items"].items()}
        return {"k": "dict", "items": items}
    if node["k"] == "error":
        return {"k": "error", "names": node["names"]}
    if node["k"] == "array":
        raw = np.ascontiguousarray(node["data"]).tobytes()
        start = len(blob)
        blob.extend(raw)
        packed = {key: node[key] for key in ("k", "dtype", "shape")}
        return {**packed, "at": [start, len(raw)]}
    return node


def unpack(node: Node, blob: bytes) -> Node:
    """The inverse of `pack`."""
    if node["k"] == "list":
        return {"k": "list", "items": [unpack(item, blob) for item in node["items"]]}
    if node["k"] == "dict":
        items = {key: unpack(item, blob) for key, item in node["items"].items()}
        return {"k": "dict", "items": items}
    if node["k"] == "array":
        start, size = node["at"]
        dtype = numpy_dtype(node["dtype"])
        data = np.frombuffer(blob[start : start + size], dtype).reshape(node["shape"])
        return {**{key: node[key] for key in ("k", "dtype", "shape")}, "data": data}
    return node
