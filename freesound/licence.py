"""Licences of sounds: reading them, what they ask for, and what holds for a mix of many.

Nothing here is legal advice. In doubt it errs on the safe side: what cannot be read for certain is unknown, and
unknown allows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit


class LicenceKind(StrEnum):
    """The kinds of licence, from the freest to the strictest; the value is the stem of the short name."""

    PUBLIC_DOMAIN = "Public-Domain"
    CC0 = "CC0"
    OGA_BY = "OGA-BY"  # OpenGameArt's: as CC BY, without its rule against copy protection
    BY = "CC-BY"
    SAMPLING_PLUS = "CC-Sampling+"  # parts and alterations freely, also sold, but in no advertisement
    BY_SA = "CC-BY-SA"
    BY_NC = "CC-BY-NC"
    NC_SAMPLING_PLUS = "CC-NC-Sampling+"
    BY_NC_SA = "CC-BY-NC-SA"
    BY_ND = "CC-BY-ND"
    BY_NC_ND = "CC-BY-NC-ND"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Place in the order of strictness, 0 = the freest."""
        return _ORDER[self]


_ORDER = {kind: place for place, kind in enumerate(LicenceKind)}

_FREE = {LicenceKind.PUBLIC_DOMAIN, LicenceKind.CC0}
_NON_COMMERCIAL = {
    LicenceKind.BY_NC,
    LicenceKind.NC_SAMPLING_PLUS,
    LicenceKind.BY_NC_SA,
    LicenceKind.BY_NC_ND,
    LicenceKind.UNKNOWN,
}
_UNALTERABLE = {LicenceKind.BY_ND, LicenceKind.BY_NC_ND, LicenceKind.UNKNOWN}
_SHARE_ALIKE = {LicenceKind.BY_SA, LicenceKind.BY_NC_SA}
_SAMPLING = {LicenceKind.SAMPLING_PLUS, LicenceKind.NC_SAMPLING_PLUS}

_PATHS = {
    LicenceKind.CC0: "publicdomain/zero",
    LicenceKind.PUBLIC_DOMAIN: "publicdomain/mark",
    LicenceKind.BY: "licenses/by",
    LicenceKind.SAMPLING_PLUS: "licenses/sampling+",
    LicenceKind.BY_SA: "licenses/by-sa",
    LicenceKind.BY_NC: "licenses/by-nc",
    LicenceKind.NC_SAMPLING_PLUS: "licenses/nc-sampling+",
    LicenceKind.BY_NC_SA: "licenses/by-nc-sa",
    LicenceKind.BY_ND: "licenses/by-nd",
    LicenceKind.BY_NC_ND: "licenses/by-nc-nd",
}
_ONLY_VERSION = {LicenceKind.CC0: "1.0", LicenceKind.SAMPLING_PLUS: "1.0", LicenceKind.NC_SAMPLING_PLUS: "1.0"}


@dataclass(frozen=True, slots=True)
class Licence:
    """One licence.

    Parameters
    ----------
    kind : LicenceKind
    version : str
        ``"4.0"``; empty where it was not said.
    port : str
        The country a version was written for, ``"fr"``; empty for the international text.
    text : str
        For an unknown licence, what was written in its place; else empty.
    """

    kind: LicenceKind
    version: str = ""
    port: str = ""
    text: str = ""

    @property
    def short_name(self) -> str:
        """The usual short name, after SPDX where that has one: ``"CC-BY-4.0"``; of an unknown licence its text.

        :func:`parse_licence` reads it back to the same licence.
        """
        if self.kind is LicenceKind.UNKNOWN:
            return self.text or "unknown"
        return "-".join(part for part in (self.kind.value, self.version, self.port.upper()) if part)

    @property
    def url(self) -> str:
        """Where the licence can be read; empty where that is not known."""
        path = _PATHS.get(self.kind)
        if self.kind is LicenceKind.OGA_BY and self.version:
            return f"https://static.opengameart.org/OGA-BY-{self.version}.txt"
        if path is None or not self.version:
            return ""
        return "/".join(("https://creativecommons.org", path, self.version, *([self.port] if self.port else []), ""))

    @property
    def requires_attribution(self) -> bool:
        """Whether the author must be named. Of an unknown licence: as far as one can tell, yes."""
        return self.kind not in _FREE

    @property
    def share_alike(self) -> bool:
        """Whether what is made from it must be given away under the same licence."""
        return self.kind in _SHARE_ALIKE

    def allows(self, *, commercial: bool = False, derivatives: bool = True) -> bool:
        """Tell whether the sound may be used so.

        Parameters
        ----------
        commercial : bool
            The use earns money. Sampling+ allows that for altered sounds only, and never in an advertisement.
        derivatives : bool
            The sound is altered or becomes part of a mix.
        """
        if self.kind is LicenceKind.UNKNOWN or (derivatives and self.kind in _UNALTERABLE):
            return False
        if not commercial:
            return True
        return self.kind not in _NON_COMMERCIAL and (derivatives or self.kind not in _SAMPLING)

    def __str__(self) -> str:
        return self.short_name


