"""What the site knows and what changes while it runs."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.freesound_server.accounts import Accounts
from tests.freesound_server.audio import AudioShelf
from tests.freesound_server.catalogue import Catalogue, Sound
from tests.freesound_server.present import Presenter
from tests.freesound_server.search import Engine
from tests.freesound_server.soundvalues import SoundValues
from tests.freesound_server.uploads import Upload


class State:
    """The catalogue and everything around it. ``lock`` guards every change.

    Parameters
    ----------
    catalogue : Catalogue
    shelf : AudioShelf
    accounts : Accounts
    presenter : Presenter
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        shelf: AudioShelf,
        accounts: Accounts,
        presenter: Presenter,
        clock: Callable[[], float],
    ) -> None:
        self.catalogue = catalogue
        self.shelf = shelf
        self.accounts = accounts
        self.presenter = presenter
        self.lock = threading.RLock()
        self.ratings: dict[tuple[str, int], int] = {}
        self.uploads: dict[str, dict[str, Upload]] = {}
        self._clock = clock
        self._bookmarks: dict[str, list[tuple[str, int]]] = {}
        self._category_ids: dict[tuple[str, str], int] = {}
        self._engine: Engine | None = None
        self._folder: Path | None = None

    def now(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self._clock(), UTC)

    def values(self, sound: Sound) -> SoundValues:
        """Return the values of a sound."""
        return SoundValues(sound, self.shelf, self.now)

    @property
    def engine(self) -> Engine:
        """The search engine over the catalogue as it is now."""
        with self.lock:
            if self._engine is None:
                self._engine = Engine(self.catalogue.indexed(), self.shelf, self.now)
            return self._engine

    def put(self, sound: Sound) -> None:
        """Add a sound or replace the one with its id; the index follows at once."""
        with self.lock:
            self.catalogue.sounds[sound.id] = sound
            self._engine = None

    def remove(self, sound_id: int) -> None:
        """Take a sound down."""
        with self.lock:
            self.catalogue.sounds.pop(sound_id, None)
            self._engine = None

    def change(self, sound: Sound, **changes: object) -> Sound:
        """Replace fields of a sound."""
        changed = replace(sound, **changes)  # type: ignore[arg-type]
        self.put(changed)
        return changed

    def sounds_of_pack(self, pack_id: int) -> list[Sound]:
        """Return the public sounds of a pack."""
        return [s for s in self.catalogue if s.state == "ok" and s.pack is not None and s.pack.id == pack_id]

    def bookmark(self, username: str, sound_id: int, category: str = "") -> None:
        """Bookmark a sound, in a category that is made when it is new."""
        with self.lock:
            if category:
                self._category_ids.setdefault((username, category), len(self._category_ids) + 1)
            marks = self._bookmarks.setdefault(username, [])
            if (category, sound_id) not in marks:
                marks.append((category, sound_id))

    def bookmark_categories(self, username: str) -> list[tuple[int, str, int]]:
        """Return number, name and count of a user's categories, first what has none."""
        marks = self._bookmarks.get(username, [])
        bare = sum(not category for category, _ in marks)
        named = [
            (number, name, sum(category == name for category, _ in marks))
            for (owner, name), number in self._category_ids.items()
            if owner == username
        ]
        return [*([(0, "Uncategorized", bare)] if bare else []), *named]

    def bookmarked(self, username: str, number: int) -> list[Sound]:
        """Return the sounds of one category."""
        names = {n: name for (owner, name), n in self._category_ids.items() if owner == username}
        wanted = names.get(number) if number else ""
        found = [self.catalogue.get(each) for name, each in self._bookmarks.get(username, []) if name == wanted]
        return [sound for sound in found if sound is not None]

    def keep_upload(self, sound_id: int, upload: Upload) -> Path:
        """Write an uploaded file to a folder of its own, under a name of ours."""
        with self.lock:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="freesound-uploads-"))
        path = self._folder / f"{sound_id}{Path(upload.filename).suffix.lower()}"
        path.write_bytes(upload.content)
        return path

    def close(self) -> None:
        """Remove what was written."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
