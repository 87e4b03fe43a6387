"""Freesound and its licences. Knows nothing of scenes, mixer or extender."""
