"""Data sets for first steps; the digits come with the package."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
