"""The losses of Model.compile for outputs of any structure."""

from typing import Any

import numpy as np
import pytest

from lamina import keras
from lamina.engine.tensor import constant
from lamina.keras.trainers.compile_loss import CompileLoss


def total(y_true: Any, y_pred: Any) -> Any:
    """The sum of absolute differences over a structure."""
    pairs = zip(keras.tree.flatten(y_true), keras.tree.flatten(y_pred), strict=True)
    return sum(keras.ops.sum(keras.ops.abs(t - p)) for t, p in pairs)


def test_a_loss_for_the_whole_and_losses_for_its_parts() -> None:
    pred = (constant([[1.0]]), constant([[2.0]]))
    true = (constant([[0.0]]), constant([[0.0]]))
    loss = CompileLoss([total, ("mse", "mse")], loss_weights=[1.0, (10.0, 100.0)])
    loss.output_names = ["p", "q"]
    np.testing.assert_allclose(loss(true, pred), 3.0 + 10.0 + 400.0)
    assert [m.name for m in loss.metrics] == ["p_q_loss", "p_loss", "q_loss"]


def test_a_nested_dict_of_losses() -> None:
    pred = {"a": (constant([[1.0]]), constant([[2.0]])), "b": constant([[3.0]])}
    true = keras.tree.map_structure(keras.ops.zeros_like, pred)
    loss = CompileLoss({"a": [total, (None, "mae")], "b": "mse"})
    np.testing.assert_allclose(loss(true, pred), 3.0 + 2.0 + 9.0)


def test_unnamed_outputs_report_the_losses_names() -> None:
    pred = [constant([[1.0]]), constant([[0.5]])]
    loss = CompileLoss(
        ["mean_squared_error", "mean_absolute_error"], output_names=["only"]
    )
    loss([constant([[0.0]]), constant([[0.0]])], pred)
    assert [m.name for m in loss.metrics] == [
        "mean_squared_error_loss",
        "mean_absolute_error_loss",
    ]


def test_an_unknown_key_is_named() -> None:
    pred = {"a": constant([[1.0]]), "b": constant([[1.0]])}
    loss = CompileLoss({"a": "mse", "c": "mse"})
    with pytest.raises(KeyError, match=r"\('c',\).*can't be found in either"):
        loss(pred, pred)
