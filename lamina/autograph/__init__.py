"""AutoGraph: Python's ``if``, ``while`` and ``for`` over tensors in traced functions.

A user function is converted when a traced function calls it: calls, logical operators
and ternaries by a light pass of ours (``expressions``), statements by the analysis of
``diastatic-malt`` (``statements``). The converted code calls ``operators``, which run
Python's own meaning over Python values and the ``staging`` of branches and loops over
traced tensors.
"""

from lamina.autograph import status
from lamina.autograph.api import do_not_convert
from lamina.autograph.operators import artifact, convert, converted_call, tf_convert
from lamina.autograph.operators.calls import register_holder
from lamina.engine import function as _function

_function.set_converter(convert)
_function.set_unconverted(do_not_convert)
register_holder(_function._WeakMethod)

__all__ = ["artifact", "convert", "converted_call", "status", "tf_convert"]
