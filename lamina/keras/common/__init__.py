"""What every part of Keras shares: state, names, scopes, tracking and masks."""
