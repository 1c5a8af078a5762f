"""Assertions over tensors, eager and inside compiled programs."""
