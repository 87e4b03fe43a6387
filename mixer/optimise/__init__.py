"""Searching for settings: a genome, a quick model of what is heard, objectives, methods, and the exact measure."""
