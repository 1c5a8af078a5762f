"""Data sets for first steps; the digits come with the package."""

from lamina.keras.datasets import digits

__all__ = ["digits"]
