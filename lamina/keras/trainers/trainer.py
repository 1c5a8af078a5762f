"""`Trainer`: the training methods of models."""

from __future__ import annotations


class Trainer:
    """`compile`, `fit`, `evaluate`, `predict` and what they need."""
