"""Seeing: what is in a picture, where, how important, and what kind of place it shows."""
