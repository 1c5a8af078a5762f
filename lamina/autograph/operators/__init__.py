"""What converted code calls: the meaning of Python's statements over tensors.

Converted functions see this package under the name ``ag__``.
"""

import sys

from lamina.autograph.operators.branches import if_stmt, unless_returned
from lamina.autograph.operators.calls import (
    artifact,
    convert,
    converted_call,
    iterated_call,
    set_runtime,
    tf_convert,
)
from lamina.autograph.operators.logical import and_, assert_stmt, if_exp, not_, or_
from lamina.autograph.operators.loops import for_stmt, while_stmt
from lamina.autograph.undefined import (
    Undefined,
    UndefinedReturnValue,
    ld,
    ldu,
    ret,
)

__all__ = [
    "Undefined",
    "UndefinedReturnValue",
    "and_",
    "artifact",
    "assert_stmt",
    "convert",
    "converted_call",
    "for_stmt",
    "if_exp",
    "if_stmt",
    "iterated_call",
    "ld",
    "ldu",
    "not_",
    "or_",
    "ret",
    "set_runtime",
    "tf_convert",
    "unless_returned",
    "while_stmt",
]

set_runtime(sys.modules[__name__])
