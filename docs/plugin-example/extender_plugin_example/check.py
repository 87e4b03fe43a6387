"""`python -m extender_plugin_example.check`: found by name, and true to the contract."""

from __future__ import annotations

import tempfile
from pathlib import Path

from extender.plugins import load_plugin
from extender.sources.base import Query, SourceContext
from extender.testing import check_sound_source

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        source = load_plugin("extender.sound_sources", "beep")(SourceContext(Path(folder)))
        check_sound_source(source, Query("dog", ("dog bark",), "event"))
    print("the example plugin keeps to the contract")  # noqa: T201
