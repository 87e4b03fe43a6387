"""What can be written: ratings, comments, bookmarks, uploads and descriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.freesound_server.access import Caller
from tests.freesound_server.catalogue import Comment, Pack, Sound, read_deed
from tests.freesound_server.messages import Answer, Request, detail, json_answer
from tests.freesound_server.state import State
from tests.freesound_server.text import spread
from tests.freesound_server.uploads import Upload, description_errors, read_upload

_ALLOW = {"Allow": "POST, OPTIONS"}
_NOT_A_RATING = "You have to introduce an integer value between 0 and 5 (both included)."
_REQUIRED = "This field is required."


def _said(status: int, text: Any) -> Answer:
    return detail(status, text, **_ALLOW)


def _on_sound(state: State, sound_id: str, act: Callable[[Sound], Answer]) -> Answer:
    with state.lock:
        sound = state.catalogue.get(int(sound_id))
        return act(sound) if sound else _said(404, "No Sound matches the given query.")


def rate(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Rate a sound 0..5, once."""

    def act(sound: Sound) -> Answer:
        text = request.form.get("rating")
        if text is None:
            return _said(400, {"rating": [_REQUIRED]})
        if text not in ("0", "1", "2", "3", "4", "5"):
            return _said(400, {"rating": [_NOT_A_RATING]})
        key = (caller.username, sound.id)
        if key in state.ratings:
            return _said(409, f"User has already rated sound {sound.id}")
        state.ratings[key] = int(text)
        total = sound.rating * sound.num_ratings + 2 * int(text)
        state.change(sound, rating=total / (sound.num_ratings + 1), num_ratings=sound.num_ratings + 1)
        return _said(201, f"Successfully rated sound {sound.id}.")

    return _on_sound(state, sound_id, act)


def comment(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Comment on a sound."""

    def act(sound: Sound) -> Answer:
        text = request.form.get("comment", "").strip()
        if not text:
            missing = _REQUIRED if "comment" not in request.form else "This field may not be blank."
            return _said(400, {"comment": [missing]})
        state.change(sound, comments=(*sound.comments, Comment(caller.username, text, state.now())))
        return _said(201, f"Successfully commented sound {sound.id}.")

    return _on_sound(state, sound_id, act)


def bookmark(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Bookmark a sound."""

    def act(sound: Sound) -> Answer:
        state.bookmark(caller.username, sound.id, request.form.get("category", "").strip())
        return _said(201, f"Successfully bookmarked sound {sound.id}.")

    return _on_sound(state, sound_id, act)


def edit(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Change the description of one's own sound."""

    def act(sound: Sound) -> Answer:
        if sound.username != caller.username:
            owner = "The sound you're trying to edit is not owned by the OAuth2 logged in user."
            return _said(403, f"Not authorized. {owner}")
        errors = description_errors(request.form, required=False)
        if errors:
            return _said(400, errors)
        state.change(sound, **_described(state, caller, request.form))
        return _said(200, f"Successfully edited sound {sound.id}.")

    return _on_sound(state, sound_id, act)


def upload(state: State, caller: Caller, request: Request) -> Answer:
    """Take an audio file, with or without its description."""
    filename, content = request.multipart.get("audiofile", ("", b""))
    if not filename:
        return _said(400, {"audiofile": ["No file was submitted."]})
    received = read_upload(filename, content)
    if received is None:
        return _said(400, {"audiofile": ["Uploaded file format not supported or not an audio file."]})
    form = request.form
    if any(form.get(name) for name in ("tags", "description", "license")):
        errors = description_errors(form)
        if errors:
            return _said(400, errors)
        return _created(_new_sound(state, caller, form, received), "Audio file successfully uploaded and described")
    with state.lock:
        state.uploads.setdefault(caller.username, {})[received.filename] = received
    text = "Audio file successfully uploaded (pending description)"
    return json_answer({"detail": text, "filename": received.filename}, 201, **_ALLOW)


def describe(state: State, caller: Caller, request: Request) -> Answer:
    """Describe an uploaded file."""
    form = request.form
    name = form.get("upload_filename", "")
    with state.lock:
        waiting = state.uploads.get(caller.username, {})
        errors: dict[str, list[str]] = {}
        if name not in waiting:
            unknown = f"Upload filename ({name}) must match with a filename from 'Pending Uploads' resource."
            errors["upload_filename"] = [unknown] if "upload_filename" in form else [_REQUIRED]
        errors.update(description_errors(form))
        if errors:
            return _said(400, errors)
        return _created(_new_sound(state, caller, form, waiting.pop(name)), "Sound successfully described")


def _created(sound: Sound, text: str) -> Answer:
    return json_answer({"detail": f"{text} (now pending processing)", "id": sound.id}, 201, **_ALLOW)


def _new_sound(state: State, caller: Caller, form: Mapping[str, str], received: Upload) -> Sound:
    with state.lock:
        number = max([999_999, *state.catalogue.sounds]) + 1
        path = state.keep_upload(number, received)
        blank = Sound(
            number, received.filename, caller.username, path, path.suffix[1:], (), "", read_deed("CC0"), state.now()
        )
        state.put(blank)
        return state.change(blank, state="pending", **_described(state, caller, form))


def _described(state: State, caller: Caller, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a sound that a description sets."""
    fields: dict[str, Any] = {}
    if form.get("name"):
        fields["name"] = form["name"]
    if form.get("tags"):
        fields["tags"] = tuple(dict.fromkeys(form["tags"].split()))
    if form.get("description"):
        fields["description"] = form["description"]
    if form.get("license"):
        fields["deed"] = read_deed(form["license"])
    if form.get("bst_category"):
        fields.update(category_code=form["bst_category"], category_is_user_provided=True)
    if form.get("geotag"):
        latitude, longitude, _ = form["geotag"].split(",")
        fields["geotag"] = (float(latitude), float(longitude))
    if form.get("pack"):
        known = [p for p in state.catalogue.packs().values() if (p.name, p.username) == (form["pack"], caller.username)]
        number = 1 + spread("pack", caller.username, form["pack"]) % 99_999
        fields["pack"] = known[0] if known else Pack(number, form["pack"], caller.username, state.now())
    return fields
