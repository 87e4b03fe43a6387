"""The meters' compiled loop: the K-weighting and its energies in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mixer.kernels import compiled

_STILL = 1e-30
"""A filter whose state is below this has come to rest; without it, decays end in denormal numbers, which are slow."""


def _energies_scipy(
    samples: NDArray[np.float32],
    coefficients: NDArray[np.float64],
    state: NDArray[np.float64],
    pending: NDArray[np.float64],
    edges: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    from scipy.signal import sosfilt

    b0, b1, b2, a1, a2, d1, d2 = coefficients
    sections = np.array([[b0, b1, b2, 1.0, a1, a2], [1.0, -2.0, 1.0, 1.0, d1, d2]])
    starts = np.concatenate([[0], edges])
    for channel, signal in enumerate(samples):
        delays = state[channel, :4]  # of the transposed form
        if np.abs(delays).max() < _STILL:
            delays[:] = 0.0
        if signal.any() or delays.any():
            filtered, after = sosfilt(sections, signal.astype(np.float64), zi=delays.reshape(2, 2))
            delays[:] = after.ravel()
        else:
            filtered = np.zeros(len(signal))
        # the appended zero keeps reduceat in range where the block ends on an edge
        sums = np.add.reduceat(np.append(np.square(filtered), 0.0), starts)
        sums[0] += pending[channel]
        out[:, channel], pending[channel] = sums[:-1], sums[-1]


@compiled(fallback=_energies_scipy, contract=True)
def weighted_energies(
    samples: NDArray[np.float32],
    coefficients: NDArray[np.float64],
    state: NDArray[np.float64],
    pending: NDArray[np.float64],
    edges: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Pass a block through two biquads and add up the squares of what comes out, between edges.

    Parameters
    ----------
    samples : (channels, frames) floats
    coefficients : (7,) floats
        b0, b1, b2, a1, a2 of the first section; a1, a2 of the second, whose numerator is 1, −2, 1.
    state : (channels, 6) floats
        What the filters remember, at first zeros; changed.
    pending : (channels,) floats
        Energy since the last edge; changed.
    edges : (n,) integers
        Rising frames of the block at which a sum ends, up to ``frames``.
    out : (n, channels) floats
        Is filled with the sums.

    Notes
    -----
    Two samples are made at once. The second is written as a function of what was known before the first (the recursion
    y[n+1] = w[n+1] − a1 y[n] − a2 y[n−1] with y[n] put in), so that neither waits for the other.
    """
    b0, b1, b2, a1, a2, d1, d2 = coefficients
    a11, a12, d11, d12 = a1 * a1 - a2, a1 * a2, d1 * d1 - d2, d1 * d2
    frames = samples.shape[1]
    for c in range(samples.shape[0]):
        x, s = samples[c], state[c]
        n = 0
        for e in range(len(edges) + 1):
            end = edges[e] if e < len(edges) else frames
            largest = 0.0
            for i in range(6):
                largest = max(largest, abs(s[i]))
            if largest < _STILL:
                s[:] = 0.0
                while n < end and x[n] == 0.0:
                    n += 1
            # x, y, z: into the filters, between them, out of them; 1 and 2 samples ago
            x1, x2, y1, y2, z1, z2 = s[0], s[1], s[2], s[3], s[4], s[5]
            first, second = pending[c], 0.0
            while n + 1 < end:
                v, u = np.float64(x[n]), np.float64(x[n + 1])
                f = b0 * v + (b1 * x1 + b2 * x2)
                g = b0 * u + (b1 * v + b2 * x1)
                y = (f - a2 * y2) - a1 * y1
                w = ((g - a1 * f) + a12 * y2) + a11 * y1
                f = y + (y2 - 2.0 * y1)
                g = w + (y1 - 2.0 * y)
                z = (f - d2 * z2) - d1 * z1
                q = ((g - d1 * f) + d12 * z2) + d11 * z1
                first += z * z
                second += q * q
                x2, x1, y2, y1, z2, z1 = v, u, y, w, z, q
                n += 2
            if n < end:
                v = np.float64(x[n])
                y = (b0 * v + (b1 * x1 + b2 * x2) - a2 * y2) - a1 * y1
                z = (y + (y2 - 2.0 * y1) - d2 * z2) - d1 * z1
                first += z * z
                x2, x1, y2, y1, z2, z1 = x1, v, y1, y, z1, z
                n += 1
            s[0], s[1], s[2], s[3], s[4], s[5] = x1, x2, y1, y2, z1, z2
            if e < len(edges):
                out[e, c] = first + second
                pending[c] = 0.0
            else:
                pending[c] = first + second
