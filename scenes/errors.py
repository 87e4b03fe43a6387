"""The one root error of the package."""


class SceneError(ValueError):
    """A scene, vocabulary or scene file is not what it must be. The message says what was expected and what came."""
