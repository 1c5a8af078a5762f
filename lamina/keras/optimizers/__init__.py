"""`keras.optimizers`: update rules and learning rate schedules."""

from lamina._names import attach

__getattr__, __dir__ = attach(__name__)
