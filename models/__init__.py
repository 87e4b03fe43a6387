"""The learned models: definition, training, weights with checksum. Knows nothing of the application."""
