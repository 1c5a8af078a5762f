"""TensorFlow's low-level API and Keras in one package, on XLA.

``import lamina as tf`` gives the ``tf`` namespace. Importing it loads no array
library and touches no device: each public name is found in a table and imported on
its first use.
"""

from lamina._names import attach, install_finder
from lamina.version import LAMINA_VERSION as __version__

install_finder()

__getattr__, __dir__ = attach(__name__)
