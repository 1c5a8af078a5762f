"""What the rooms above call to convert user functions, and the engine's hooks."""

from lamina.autograph import status
from lamina.autograph.api import do_not_convert
from lamina.autograph.operators import artifact, convert, converted_call, tf_convert
from lamina.autograph.operators.calls import register_holder
from lamina.engine.function import WeakMethod, set_converter, set_unconverted

set_converter(convert)
set_unconverted(do_not_convert)
register_holder(WeakMethod)

__all__ = ["artifact", "convert", "converted_call", "status", "tf_convert"]
