"""`keras.layers`: layers that join several inputs."""
