"""Freesound and its licences. Knows nothing of scenes, mixer or extender."""

from freesound.errors import FreesoundError
from freesound.licence import Licence, LicenceKind, Whole, parse_licence, strictest

__all__ = ["FreesoundError", "Licence", "LicenceKind", "Whole", "parse_licence", "strictest"]
