"""Hostile input for everything that reads files or answers: `python -m tests.fuzz`."""
