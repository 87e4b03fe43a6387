"""A Freesound API v2 on loopback, for the tests and for trying the product without a key.

>>> with FreesoundServer(folder) as server:          # doctest: +SKIP
...     requests.get(server.base_url + "/search/?query=rain", headers={"Authorization": f"Token {server.key}"})
...     server.log.max_in_window(60)
"""

from tests.freesound_server.accounts import Credential
from tests.freesound_server.catalogue import Catalogue, Comment, Deed, Sound, read_folder
from tests.freesound_server.faults import Fault, FaultList
from tests.freesound_server.requestlog import Entry, RequestLog
from tests.freesound_server.server import FreesoundServer
from tests.freesound_server.throttle import Limits

__all__ = [
    "Catalogue",
    "Comment",
    "Credential",
    "Deed",
    "Entry",
    "Fault",
    "FaultList",
    "FreesoundServer",
    "Limits",
    "RequestLog",
    "Sound",
    "read_folder",
]
