"""How much may be asked: two questions for each concept at most, on average over all of a render.

A concept's own word has two questions whatever else is searched for, so that what is found for it does not depend on
what else is in the picture, nor on the order. What concepts leave of their two may be spent on the words above those
that found nothing. A concept that is searched for again, or a question that was put before, costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from extender.sources.base import Query

if TYPE_CHECKING:
    from extender.sources.freesound.ladder import Step

QUESTIONS_PER_CONCEPT = 2


class Budget:
    """The book of what was asked for which concept."""

    def __init__(self) -> None:
        self._own: dict[tuple[str, str], set[str]] = {}
        self._all: set[str] = set()

    @property
    def asked(self) -> int:
        """How many different questions were put so far, to the service or to the cache."""
        return len(self._all)

    @property
    def concepts(self) -> int:
        """For how many concepts; one that is wanted as a bed and as an event counts twice."""
        return len(self._own)

    def __str__(self) -> str:
        each = self.asked / max(1, self.concepts)
        return f"{self.asked} questions for {self.concepts} concepts ({each:.1f} each)"

    def granted(self, query: Query, steps: Iterable[Step]) -> Iterator[Step]:
        """Yield the questions that may be asked for a query, and enter each when it is taken.

        The first search for a concept's own word settles what is asked for it; what that leaves is free for others.
        """
        if query.wanted not in ("", query.concept):
            yield from self._above(steps)
            return
        account = query.concept, query.kind
        settled = account in self._own
        own = self._own.setdefault(account, set())
        for step in steps:
            question = _question(step)
            if question not in own:
                if settled or len(own) == QUESTIONS_PER_CONCEPT:
                    return
                own.add(question)
            self._all.add(question)
            yield step

    def _above(self, steps: Iterable[Step]) -> Iterator[Step]:
        for step in steps:
            question = _question(step)
            if question not in self._all and self.asked >= QUESTIONS_PER_CONCEPT * self.concepts:
                return
            self._all.add(question)
            yield step


def _question(step: Step) -> str:
    return f"{step.text}\n{step.condition}"
