"""The engine: tensors, the op door, variables, the tape, functions and graphs.

Nothing here knows about a concrete operation or about Keras; the rooms above build
on these modules and never the reverse.
"""
