"""Ready-made image models, and what prepares images for them."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
