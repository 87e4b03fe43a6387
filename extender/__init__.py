"""The application: pictures in, soundscapes out."""
