"""Another sound for one part of a soundscape: the one that a person names, or the next best that was not used yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from extender.casting import cast, role_seed
from extender.errors import SourceError, UsageError
from extender.sources import make_source
from extender.sources.base import Candidate, Query, SoundSource, SourceContext
from extender.types import Cast, Considered, Project, Role, SoundAsset
from scenes import Scene, Vocabulary

SWAPPED_OUT = "swapped out"
"""How the reason of a sound begins that was replaced by hand: it is not taken again by itself."""
_MOST_CONSIDERED = 10


@dataclass(frozen=True, slots=True)
class Swap:
    """What plays one role of a project from now on; a ``pipeline.Change``.

    Parameters
    ----------
    label : str
        Id of the role, or what it is called.
    named : str
        ``SOURCE:ID``; empty = the next best that was not used yet.
    sources : sequence of SoundSource
        Who is asked for the next best, in this order.
    context : SourceContext
        What the source of a named sound is made with.
    vocabulary : Vocabulary
    """

    label: str
    named: str
    sources: Sequence[SoundSource]
    context: SourceContext
    vocabulary: Vocabulary

    def __call__(self, project: Project) -> Role:
        """Return the role with its new sounds.

        Raises
        ------
        UsageError
            No role is called so, or several are.
        SourceError
            The sound cannot be had, or there is no other.
        """
        found = roles_called(self.label, project.scene, project.cast)
        if len(found) > 1:
            raise UsageError(f"{self.label!r} is several: {', '.join(r.id for r in found)}; name one of them")
        role = found[0]
        if self.named:
            return named_role(role, self.named, self.vocabulary, self.context, seed=project.seed)
        return next_role(role, project, self.sources, self.vocabulary)


def roles_called(label: str, scene: Scene, roles: Cast) -> tuple[Role, ...]:
    """Return the role with this id, else all that are called so: as seen, as wanted, or as played.

    Raises
    ------
    UsageError
        There is none; the message lists those there are.
    """
    wish = label.strip().casefold()
    seen = {d.id: d.label.casefold() for d in scene.detections}
    for fits in (
        lambda role: role.id.casefold() == wish,
        lambda role: wish in (seen.get(role.id), role.wanted.casefold(), role.played.casefold()),
    ):
        found = tuple(role for role in roles.roles if fits(role))
        if found:
            return found
    there = ", ".join(f"{role.id} ({role.wanted})" for role in roles.roles)
    raise UsageError(f"nothing called {label!r} sounds here; there are: {there}")


def named_role(
    role: Role, named: str, vocabulary: Vocabulary, context: SourceContext, *, seed: int, heard: bool = True
) -> Role:
    """Return a role that plays the sound a person named, ``SOURCE:ID``.

    ``heard``: somebody has heard the sounds that it played until now, so they will not come back by themselves.

    Raises
    ------
    UsageError
        It is not written so, or there is no such source.
    SourceError
        The sound cannot be had.
    """
    source_name, separator, sound = named.partition(":")
    if not (separator and source_name and sound):
        raise UsageError(f"expected SOURCE:ID as 'extender sounds search' shows it, e.g. freesound:1234, got {named!r}")
    source = make_source(source_name, context)
    try:
        candidate = _find(source, sound, role, vocabulary, seed)
        asset = source.fetch(candidate)
    except SourceError as error:
        raise SourceError(f"{named}: {error}") from None
    now = (Considered(candidate.source, candidate.id, candidate.title, candidate.score, True, candidate.reason),)
    if heard:
        considered = _considered(role, now)
    else:
        considered = (*now, *(replace(c, chosen=False) for c in role.considered if c.id != candidate.id))
    reason = f"{role.wanted}, by {named}, which was named by hand"
    return replace(role, takes=(asset,), considered=considered[:_MOST_CONSIDERED], fallback=False, reason=reason)


def next_role(role: Role, project: Project, sources: Sequence[SoundSource], vocabulary: Vocabulary) -> Role:
    """Return a role with the next best sounds: none that plays anything now, none that was swapped out before.

    Raises
    ------
    SourceError
        There is no other.
    """
    used = {(take.source, take.id) for each in project.cast.roles for take in each.takes}
    out = {(c.source, c.id) for c in role.considered if c.reason.startswith(SWAPPED_OUT)}
    others = tuple(_Others(source, frozenset(used | out), role.kind == "ambience") for source in sources)
    things = tuple(d for d in project.scene.detections if d.id == role.id)
    # another seed: sources that draw or synthesise then have others to offer
    seed = role_seed(project.seed, f"{role.id}, swapped {len(out) + len(role.takes)}")
    try:
        found = cast(replace(project.scene, detections=things), vocabulary, others, seed=seed, max_sounds=1)
    except SourceError:
        found = Cast(())
    anew = next((r for r in found.roles if r.id == role.id or (r.kind == "ambience" and r.wanted == role.wanted)), None)
    if anew is None or anew.wanted != role.wanted:
        asked = ", ".join(source.name for source in sources)
        raise SourceError(f"there is no other sound for {role.id} (asked: {asked}); name one with --with SOURCE:ID")
    considered = _considered(role, anew.considered)
    return replace(anew, id=role.id, considered=considered, reason=f"swapped for the next best; {anew.reason}")


class _Others:
    """A source without the sounds that are used up, and for one kind of part only."""

    def __init__(self, source: SoundSource, used: frozenset[tuple[str, str]], ambience: bool) -> None:
        self.name = source.name
        self._source = source
        self._used = used
        self._ambience = ambience

    def search(self, query: Query) -> list[Candidate]:
        if (query.kind == "ambience") != self._ambience:
            return []
        return [c for c in self._source.search(query) if (c.source, c.id) not in self._used]

    def fetch(self, candidate: Candidate) -> SoundAsset:
        return self._source.fetch(candidate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)


def _find(source: SoundSource, sound: str, role: Role, vocabulary: Vocabulary, seed: int) -> Candidate:
    """Return the candidate with an id: from a source that can look it up, else from what it offers for the role."""
    find = getattr(source, "find", None)
    if find is not None:
        found: Candidate = find(sound)
        return found
    concept = vocabulary.find(role.played) or vocabulary.find(role.wanted)
    words = concept.search if concept is not None and concept.search else (role.played,)
    query = Query(role.played, words, role.kind, takes=100, seed=role_seed(seed, role.id))
    for candidate in source.search(query):
        if candidate.id == sound:
            return candidate
    raise SourceError(f"{source.name} offers no such sound for {role.played!r}")


def _considered(role: Role, now: tuple[Considered, ...]) -> tuple[Considered, ...]:
    """Return what was considered: what plays now, what was swapped out, then the best of the rest."""
    chosen = {(c.source, c.id) for c in now if c.chosen}
    left = {(take.source, take.id): take for take in role.takes}
    before = {(c.source, c.id): c for c in role.considered}
    out: list[Considered] = []
    for key, take in left.items():
        known = before.get(key)
        if key not in chosen:
            score = known.score if known else 0.0
            out.append(Considered(take.source, take.id, take.title, score, False, SWAPPED_OUT))
    out += [
        c for key, c in before.items() if c.reason.startswith(SWAPPED_OUT) and key not in chosen and key not in left
    ]
    said = {(c.source, c.id) for c in out} | chosen
    rest = [c for c in (*now, *role.considered) if not c.chosen and (c.source, c.id) not in said]
    kept = list({(c.source, c.id): c for c in rest}.values())
    playing = [c for c in now if c.chosen]
    return (*playing, *out, *kept[: max(0, _MOST_CONSIDERED - len(playing) - len(out))])
