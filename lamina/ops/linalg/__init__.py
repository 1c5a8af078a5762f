"""Products, decompositions and solvers of matrices: ``tf.linalg``."""
