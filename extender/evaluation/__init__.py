"""Mixes compared: every scene of a folder mixed every way, measured alike, and given to people to be judged blind."""
