"""`keras.layers`: layers that normalise their inputs."""
