"""The residue network: predicts the residue that a mix would leave. See docs/residue.md."""

from models.residue.candidates import candidates_of, listen_evenly
from models.residue.inference import ResidueModel

__all__ = ["ResidueModel", "candidates_of", "listen_evenly"]
