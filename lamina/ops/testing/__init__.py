"""``tf.test``: a test case with comparisons of arrays, and what a machine has."""