@dataclass(frozen=True, slots=True)
class Whole:
    """What holds for a mix of sounds.

    Parameters
    ----------
    licence : Licence
        The strictest of its sounds' licences.
    commercial : bool
        Every sound allows that the mix earns money.
    attribution : bool
        Somebody must be named.
    conflicts : tuple of str
        Why the mix may not be passed on as it is, one sentence each; empty = it may.
    remarks : tuple of str
        What else must be heeded.
    """

    licence: Licence
    commercial: bool
    attribution: bool
    conflicts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def strictest(licences: Iterable[Licence]) -> Whole:
    """Return the licence of a mix: the strictest of its sounds', and what keeps them from going together.

    Parameters
    ----------
    licences : iterable of Licence
        Of every sound; the order does not matter. None at all = CC0.

    Notes
    -----
    The order is that of :class:`LicenceKind`; within one kind the highest version counts, for the older ones let what
    is made from them follow it. Conflicts:

    - an unknown licence allows nothing;
    - ND: a sound that may not be altered may be in no mix that is passed on;
    - share-alike asks for its own licence on the mix, which contradicts another share-alike licence, every NC licence
      (except BY-NC-SA with NC), and Sampling+ (no advertising).
    """
    given = sorted(set(licences), key=_strictness)
    if not given:
        return Whole(Licence(LicenceKind.CC0, "1.0"), commercial=True, attribution=False)
    return Whole(
        licence=given[-1],
        commercial=all(licence.allows(commercial=True) for licence in given),
        attribution=any(licence.requires_attribution for licence in given),
        conflicts=tuple(_conflicts(given)),
        remarks=tuple(_remarks(given)),
    )


def _strictness(licence: Licence) -> tuple[int, float, str, str]:
    return licence.kind.rank, float(licence.version or 0.0), licence.port, licence.text


def _names(licences: Iterable[Licence]) -> str:
    return ", ".join(dict.fromkeys(licence.short_name for licence in licences))


def _conflicts(given: list[Licence]) -> Iterable[str]:
    unknown = [x for x in given if x.kind is LicenceKind.UNKNOWN]
    if unknown:
        yield f"some sounds have no licence that is known ({_names(unknown)}): pass the mix on only if they are yours"
    fixed = [x for x in given if x.kind in _UNALTERABLE and x.kind is not LicenceKind.UNKNOWN]
    if fixed:
        yield f"{_names(fixed)} does not allow altered sounds: a mix with them may not be passed on"
    alike = [x for x in given if x.share_alike]
    for kind in dict.fromkeys(x.kind for x in alike):
        against = [x for x in given if _contradicts(kind, x.kind)]
        if against:
            mine = _names(x for x in alike if x.kind is kind)
            yield f"{mine} asks that the mix be under that licence too, which {_names(against)} does not allow"


def _contradicts(alike: LicenceKind, other: LicenceKind) -> bool:
    if other is LicenceKind.UNKNOWN or other in _UNALTERABLE:  # said already
        return False
    if alike is LicenceKind.BY_SA:
        return other in _NON_COMMERCIAL or other in _SAMPLING
    return other is LicenceKind.BY_SA or other in _SAMPLING


def _remarks(given: list[Licence]) -> Iterable[str]:
    if any(x.kind in _SAMPLING for x in given):
        yield "Sampling+: not to be used in advertisements"
    if any(x.share_alike for x in given):
        yield "share-alike: whoever passes the mix on must do so under the same licence"


def parse_licence(text: str | None) -> Licence:
    """Read a licence from its address, its short name or its full name. Never fails: what is not known is unknown.

    Parameters
    ----------
    text : str or None
        ``"http://creativecommons.org/licenses/by-nc/4.0/"``, ``"CC BY 4.0"``, ``"Attribution NonCommercial"``,
        ``"Creative Commons 0"``, ``"Public domain"``, ``"Sampling+"``, …

    Notes
    -----
    Every word must make sense: "CC BY, but ask me first" is unknown, for nobody can say what it allows.
    """
    written = " ".join((text or "").split())
    words = _words(_URL.sub(lambda match: f" {_name_of_url(match[0])} ", written).casefold())
    elements = {_ELEMENTS[word] for word in words if word in _ELEMENTS}
    versions = {match[1] + (match[2] or ".0") for word in words if (match := _VERSION.fullmatch(word))}
    ports = {word for word in words if word in _PORTS and word not in _ELEMENTS}
    strange = [w for w in words if not (w in _ELEMENTS or w in _NOISE or w in _PORTS or _VERSION.fullmatch(w))]
    kind = _KIND_OF_ELEMENTS.get(frozenset(elements))
    if kind is None or strange or len(versions) > 1 or len(ports) > 1 or not versions <= _VERSIONS:
        return Licence(LicenceKind.UNKNOWN, text=_as_text(written))
    version = "".join(versions) or _ONLY_VERSION.get(kind, "")
    return Licence(kind, version, port="".join(ports) if version else "")


