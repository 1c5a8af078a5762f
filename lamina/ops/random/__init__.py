"""Random numbers: ``tf.random``."""
