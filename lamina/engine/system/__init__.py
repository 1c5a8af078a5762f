"""Devices, process-wide settings and scopes of names."""
