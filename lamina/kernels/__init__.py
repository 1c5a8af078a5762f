"""Lowerings chosen per platform: oneDNN on CPUs, XLA's own everywhere else."""
