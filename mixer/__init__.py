"""The ASRA mixer: tracks in, MixPlan and Render out. Knows nothing of pictures, Freesound or TensorFlow.

>>> import numpy as np, mixer
>>> noise = np.random.default_rng(1).normal(0, 0.1, 48_000)
>>> track = mixer.Track("rain", (mixer.AudioBuffer(noise, 48_000),), target_lufs=-24.0)
>>> render = mixer.mix([track])
>>> render.mix.channels
2
"""
