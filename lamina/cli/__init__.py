"""The command ``lamina``."""
