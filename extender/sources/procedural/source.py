"""The sound source that needs nothing: every sound is made when it is asked for, and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from extender.errors import SourceError, UsageError
from extender.sources.base import Candidate, Query, SourceContext
from extender.sources.procedural.model import NO_VALUES, Model, rendered
from extender.sources.procedural.picture import values_of
from extender.sources.procedural.registry import BY_CONCEPT, BY_NAME
from extender.sources.procedural.toolkit import SAMPLE_RATE
from extender.types import SoundAsset

VERSION = 3
"""Raised whenever a model sounds different: what an older version made is then left alone and made anew."""

AUTHOR = "Image Extender (synthesised)"
LICENCE = "CC0-1.0"

SCORE, OTHER_MODEL_SCORE, OTHER_KIND_SCORE = 0.5, 0.28, 0.2
"""Modest: a fitting recording is better. Another model than the first is offered, but not as a further take of it."""

_ID = re.compile(r"([a-z][a-z-]{0,40})/([0-9a-f]{16})-([0-9]{1,4})(?:\?([a-z0-9_=&.+-]{1,200}))?")


class ProceduralSource:
    """Synthesised sounds; see ``docs/procedural.md``.

    Parameters
    ----------
    context : SourceContext
        Sounds are kept under ``cache_dir/procedural``.
    """

    name = "procedural"

    def __init__(self, context: SourceContext) -> None:
        self._folder = context.cache_dir / "procedural" / f"v{VERSION}"

    def search(self, query: Query) -> list[Candidate]:
        """Return the models of exactly this concept, the one of the wanted kind first with as many takes as wanted.

        All takes of a model are by one individual, which follows from the query's seed.
        """
        models = sorted(BY_CONCEPT.get(query.concept, ()), key=lambda model: model.kind != query.kind)
        found = []
        for place, model in enumerate(models):
            score = SCORE if place == 0 else OTHER_MODEL_SCORE if model.kind == query.kind else OTHER_KIND_SCORE
            takes = max(query.takes, 1) if place == 0 else 1
            values = values_of(model, query)
            found += [_candidate(model, query.seed, take, score, values) for take in range(takes)]
        return found

    def find(self, sound: str) -> Candidate:
        """Return the sound with this id. Raises SourceError for what is none of this source's."""
        model, _, take, values = _parsed(sound)
        return replace(_candidate(model, 0, take, SCORE, values), id=sound)

    def fetch(self, candidate: Candidate) -> SoundAsset:
        """Synthesise the sound, or take it from the cache.

        Raises
        ------
        SourceError
            The id is none of this source's, or the cache cannot be written.
        """
        model, seed, take, values = _parsed(candidate.id)
        path = self._folder / model.name / f"{seed:016x}-{take}{_mark(values)}.flac"
        try:
            duration_s = _duration_of_valid(path) or _made(path, model, seed, take, values)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise SourceError(
                f"cannot keep a synthesised sound in {self._folder}: {error.strerror or error}; "
                "set EXTENDER_CACHE to a folder that can be written"
            ) from None
        return SoundAsset(
            file=str(path.resolve()),
            sha256=digest,
            source=self.name,
            id=candidate.id,
            title=_title(model, take, values),
            author=AUTHOR,
            licence=LICENCE,
            url="",
            duration_s=duration_s,
        )


def _candidate(model: Model, seed: int, take: int, score: float, values: Mapping[str, float] = NO_VALUES) -> Candidate:
    told = "".join(f", {text}" for text in _told(model, values))
    individual = hashlib.blake2b(f"{seed}:{model.name}".encode(), digest_size=8).hexdigest()
    return Candidate(
        source=ProceduralSource.name,
        id=f"{model.name}/{individual}-{take}{_written(values)}",
        title=_title(model, take, values),
        tags=model.concepts,
        duration_s=model.duration_s,
        author=AUTHOR,
        licence=LICENCE,
        url="",
        score=score,
        reason=f"synthesised: model {model.name!r}{told}",
        channels=model.channels,
    )


def _title(model: Model, take: int, values: Mapping[str, float]) -> str:
    title = model.title if model.kind != "event" else f"{model.title} {take + 1}"
    return ", ".join((title, *_told(model, values)))


def _told(model: Model, values: Mapping[str, float]) -> list[str]:
    """Return the values that were set, for people, in the order of the parameters."""
    return [parameter.told(values[parameter.name]) for parameter in model.parameters if parameter.name in values]


def _written(values: Mapping[str, float]) -> str:
    """Return the end of an id: ``?persons=24&speed=3.5``, names in their order, numbers as short as they are exact."""
    return "?" + "&".join(f"{name}={values[name]!r}".removesuffix(".0") for name in sorted(values)) if values else ""


def _mark(values: Mapping[str, float]) -> str:
    """Return what tells files of one take with other values apart."""
    return "-" + hashlib.blake2b(_written(values).encode(), digest_size=6).hexdigest() if values else ""


def _parsed(identity: str) -> tuple[Model, int, int, dict[str, float]]:
    """Read an id; it may come from a file that somebody sent, so nothing of it becomes a path unchecked."""
    parts = _ID.fullmatch(identity)
    model = BY_NAME.get(parts[1]) if parts else None
    values = _values(model, parts[4]) if parts and model else None
    if parts is None or model is None or values is None:
        raise SourceError(
            f"no synthesised sound has the id {identity!r}; expected MODEL/16 hexadecimal digits-TAKE, with a model of "
            "'extender sounds procedural list', and ?PARAMETER=VALUE&… within its ranges where it is set"
        )
    return model, int(parts[2], 16), int(parts[3]), values


def _values(model: Model, text: str | None) -> dict[str, float] | None:
    """Return the values that an id sets; None unless it is written exactly as this source writes it."""
    if text is None:
        return {}
    try:
        values = {name: float(number) for name, _, number in (part.partition("=") for part in text.split("&"))}
        model.values(values)
    except (ValueError, UsageError):
        return None
    return values if _written(values) == f"?{text}" else None


def _duration_of_valid(path: Path) -> float | None:
    """Return the length of a kept sound in seconds, None where there is none or it is damaged."""
    if not path.is_file():
        return None
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            promised = file.frames
            samples = file.read(dtype="float32")
    except soundfile.LibsndfileError:
        return None
    whole = samples.shape[0] == promised > 0 and float(np.abs(samples).max()) > 0.0
    return float(promised / SAMPLE_RATE) if whole else None


def _made(path: Path, model: Model, seed: int, take: int, values: Mapping[str, float]) -> float:
    """Synthesise a sound into a file, whole or not at all; return its length in seconds."""
    import soundfile

    samples = rendered(model, seed, take, values=values)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    os.close(handle)
    temporary = Path(name)
    try:
        soundfile.write(temporary, samples.T, SAMPLE_RATE, "PCM_24", format="FLAC")
        temporary.replace(path)
    except soundfile.LibsndfileError as error:
        raise OSError(f"writing failed ({error})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return float(samples.shape[1] / SAMPLE_RATE)
