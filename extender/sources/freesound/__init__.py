"""The sound source ``freesound``: recordings from freesound.org, found, weighed and looked at before they are used."""

from extender.sources.freesound.source import FreesoundSource

__all__ = ["FreesoundSource"]
