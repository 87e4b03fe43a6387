"""A client of the Freesound API v2, and licences of sounds. Knows nothing of scenes, mixer or extender.

::

    from freesound import Cache, Client, between, words

    client = Client(cache=Cache())                       # the key is in FREESOUND_API_KEY
    for sound in client.search(words("rain", "roof"), filter=between("duration", 5, 60), limit=5):
        print(sound.name, sound.licence, client.preview(sound).path)
"""

from typing import TYPE_CHECKING, Any

from freesound.errors import (
    AuthError,
    BadRequest,
    Conflict,
    CredentialSuspended,
    DecodeError,
    FreesoundError,
    IntegrityError,
    LicenceError,
    NetworkError,
    NotFound,
    OfflineMiss,
    PermissionDenied,
    QueryError,
    QuotaExceeded,
    ServerBusy,
    ServerError,
    Throttled,
)
from freesound.licence import Licence, LicenceKind, Whole, parse_licence, strictest

if TYPE_CHECKING:
    from freesound.cache import Cache, CacheInfo, cache_clear, cache_info, cache_prune
    from freesound.calls import Manners, Traffic
    from freesound.client import BASE_URL, Client
    from freesound.clock import Clock, SystemClock
    from freesound.downloads import Download
    from freesound.fields import CASTING_FIELDS, DESCRIPTORS, SPACES, TAXONOMY
    from freesound.ledger import LEVELS, Ledger, Limits, Remaining
    from freesound.models import (
        Analysis,
        BookmarkCategory,
        Comment,
        Pack,
        PendingUploads,
        Sound,
        User,
        read_sound,
    )
    from freesound.naming import file_name
    from freesound.oauth import begin_login, code_from, finish_login, wait_for_code
    from freesound.paging import Page, Results
    from freesound.query import (
        Filter,
        between,
        created_between,
        equals,
        in_box,
        in_pack,
        licensed,
        near,
        one_of,
        raw,
        target,
        words,
    )
    from freesound.secret import Secret, api_key_from_environment
    from freesound.tokens import Tokens, TokenStore
    from freesound.transport import Request, RequestsTransport, Response, Transport
    from freesound.writing import Description

__all__ = [
    "BASE_URL", "CASTING_FIELDS", "DESCRIPTORS", "LEVELS", "SPACES", "TAXONOMY",
    "Analysis", "AuthError", "BadRequest", "BookmarkCategory", "Cache", "CacheInfo", "Client", "Clock", "Comment",
    "Conflict", "CredentialSuspended", "DecodeError", "Description", "Download", "Filter", "FreesoundError",
    "IntegrityError", "Ledger", "Licence", "LicenceError", "LicenceKind", "Limits", "Manners", "NetworkError",
    "NotFound", "OfflineMiss", "Pack", "Page", "PendingUploads", "PermissionDenied", "QueryError", "QuotaExceeded",
    "Remaining", "Request", "RequestsTransport", "Response", "Results", "Secret", "ServerBusy", "ServerError",
    "Sound", "SystemClock", "Throttled", "TokenStore", "Tokens", "Traffic", "Transport", "User", "Whole",
    "api_key_from_environment", "begin_login", "between", "cache_clear", "cache_info", "cache_prune",
    "code_from", "created_between", "equals", "file_name", "finish_login", "in_box", "in_pack", "licensed", "near",
    "one_of", "parse_licence", "raw", "read_sound", "strictest", "target", "wait_for_code", "words",
]  # fmt: skip

_HOMES = {
    "cache": "Cache CacheInfo cache_clear cache_info cache_prune",
    "calls": "Manners Traffic",
    "client": "BASE_URL Client",
    "clock": "Clock SystemClock",
    "downloads": "Download",
    "fields": "CASTING_FIELDS DESCRIPTORS SPACES TAXONOMY",
    "ledger": "LEVELS Ledger Limits Remaining",
    "models": "Analysis BookmarkCategory Comment Pack PendingUploads Sound User read_sound",
    "naming": "file_name",
    "oauth": "begin_login code_from finish_login wait_for_code",
    "paging": "Page Results",
    "query": "Filter between created_between equals in_box in_pack licensed near one_of raw target words",
    "secret": "Secret api_key_from_environment",
    "tokens": "Tokens TokenStore",
    "transport": "Request RequestsTransport Response Transport",
    "writing": "Description",
}
"""Which module has which names; it is imported when one of them is first asked for."""


def __getattr__(name: str) -> Any:
    import importlib

    for module, names in _HOMES.items():
        if name in names.split():
            return getattr(importlib.import_module(f"freesound.{module}"), name)
    raise AttributeError(f"module 'freesound' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
