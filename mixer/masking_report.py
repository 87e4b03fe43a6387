"""What a masking analysis found: values to look at, to explain, to keep and to plot."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mixer.errors import MixerError
from mixer.masking_words import Finding, findings, sentences
from mixer.types import check

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MaskingReport:
    """Who masks whom, and what is left of each track; i masks, j is masked, b is the band.

    Parameters
    ----------
    ids : tuple of str
    band_hz : (bands + 1,) float32
        Edges of the bands.
    frame_s, seconds : float
        From one frame to the next; length of what was heard.
    contribution : (tracks, tracks, bands) float32
        C_ij(b), 0..1: mean of min(d_ij, 20 dB)/20 dB over the frames in which both are heard, d_ij > 0 being how far
        the masking threshold of i lies over the excitation of j.
    depth_db : (tracks, tracks, bands) float32
        Mean d_ij where i masks j.
    interchange : (tracks, tracks, bands) float32
        X_ij(b) = 2 min(C_ij, C_ji)/(C_ij + C_ji): 0 = always the same one masks, 1 = roles swap half of the time.
    masked_time : (tracks, tracks, bands) float32
        Share of the frames in which j is heard, in which i masks it.
    activity : (tracks, bands) float32
        Share of all frames in which the track is heard.
    masked_share, masked_db : (tracks, bands) float32
        Share of the frames in which it is heard, in which all others together mask it, and by how much then.
    loudness_bands, heard_bands : (tracks, bands) float32
        Loudness of the track alone, and what is left of it beside all others (:func:`mixer.partial.partial_loudness`),
        sone in each band, mean over all frames, the better ear in each.
    msr : (tracks,) float32
        Masker-to-signal measure against all others, 0..1 (:func:`mixer.partial.masked_share`): mean over the frames in
        which any of the track is heard of Σ_b min(d, 20 dB)/20 dB/bands; NaN for a track that is never heard.
    """

    ids: tuple[str, ...]
    band_hz: Array
    frame_s: float
    seconds: float
    contribution: Array
    depth_db: Array
    interchange: Array
    masked_time: Array
    activity: Array
    masked_share: Array
    masked_db: Array
    loudness_bands: Array
    heard_bands: Array
    msr: Array

    def __post_init__(self) -> None:
        count, bands = len(self.ids), len(self.band_hz) - 1
        shapes = {1: (count,), 2: (count, bands), 3: (count, count, bands)}
        for name in _ARRAYS:
            array = np.asarray(getattr(self, name), np.float32)
            expected = (bands + 1,) if name == "band_hz" else shapes.get(array.ndim)
            check(array.shape == expected, "MaskingReport", name, f"of shape {expected}", array.shape)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def loudness_sone(self) -> Array:
        """Loudness of each track alone, mean over all frames, (tracks,)."""
        return np.asarray(self.loudness_bands.sum(axis=1), np.float32)

    @property
    def mur(self) -> Array:
        """Masked-to-unmasked ratio: the share of each track's loudness that is heard in the mix, (tracks,), 0..1.

        NaN for a track that is silent.
        """
        alone = self.loudness_sone
        left = self.heard_bands.sum(axis=1)
        return np.asarray(np.divide(left, alone, out=np.full_like(alone, np.nan), where=alone > 0.0), np.float32)

    @property
    def lost(self) -> Array:
        """Share of the loudness of j that lies where and when i masks it, (tracks, tracks), 0..1."""
        alone = self.loudness_sone
        lost = np.einsum("ijb,jb->ij", self.masked_time, self.loudness_bands)
        return np.asarray(np.divide(lost, alone, out=np.zeros_like(lost), where=alone > 0.0), np.float32)

    def findings(self, *, least_time: float = 0.1, least_share: float = 0.02) -> list[Finding]:
        """Return who masks whom where, contiguous bands in one, what costs the masked track most coming first.

        Parameters
        ----------
        least_time : float
            Bands count in which masking happens at least for this share of the time in which the masked is heard.
        least_share : float
            Findings count that cost at least this share of the masked track's loudness.
        """
        return findings(self, least_time, least_share)

    def explain(self, limit: int = 10) -> list[str]:
        """Return the most important findings in plain words, one sentence each.

        For example "engine masks birds at 1–4 kHz for 62 % of the time, 7 dB". Where nothing is masked it says so.
        """
        return sentences(self, limit)

    def plot(self) -> Figure:
        """Draw who masks whom, and where in the spectrum each track is masked. Needs the extra ``plot``."""
        from mixer.masking_plot import plot_report

        return plot_report(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write to a file whose name ends in ``.npz`` (exact, small) or ``.json`` (text, six digits)."""
        path = Path(path)
        check(path.suffix in (".npz", ".json"), "MaskingReport", "path", "a name ending in .npz or .json", path.name)
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                if path.suffix == ".npz":
                    arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
                    np.savez_compressed(
                        file, ids=np.array(self.ids), frame_s=self.frame_s, seconds=self.seconds, **arrays
                    )
                else:
                    file.write(json.dumps(self.as_dict(), allow_nan=False).encode())
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise MixerError(f"{path}: the masking report cannot be written ({error})") from None
        return path

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> MaskingReport:
        """Read what :meth:`save` wrote. Raises MixerError where it is something else."""
        path = Path(path)
        try:
            if path.suffix == ".json":
                return cls.from_dict(json.loads(path.read_text("utf-8")))
            with np.load(path, allow_pickle=False) as found:
                return cls.from_dict({name: found[name] for name in found.files})
        except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError) as error:
            raise MixerError(f"{path}: not a masking report that can be read ({error})") from None

    def as_dict(self) -> dict[str, Any]:
        """Return lists and numbers, rounded to six decimals, for JSON, None for NaN; :meth:`from_dict` takes them."""
        lists = {name: np.round(getattr(self, name).astype(np.float64), 6).tolist() for name in _ARRAYS}
        lists["msr"] = [None if value != value else value for value in lists["msr"]]
        return {"ids": list(self.ids), "frame_s": self.frame_s, "seconds": self.seconds, **lists}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MaskingReport:
        """Make a report of what :meth:`as_dict` gives. Raises KeyError, ValueError, MixerError."""
        count, bands = len(values["ids"]), len(values["band_hz"]) - 1
        arrays = {name: np.asarray(values[name], np.float32) for name in _ARRAYS}
        for name in ("contribution", "depth_db", "interchange", "masked_time"):
            arrays[name] = arrays[name].reshape(count, count, bands)
        ids = tuple(str(name) for name in values["ids"])
        return cls(ids=ids, frame_s=float(values["frame_s"]), seconds=float(values["seconds"]), **arrays)

    def __repr__(self) -> str:
        told = f"MaskingReport({len(self.ids)} tracks, {self.seconds:.1f} s"
        if self.loudness_sone.any():
            worst = int(np.nanargmin(self.mur))
            told += f", least heard: {self.ids[worst]}, {self.mur[worst]:.0%} of its loudness"
        return told + ")"

    def _repr_html_(self) -> str:
        lost = self.lost
        rows = []
        for j in np.argsort(self.mur, kind="stable"):  # silent ones come last
            if not self.loudness_sone[j] > 0.0:
                rows.append(f"<tr><td>{escape(self.ids[j])}</td><td colspan='4'>is silent</td></tr>")
                continue
            i = int(lost[:, j].argmax())
            by = f"{escape(self.ids[i])} ({lost[i, j]:.0%})" if lost[i, j] >= 0.005 else "–"
            rows.append(
                f"<tr><td>{escape(self.ids[j])}</td><td><meter min='0' max='1' value='{self.mur[j]:.3f}'></meter> "
                f"{self.mur[j]:.0%}</td><td>{self.loudness_sone[j]:.1f}</td><td>{self.msr[j]:.3f}</td><td>{by}</td></tr>"
            )
        head = "<tr><th>track</th><th>heard</th><th>sone alone</th><th>MSR</th><th>masked most by</th></tr>"
        told = "".join(f"<li>{escape(line)}</li>" for line in self.explain(5))
        return f"<table>{head}{''.join(rows)}</table><ul>{told}</ul>"


_ARRAYS = tuple(f.name for f in fields(MaskingReport) if f.name not in ("ids", "frame_s", "seconds"))
