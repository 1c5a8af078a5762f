"""Lamina's tests, mirroring the package."""
