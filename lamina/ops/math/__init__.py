"""Arithmetic, reductions, comparisons, scans and segments: ``tf.math``."""
