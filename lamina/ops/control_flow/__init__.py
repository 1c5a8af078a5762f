"""Branches, loops, tensor arrays, printing and calls back into Python."""
