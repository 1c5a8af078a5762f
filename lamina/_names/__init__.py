"""The tables of public names, and the modules that resolve them on first use.

Each module of this package holds one table, ``NAMES``: the implementing module, and
for each of its symbols one line with all the public paths of the symbol. ``math.add
add`` stands for ``tf.math.add`` and ``tf.add``, both of them the attribute ``add`` of
the module; ``math.pow pow @ power`` for the attribute ``power``. Nothing that a table
names is imported before someone asks for it.
"""

from lamina._names._lazy import attach, install_finder
from lamina._names._missing import MissingName, MissingNameImport, nearest
from lamina._names._tables import is_namespace, is_symbol

__all__ = [
    "MissingName",
    "MissingNameImport",
    "attach",
    "install_finder",
    "is_namespace",
    "is_symbol",
    "nearest",
]
