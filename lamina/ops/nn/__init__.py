"""Neural-network operations: ``tf.nn``."""
