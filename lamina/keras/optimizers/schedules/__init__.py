"""`keras.optimizers.schedules`: learning rates that follow the step."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
