"""A model of our own that tells fifteen kinds of places from a picture's edges; 1 MB, NumPy only."""

from models.places.model import PlaceModel, Told, place_model, read_model

__all__ = ["PlaceModel", "Told", "place_model", "read_model"]
