"""Synthesised sounds: the embedded default, which needs neither network nor files."""

from __future__ import annotations

from extender.sources.procedural.model import Model
from extender.sources.procedural.registry import MODELS
from extender.sources.procedural.source import ProceduralSource

__all__ = ["MODELS", "Model", "ProceduralSource"]
