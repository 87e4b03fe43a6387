"""What can be read: searches, sounds, users, packs, the caller's own things."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from tests.freesound_server.access import Caller
from tests.freesound_server.accounts import random_text
from tests.freesound_server.catalogue import Sound
from tests.freesound_server.fieldtypes import SearchError
from tests.freesound_server.files import file_answer
from tests.freesound_server.messages import Answer, Request, detail, json_answer, server_error_page
from tests.freesound_server.present import LIST_FIELDS, UnknownSpaceError, stamp
from tests.freesound_server.search import (
    DEFAULT_PAGE_SIZE,
    MAX_PAGE_SIZE,
    BadRequestError,
    Hit,
    PageError,
    Parameters,
)
from tests.freesound_server.state import State
from tests.freesound_server.text import slug

NOT_FOUND = "Not found"
_NONE = ""


def root(state: State, caller: Caller, request: Request) -> Answer:
    """List the resources."""
    groups = {
        "Search resources": [("Search", "search/")],
        "Sound resources": [
            ("Sound instance", "sounds/<sound_id>/"),
            ("Similar sounds", "sounds/<sound_id>/similar/"),
            ("Sound analysis", "sounds/<sound_id>/analysis/"),
            ("Sound comments", "sounds/<sound_id>/comments/"),
            ("Download sound", "sounds/<sound_id>/download/"),
            ("Bookmark sound", "sounds/<sound_id>/bookmark/"),
            ("Rate sound", "sounds/<sound_id>/rate/"),
            ("Comment sound", "sounds/<sound_id>/comment/"),
            ("Upload sound", "sounds/upload/"),
            ("Describe sound", "sounds/describe/"),
            ("Pending uploads", "sounds/pending_uploads/"),
            ("Edit sound description", "sounds/<sound_id>/edit/"),
        ],
        "User resources": [
            ("User instance", "users/<username>/"),
            ("User sounds", "users/<username>/sounds/"),
            ("User packs", "users/<username>/packs/"),
        ],
        "Pack resources": [
            ("Pack instance", "packs/<pack_id>/"),
            ("Pack sounds", "packs/<pack_id>/sounds/"),
            ("Download pack", "packs/<pack_id>/download/"),
        ],
        "Other resources": [
            ("Me (information about user authenticated using oauth)", "me/"),
            ("My bookmark categories", "me/bookmark_categories/"),
            ("My bookmark category sounds", "me/bookmark_categories/<category_id>/sounds/"),
        ],
    }
    api = state.presenter.api
    return json_answer(
        [
            {group: {f"{n:02} {name}": api(path) for n, (name, path) in enumerate(each, 1)}}
            for group, each in groups.items()
        ]
    )


def search(state: State, caller: Caller, request: Request) -> Answer:
    """Answer a search; query and filter are decoded a second time, as on the service."""
    sent = request.query
    for name in ("query", "filter"):
        if name in sent:
            sent[name] = unquote(sent[name])
    return _found(state, "search/", sent)


def similar(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Answer with similar sounds; a filter is ignored."""
    sent = {k: v for k, v in request.query.items() if k in ("similarity_space", "fields", "page", "page_size")}
    return _found(state, f"sounds/{sound_id}/similar/", {**sent, "similar_to": sound_id})


def _found(state: State, base: str, sent: dict[str, str]) -> Answer:
    try:
        asked = Parameters.read(sent)
        found = state.engine.search(asked)
    except (BadRequestError, SearchError) as refusal:
        return detail(400, refusal.detail)
    except PageError:
        return detail(404, NOT_FOUND)

    def shown(hit: Hit) -> dict[str, Any] | None:
        sound = state.catalogue.get(hit.sound.id)
        if sound is None:
            return None
        try:
            each = state.presenter.sound(state.values(sound), asked.fields, default=LIST_FIELDS, hit=hit)
        except UnknownSpaceError:
            return None
        return {**each, **state.presenter.grouping(asked, hit)}

    results = [shown(hit) for hit in found.hits]
    return json_answer(state.presenter.search_page(asked, found, base, results))


