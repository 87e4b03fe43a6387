"""The learned models: definition, training, weights with checksum. Knows nothing of the application."""

from models.checksum import sha256_of, verify

__all__ = ["sha256_of", "verify"]
