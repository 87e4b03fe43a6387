"""Folders of pictures: every one becomes a soundscape, whatever happens on the way."""
