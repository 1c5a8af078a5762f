"""Branches and loops as parts of a traced program."""