def sound(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Show one sound, moderated or not."""
    found = state.catalogue.get(int(sound_id))
    if found is None:
        return detail(404, "No Sound matches the given query.")
    try:
        return json_answer(state.presenter.sound(state.values(found), request.query.get("fields"), default=()))
    except UnknownSpaceError:
        return server_error_page()


def analysis(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Show all descriptors; the service crashes on a sound that was never analysed."""
    found = state.catalogue.get(int(sound_id))
    if found is None:
        return detail(404, NOT_FOUND)
    values = state.values(found)
    return json_answer(state.presenter.analysis(values)) if values.analysed else server_error_page()


def comments(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """List the comments of a sound; none of an unknown one."""
    found = state.catalogue.get(int(sound_id))
    said = sorted(found.comments, key=lambda each: each.created, reverse=True) if found else []
    shown = [{"username": each.username, "comment": each.comment, "created": stamp(each.created)} for each in said]
    return _listed(state, request, f"sounds/{sound_id}/comments/", shown, lambda item: item)


def download(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Send the original."""
    found = state.catalogue.get(int(sound_id))
    if found is None or found.path is None or not found.path.is_file():
        return detail(404, NOT_FOUND)
    disposition = f'attachment; filename="{_file_name(found)}"'
    answer = file_answer(request, found.path, "application/octet-stream", Content_Disposition=disposition)
    return Answer(
        answer.status,
        {"Vary": "Accept, Cookie, origin", "Allow": "GET, HEAD, OPTIONS", **answer.headers},
        answer.body,
        answer.start,
        answer.stop,
    )


def _file_name(found: Sound) -> str:
    stem = found.name
    if stem.lower().endswith("." + found.type):
        stem = stem[: -len(found.type) - 1]
    return f"{found.id}__{slug(found.username)}__{slug(stem)}.{found.type}"


def download_link(state: State, caller: Caller, request: Request, sound_id: str) -> Answer:
    """Mint a link that, on the service too, is refused when it is used."""
    if state.catalogue.get(int(sound_id)) is None:
        return detail(404, NOT_FOUND)
    token = ".".join(random_text(length) for length in (36, 90, 43))
    return json_answer({"download_link": state.presenter.api(f"download/{token}/")})


def user(state: State, caller: Caller, request: Request, name: str) -> Answer:
    """Show a user."""
    if name not in state.catalogue.usernames():
        return detail(404, "No User matches the given query.")
    return json_answer(state.presenter.user(name))


def user_sounds(state: State, caller: Caller, request: Request, name: str) -> Answer:
    """List the sounds of a user."""
    if name not in state.catalogue.usernames():
        return detail(404, NOT_FOUND)
    return _listed_sounds(state, request, f"users/{quote(name, safe=_NONE)}/sounds/", state.catalogue.of_user(name))


def user_packs(state: State, caller: Caller, request: Request, name: str) -> Answer:
    """List the packs of a user."""
    if name not in state.catalogue.usernames():
        return detail(404, NOT_FOUND)
    packs = [pack for pack in state.catalogue.packs().values() if pack.username == name]
    return _listed(state, request, f"users/{quote(name, safe=_NONE)}/packs/", packs, state.presenter.pack)


def pack(state: State, caller: Caller, request: Request, pack_id: str) -> Answer:
    """Show a pack."""
    found = state.catalogue.packs().get(int(pack_id))
    return json_answer(state.presenter.pack(found)) if found else detail(404, "No Pack matches the given query.")


def pack_sounds(state: State, caller: Caller, request: Request, pack_id: str) -> Answer:
    """List the sounds of a pack."""
    if int(pack_id) not in state.catalogue.packs():
        return detail(404, NOT_FOUND)
    return _listed_sounds(state, request, f"packs/{pack_id}/sounds/", state.sounds_of_pack(int(pack_id)))


def pack_download(state: State, caller: Caller, request: Request, pack_id: str) -> Answer:
    """Send a pack as a zip file with its licences."""
    found = state.catalogue.packs().get(int(pack_id))
    if found is None:
        return detail(404, NOT_FOUND)
    buffer = io.BytesIO()
    said = [f"Pack: {found.name} by {found.username}", ""]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for each in state.sounds_of_pack(found.id):
            if each.path is not None:
                archive.write(each.path, _file_name(each))
                said.append(f"{_file_name(each)}: {each.deed.url}")
        archive.writestr("_readme_and_license.txt", "\r\n".join(said))
    name = f"{found.id}__{slug(found.username)}__{slug(found.name)}.zip"
    headers = {"Content-Type": "application/zip", "Content-Disposition": f'attachment; filename="{name}"'}
    return Answer(200, headers, buffer.getvalue())


def me(state: State, caller: Caller, request: Request) -> Answer:
    """Show the user on whose behalf the caller acts."""
    shown = state.presenter.user(caller.username)
    number = state.catalogue.user_id(caller.username)
    own = {"email": f"{number}@example.org", "unique_id": number}
    return json_answer({**shown, **own, "bookmark_categories": state.presenter.api("me/bookmark_categories/")})


def bookmark_categories(state: State, caller: Caller, request: Request) -> Answer:
    """List the caller's bookmark categories; 0 holds what has none."""
    people = f"{state.presenter.public_url}/people/{caller.username}/bookmarks/"

    def shown(item: tuple[int, str, int]) -> dict[str, Any]:
        number, name, count = item
        return {
            "id": number,
            "url": f"{people}category/{number}/" if number else people,
            "name": name,
            "num_sounds": count,
            "sounds": state.presenter.api(f"me/bookmark_categories/{number}/sounds/"),
        }

    return _listed(state, request, "me/bookmark_categories/", state.bookmark_categories(caller.username), shown)


def bookmarked_sounds(state: State, caller: Caller, request: Request, category: str) -> Answer:
    """List the sounds of one of the caller's bookmark categories; none of an unknown one."""
    found = state.bookmarked(caller.username, int(category))
    return _listed_sounds(state, request, f"me/bookmark_categories/{category}/sounds/", found)


def pending_uploads(state: State, caller: Caller, request: Request) -> Answer:
    """List what the caller uploaded and what became of it."""
    return json_answer(
        {
            "pending_description": list(state.uploads.get(caller.username, {})),
            "pending_processing": [],
            "pending_moderation": [
                {"id": each.id, "name": each.name, "tags": list(each.tags), "license": each.deed.name}
                for each in state.catalogue
                if each.state == "pending" and each.username == caller.username
            ],
        }
    )


def _listed_sounds(state: State, request: Request, base: str, sounds: list[Sound]) -> Answer:
    fields = request.query.get("fields")
    try:
        return _listed(
            state,
            request,
            base,
            sounds,
            lambda each: state.presenter.sound(state.values(each), fields, default=LIST_FIELDS),
        )
    except UnknownSpaceError:
        return server_error_page()


def _listed(state: State, request: Request, base: str, items: list[Any], show: Callable[[Any], Any]) -> Answer:
    """Answer with one page of a list; the items beyond it are never shown or measured."""
    sent = request.query
    size = int(sent["page_size"]) if sent.get("page_size", "").isdecimal() else DEFAULT_PAGE_SIZE
    size = min(size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    pages = max(1, -(-len(items) // size))
    wanted = sent.get("page", "1")
    number = pages if wanted == "last" else int(wanted) if wanted.isdecimal() and len(wanted) < 10 else 0
    if not 1 <= number <= pages:
        return detail(404, "Invalid page.")
    envelope = state.presenter.listing(base, sent, items, number, size)
    return json_answer({**envelope, "results": [show(item) for item in envelope["results"]]})
