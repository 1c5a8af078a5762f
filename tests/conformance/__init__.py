"""Op records, and their comparison with real TensorFlow and Keras.

How to add an op's record, a layer's record or a free case is written in README.md
beside this file; the words it is written in are defined in `records.py`.
"""
