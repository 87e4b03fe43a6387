"""What all our pages share: one closed file each, with the same look, colours, player and content policy."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from extender.output import report_words as words
from extender.output.preview import Preview
from extender.output.report_stage import ticks
from extender.output.spectrogram import RANGE_DB, Spectrogram, to_png

if TYPE_CHECKING:
    from jinja2 import Environment

TRACK_COLOURS = (
    ("#237972", "#31b5a1"),
    ("#2f8efc", "#4a65f8"),
    ("#be2b1d", "#fd7e01"),
    ("#7e1fb9", "#bd96fe"),
    ("#aa8b2e", "#e9db06"),
    ("#dd4abe", "#c32da6"),
    ("#003974", "#9eedfb"),
    ("#5c2b13", "#896d37"),
)
"""Colours of the tracks on light and on dark paper; the ninth track begins again, and the numbers tell them apart.

Chosen by exchange search for the largest least distance in OKLab as seen with normal sight, protanopia, deuteranopia
and tritanopia (Machado, Oliveira & Fernandes 2009), among colours with a contrast of 3:1 to the paper (WCAG 2.2,
1.4.11).
"""

_HERTZ = ((100.0, "100 Hz"), (300.0, "300 Hz"), (1000.0, "1 kHz"), (3000.0, "3 kHz"), (10_000.0, "10 kHz"))


def listening(mix: Preview, spectrogram: Spectrogram, name: str) -> dict[str, Any]:
    """Return what ``listen.html.j2`` shows: player, spectrogram and the link to the file ``name`` beside the page."""
    return {
        "mix": mix if mix.data else None,
        "mix_name": name,
        "mix_href": f"./{quote(name)}",
        "spectrogram": spectrogram,
        "spectrogram_uri": data_uri("image/png", to_png(spectrogram)),
        "range_db": f"{RANGE_DB:.0f}",
        "hertz": _hertz(spectrogram),
        "ticks": [(t, 100.0 * t / spectrogram.duration_s) for t in ticks(spectrogram.duration_s)],
    }


def page_of(
    template: str, values: Mapping[str, Any], *, more_style: str = "", scripts: Sequence[str] = ("report.js",)
) -> str:
    """Return a page as text: a template, filled in, with our style sheet and scripts of ours written into it."""
    code, style = "".join(map(_resource, scripts)), _style() + (_resource(more_style) if more_style else "")
    digest = base64.b64encode(hashlib.sha256(code.encode("utf-8")).digest()).decode("ascii")
    shared = {"script": safe(code), "style": safe(style), "script_hash": f"sha256-{digest}"}
    return _environment().get_template(template).render(values, **shared)


def _hertz(spectrogram: Spectrogram) -> list[tuple[float, str]]:
    """Return the marks of the frequency axis that lie inside it, in percent from above."""
    marks = ((100.0 * spectrogram.height_of(f), text) for f, text in _HERTZ)
    return [(top, text) for top, text in marks if 2.0 <= top <= 98.0]


def data_uri(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def _resource(name: str) -> str:
    return (resources.files("extender.output") / "templates" / name).read_text(encoding="utf-8")


def _style() -> str:
    """Return the style sheet with the colours of the tracks for both kinds of paper."""
    light = "".join(_colour_rule(i, pair[0]) for i, pair in enumerate(TRACK_COLOURS))
    dark = "".join(_colour_rule(i, pair[1]) for i, pair in enumerate(TRACK_COLOURS))
    return f"{_resource('report.css')}{light}@media (prefers-color-scheme: dark) {{{dark}}}"


def _colour_rule(index: int, colour: str) -> str:
    on = "#fff" if contrast(colour, "#ffffff") >= contrast(colour, "#111111") else "#111"
    return f".c{index}{{--c:{colour};--on:{on}}}"


def contrast(first: str, second: str) -> float:
    """Return the contrast of two ``#rrggbb`` colours, 1..21 (WCAG 2.2)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255.0 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def safe(text: str) -> str:
    """Mark our own style, script and drawings as not to be escaped."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704  # packaged with the program or drawn by it, holds nothing from outside


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("extender.output"), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    filters: Mapping[str, Any] = {
        "number": words.number,
        "metres": words.metres,
        "degrees": words.degrees,
        "duration": words.duration,
        "clock": words.clock,
        "web_link": words.web_link,
        "ring": lambda metres: f"{metres:,g}",
        "thousands": lambda count: f"{count:,}",
    }
    environment.filters.update(filters)
    return environment
