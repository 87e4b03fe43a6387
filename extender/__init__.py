"""The application: pictures in, soundscapes out."""

__version__ = "0.1.0"
