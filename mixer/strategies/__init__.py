"""Strategies: who decides all settings of a mix. See :mod:`mixer.strategies.base`."""
