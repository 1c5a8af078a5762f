"""The public operations, one package or file a namespace.

Importing anything from here gives ``Tensor`` its Python operators.
"""

from lamina.ops import operators as operators
from lamina.ops.array import selection as selection  # indexing by tensors and masks
