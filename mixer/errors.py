"""The one root error of the package."""


class MixerError(ValueError):
    """A buffer, track or plan is not what it must be. The message says what was expected and what came."""
