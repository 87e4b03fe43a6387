"""The one root error of the package."""

from __future__ import annotations


class FreesoundError(Exception):
    """Something about Freesound, its sounds or their licences is not as it must be. One line: what, and what to do."""
