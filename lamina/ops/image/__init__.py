"""Images: ``tf.image``."""
