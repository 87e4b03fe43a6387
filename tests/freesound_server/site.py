"""From a request to an answer: addresses, formats, access, limits, views."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tests.freesound_server import oauth, reading, writing
from tests.freesound_server.access import Caller, authenticate
from tests.freesound_server.audio import MIME, PREVIEWS
from tests.freesound_server.files import file_answer
from tests.freesound_server.messages import (
    API,
    API_HEADERS,
    PAGE_HEADERS,
    Answer,
    Request,
    detail,
    json_answer,
    not_found_page,
    proxy_page,
)
from tests.freesound_server.renderers import negotiate, render
from tests.freesound_server.state import State
from tests.freesound_server.throttle import LEVELS, Limits, Throttle

View = Callable[..., Answer]
_GET = ("GET", "HEAD")
_PREVIEW = re.compile(r"/(?:data/)?previews/(\d{1,12})/(\d{1,12})_(\d{1,12})-(hq|lq)\.(mp3|ogg)")


@dataclass(frozen=True, slots=True)
class Route:
    """An address: the pattern of its path below the API, its view, the verb, and whether it wants OAuth2."""

    pattern: re.Pattern[str]
    view: View
    method: str = "GET"
    oauth_only: bool = False

    @property
    def allow(self) -> str:
        """The ``Allow`` header."""
        return "POST, OPTIONS" if self.method == "POST" else "GET, HEAD, OPTIONS"


def _route(pattern: str, view: View, method: str = "GET", *, oauth_only: bool = False) -> Route:
    filled = pattern.replace("<id>", r"(\d{1,12})").replace("<name>", "([^/]+)")
    return Route(re.compile(filled), view, method, oauth_only or method == "POST")


ROUTES = (
    _route("", reading.root),
    _route("search/(?:text/)?", reading.search),
    _route("sounds/upload/", writing.upload, "POST"),
    _route("sounds/describe/", writing.describe, "POST"),
    _route("sounds/pending_uploads/", reading.pending_uploads, oauth_only=True),
    _route("sounds/<id>/", reading.sound),
    _route("sounds/<id>/analysis/", reading.analysis),
    _route("sounds/<id>/similar/", reading.similar),
    _route("sounds/<id>/comments/", reading.comments),
    _route("sounds/<id>/download/", reading.download, oauth_only=True),
    _route("sounds/<id>/download/link/", reading.download_link, oauth_only=True),
    _route("sounds/<id>/rate/", writing.rate, "POST"),
    _route("sounds/<id>/comment/", writing.comment, "POST"),
    _route("sounds/<id>/bookmark/", writing.bookmark, "POST"),
    _route("sounds/<id>/edit/", writing.edit, "POST"),
    _route("users/<name>/", reading.user),
    _route("users/<name>/sounds/", reading.user_sounds),
    _route("users/<name>/packs/", reading.user_packs),
    _route("packs/<id>/", reading.pack),
    _route("packs/<id>/sounds/", reading.pack_sounds),
    _route("packs/<id>/download/", reading.pack_download, oauth_only=True),
    _route("me/", reading.me, oauth_only=True),
    _route("me/bookmark_categories/", reading.bookmark_categories, oauth_only=True),
    _route("me/bookmark_categories/<id>/sounds/", reading.bookmarked_sounds, oauth_only=True),
)


@dataclass(frozen=True, slots=True)
class Site:
    """The whole service, without sockets.

    Parameters
    ----------
    state : State
    throttle : Throttle
    limits : Limits or None
        In place of those of level 1.
    approve : bool or None
        What a person says to an authorisation: yes, no, None = a page asks.
    require_https : bool
        Refuse OAuth-only resources over plain http, unless ``X-Forwarded-Proto`` says https.
    """

    state: State
    throttle: Throttle
    limits: Limits | None = None
    approve: bool | None = True
    require_https: bool = False

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        path = request.path
        if path.startswith(("/previews/", "/data/previews/")):
            return self._preview(request)
        if request.host == "cdn":
            return proxy_page(404, "Not Found")
        if path.startswith(("/api/", "/apiv1/")):
            return json_answer({"explanation": "Freesound APIv1 has reached its end of life. Use APIv2."}, 410)
        if path == "/home/app_permissions/permission_granted/":
            return oauth.permission_granted(request)
        if path.startswith(API + "/oauth2/"):
            return self._oauth(request, path)
        if path.startswith(API + "/download/"):
            return detail(401, "Invalid token.", Allow="GET, OPTIONS")
        if path == API or path.startswith(API + "/"):
            return self._api(request, path)
        return not_found_page()

    def _preview(self, request: Request) -> Answer:
        """Send a preview; the address must be the one that the API gives, uploader and all."""
        found = _PREVIEW.fullmatch(request.path)
        if request.method not in _GET:
            return proxy_page(405, "Not Allowed")
        sound = self.state.catalogue.get(int(found[2])) if found else None
        if not found or sound is None or sound.path is None or not sound.has_previews:
            return proxy_page(404, "Not Found")
        right = (sound.id // 1000, self.state.catalogue.user_id(sound.username))
        if (int(found[1]), int(found[3])) != right:
            return proxy_page(404, "Not Found")
        for quality, codec in PREVIEWS:
            if (quality, codec) == (found[4], found[5]):
                file = self.state.shelf.preview(sound.path, quality, codec)
                return file_answer(request, file, MIME[codec])
        return proxy_page(404, "Not Found")

    def _oauth(self, request: Request, path: str) -> Answer:
        name = path.removeprefix(API + "/oauth2/")
        if name == "access_token/":
            return oauth.access_token(self.state.accounts, request)
        if name in ("authorize/", "logout_and_authorize/"):
            return oauth.authorize(self.state.accounts, request, approve=self.approve)
        return not_found_page()

    def _api(self, request: Request, path: str) -> Answer:
        below = path[len(API) + 1 :]
        route, groups = _find(below)
        if route is None or path == API:
            if _find(below + "/" if below else "")[0] is not None:
                query = urlsplit(request.target).query
                moved = f"{path}/" + (f"?{query}" if query else "")
                return Answer(301, {**PAGE_HEADERS, "Location": moved})
            return not_found_page()
        wanted = negotiate(request)
        if wanted is None:
            return detail(406, "Could not satisfy the request Accept header.", Allow=route.allow)
        answer = detail(404, "Not found", Allow=route.allow) if wanted == "" else self._served(request, route, groups)
        return render(answer, wanted or "json", request)

    def _served(self, request: Request, route: Route, groups: tuple[str, ...]) -> Answer:
        """Check who asks, then how often, then the verb, in the order of the service."""
        secure = not self.require_https or request.headers.get("x-forwarded-proto") == "https"
        caller = authenticate(self.state.accounts, request, oauth_only=route.oauth_only)
        if isinstance(caller, Answer):
            return _allowing(caller, route)
        level = caller.credential.level
        limits = self.limits if level == 1 and self.limits is not None else LEVELS[level]
        refusal, at_s = self.throttle.admit(caller.credential.client_id, limits, request.method)
        if refusal is not None:
            return _allowing(replace(detail(429, refusal), client_id=caller.credential.client_id, at_s=at_s), route)
        answer = self._viewed(request, route, groups, caller, secure)
        return replace(_allowing(answer, route), counted=True, client_id=caller.credential.client_id, at_s=at_s)

    def _viewed(self, request: Request, route: Route, groups: tuple[str, ...], caller: Caller, secure: bool) -> Answer:
        if route.oauth_only and not secure:
            return detail(403, "This resource requires a secure connection (https)")
        if request.method == "OPTIONS":
            return json_answer({"name": route.view.__name__.replace("_", " ").title(), "description": ""})
        if request.method not in (("POST",) if route.method == "POST" else _GET):
            return detail(405, f'Method "{request.method}" not allowed.')
        return route.view(self.state, caller, request, *groups)


def _find(below: str) -> tuple[Route | None, tuple[str, ...]]:
    from urllib.parse import unquote

    for route in ROUTES:
        found = route.pattern.fullmatch(below)
        if found:
            return route, tuple(unquote(group, errors="replace") for group in found.groups())
    return None, ()


def _allowing(answer: Answer, route: Route) -> Answer:
    """Put the right ``Allow`` on an answer of the API."""
    if answer.headers.get("Allow") != API_HEADERS["Allow"]:
        return answer
    return replace(answer, headers={**answer.headers, "Allow": route.allow})