_MAX_TEXT = 200
_NOT_SAID = frozenset(("", "-", "?", "none", "n/a", "unknown"))
_URL = re.compile(r"""(?:https?://|(?<![\w./@-])(?:www\.)?(?=creativecommons\.org/))[^\s<>()"',;]+""", re.IGNORECASE)
_VERSION = re.compile(r"v?(\d)(\.\d)?")
_VERSIONS = {"1.0", "2.0", "2.1", "2.5", "3.0", "4.0"}
_SYNONYMS = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        (r"\b(?:creative[ -]?commons|cc)[ -]?(?:zero|0)\b(?!\.)", " cc0 "),
        (r"\bcreative[ -]?commons\b", " cc "),
        (r"\bopen[ -]?game[ -]?art(?:\.org)?\b", " oga "),
        (r"\bnon[ -]?commercial\b", " nc "),
        (r"\bshare[ -]?alike\b", " sa "),
        (r"\bno[ -]?deriv(?:ative)?s?(?:[ -]works?)?\b", " nd "),
        (r"\bpublic[ -]?domain\b", " pd "),
        (r"\bsampling[ -]?(?:\+|plus\b)", " sampling+ "),
    )
)
_ELEMENTS = {
    "by": "by", "attribution": "by", "nc": "nc", "sa": "sa", "nd": "nd", "cc0": "cc0",
    "pd": "pd", "pdm": "pd", "sampling+": "sampling+", "oga": "oga",
}  # fmt: skip
_NOISE = frozenset(
    """cc licence license licences licenses licensed under the version unported international universal generic mark
    dedication deed""".split()  # noqa: SIM905 - a table
)
_PORTS = frozenset(
    """ar at au az be bg br ca ch cl cn co cr cz de dk ec ee eg es fi fr ge gr gt hk hr hu ie igo il in it jp kr lu mk
    mt mx my nl no nz pe ph pl pr pt ro rs se sg si th tr tw ug uk us ve vn za""".split()  # noqa: SIM905 - a table
)
_KIND_OF_ELEMENTS = {
    frozenset(elements.split()): kind
    for elements, kind in (
        ("pd", LicenceKind.PUBLIC_DOMAIN),
        ("cc0", LicenceKind.CC0),
        ("cc0 pd", LicenceKind.CC0),
        ("oga by", LicenceKind.OGA_BY),
        ("by", LicenceKind.BY),
        ("sampling+", LicenceKind.SAMPLING_PLUS),
        ("by sa", LicenceKind.BY_SA),
        ("by nc", LicenceKind.BY_NC),
        ("nc sampling+", LicenceKind.NC_SAMPLING_PLUS),
        ("by nc sa", LicenceKind.BY_NC_SA),
        ("by nd", LicenceKind.BY_ND),
        ("by nc nd", LicenceKind.BY_NC_ND),
    )
}


def _words(text: str) -> list[str]:
    for pattern, word in _SYNONYMS:
        text = pattern.sub(word, text)
    return re.findall(r"[^\s,;:()\[\]/_-]+", text)


def _as_text(written: str) -> str:
    if written.casefold() in _NOT_SAID:
        return ""
    return written if len(written) <= _MAX_TEXT else written[: _MAX_TEXT - 1] + "…"


def _name_of_url(url: str) -> str:
    """Return the name of the licence that an address stands for, or ``"?"``, which is the name of none."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return "?"
    oga = re.fullmatch(r"/oga-by-(\d\.\d)\.txt", parts.path.casefold())
    if host == "static.opengameart.org" and oga:
        return f"oga-by-{oga[1]}"
    steps = [step for step in parts.path.casefold().split("/") if step]
    if host != "creativecommons.org" or len(steps) < 2 or not set(steps[2:3]) <= _VERSIONS:
        return "?"
    name = _NAME_OF_PATH.get("/".join(steps[:2]), "?")
    port = next((step for step in steps[3:4] if step in _PORTS), "")
    return " ".join((name, *steps[2:3], port))


_NAME_OF_PATH = {path: kind.value for kind, path in _PATHS.items()} | {"licenses/publicdomain": "public-domain"}
