"""Fine-tuning a soundscape: the mix is made anew, and what a person has set or locked stays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from extender.errors import UsageError
from extender.project import set_by_hand
from extender.types import Cast, Project, Search
from mixer.errors import MixerError
from mixer.locks import WHOLE, Lock, parse_lock
from scenes import Scene


@dataclass(frozen=True, slots=True)
class Remix:
    """That all automatic settings of a project are made anew, and what a person wants of that.

    Parameters
    ----------
    strategy : str or None
        None = that of the project.
    search : Search
        What is asked of it; what is None is as in the project, unless it is another strategy.
    locks, unlocked : tuple of str
        Added to the locks of the project, and taken from them and from what was set by hand, as
        :func:`mixer.parse_lock` reads them; a track may go by what it is called.
    priorities : mapping of str to float
        By track, 0..1; added to those of the project.
    """

    strategy: str | None = None
    search: Search = field(default_factory=Search)
    locks: tuple[str, ...] = ()
    unlocked: tuple[str, ...] = ()
    priorities: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, project: Project) -> Project:
        """Return the project as it is to be mixed anew.

        Raises
        ------
        UsageError
            A lock cannot be read, or nothing is called so.
        """
        free = [parse_lock(text) for text in named_locks(self.unlocked, project.scene, project.cast)]
        kept = tuple(text for text in project.locks if not _taken_back(parse_lock(text), free))
        by_hand = tuple(text for text in set_by_hand(project) if not _taken_back(parse_lock(text), free))
        locks = (*kept, *named_locks(self.locks, project.scene, project.cast))
        priorities = project.priorities | named_priorities(self.priorities, project.scene, project.cast)
        strategy = self.strategy or project.plan.strategy
        asked = project.search if strategy == project.plan.strategy else Search()
        return replace(
            project,
            plan=replace(project.plan, strategy=strategy),
            search=replace(asked, **self.search.options()),
            locks=tuple(dict.fromkeys(locks)),
            by_hand=by_hand,
            priorities=priorities,
        )


def _taken_back(lock: Lock, free: Iterable[Lock]) -> bool:
    return any(
        (each.track == lock.track or each.holds(lock.track)) and each.part in (WHOLE, lock.part) for each in free
    )


def named_locks(texts: Iterable[str], scene: Scene, roles: Cast) -> tuple[str, ...]:
    """Return locks with the ids of tracks; who is called otherwise is looked up: ``dog:gain`` → ``dog-1:gain``.

    Raises
    ------
    UsageError
        A lock cannot be read, or nothing is called so.
    """
    found: list[str] = []
    for text in texts:
        try:
            lock = parse_lock(text)
        except MixerError as error:
            raise UsageError(str(error)) from None
        if any(lock.holds(role.id) for role in roles.roles):
            found.append(str(lock))
        else:
            found += [str(replace(lock, track=name)) for name in _ids_called(lock.track, scene, roles)]
    return tuple(dict.fromkeys(found))


def named_priorities(wanted: Mapping[str, float], scene: Scene, roles: Cast) -> dict[str, float]:
    """Return priorities by the ids of tracks. Raises UsageError where nothing is called so."""
    return {name: value for label, value in wanted.items() for name in _ids_called(label, scene, roles)}


def _ids_called(label: str, scene: Scene, roles: Cast) -> tuple[str, ...]:
    from extender.recast import roles_called

    return tuple(role.id for role in roles_called(label, scene, roles))
