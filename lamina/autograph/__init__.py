"""AutoGraph: Python's ``if``, ``while`` and ``for`` over tensors in traced functions.

A user function is converted when a traced function calls it: calls, logical operators
and ternaries by a light pass of ours (``expressions``), statements by the analysis of
``diastatic-malt`` (``statements``). The converted code calls ``operators``, which run
Python's own meaning over Python values and the ``staging`` of branches and loops over
traced tensors.
"""

from lamina._names import attach
from lamina.autograph import conversion as conversion  # registers with the engine
from lamina.autograph.conversion import convert as convert
from lamina.autograph.conversion import tf_convert as tf_convert

__getattr__, __dir__ = attach(__name__)
