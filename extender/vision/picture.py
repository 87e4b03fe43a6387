"""Read a photograph: any common format, upright, small enough to look at, or one clear line why not."""

from __future__ import annotations

import math
import re
import sys
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extender.errors import InputError
from extender.vision.base import Pixels
from extender.vision.decode import LONGEST_PX, shrunk_rgb, upright
from models import sha256_of
from scenes import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

MAX_PIXELS = 200_000_000
"""Pictures with more pixels are refused before they are decoded: the largest phone cameras make 200 million."""

DEFAULT_HFOV_DEG = 65.0
"""Of a phone's main camera or a 28-mm lens, held upright or not; used where the file does not tell."""

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "GIF", "BMP", "PPM", "JPEG2000", "AVIF", "HEIF")
"""Pillow's names of what is read. A closed list: some of Pillow's other readers start foreign programs."""

_LONG_SIDE_MM = 36.0  # of the 35-mm film frame that EXIF's equivalent focal length refers to
_ORIENTATION, _EXIF_IFD, _FOCAL_35MM, _TIFF_XMP = 274, 0x8769, 41989, 700  # EXIF 2.32, TIFF/XMP specification

_ONE_AT_A_TIME = threading.Lock()  # Pillow's pixel limit and Python's warning filters belong to the whole process


@dataclass(frozen=True, slots=True, eq=False)
class LoadedPicture:
    """A photograph as it is looked at.

    Parameters
    ----------
    picture : scenes.Picture
        Name, size after the EXIF orientation, checksum, field of view.
    pixels : (h, w, 3) uint8
        sRGB, upright, no side over 2,048 px; smaller than the picture where that is larger.
    notes : tuple of str
        What a person should know, e.g. that only the first frame was taken.
    """

    picture: Picture
    pixels: Pixels
    notes: tuple[str, ...] = ()


def load_picture(path: Path, *, panorama: bool = False, max_pixels: int = MAX_PIXELS) -> LoadedPicture:
    """Read a picture file.

    Parameters
    ----------
    path : Path
        JPEG, PNG, WebP, TIFF, GIF, BMP, PPM or JPEG 2000 in any mode; AVIF and HEIC where Pillow or a plugin can.
        Of animations and multi-page files the first frame. Transparent parts show mid-grey.
    panorama : bool
        Take it for an equirectangular panorama even where its metadata (GPano) does not say so.
    max_pixels : int
        Larger pictures are refused before decoding.

    Raises
    ------
    extender.errors.InputError
        One line: no such file, a folder, empty, not a picture, too large, damaged, no permission.
    """
    head = _first_bytes(path)
    _offer_plugins(path, head)
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata in pictures that decode well
        with _open(path, head, max_pixels) as image:
            return _load(path, image, panorama)


def _load(path: Path, image: Image, panorama: bool) -> LoadedPicture:
    original, animated = image.size, _animated(image)
    try:
        if image.format in ("JPEG", "MPO"):
            _draft(image)
        image.load()
        if image.format == "TIFF":
            original = image.size  # Pillow has applied its orientation by now
        pixels = shrunk_rgb(image)
    except MemoryError:
        raise InputError(f"{path.name} needs more memory than there is: make it smaller and try again") from None
    except Exception as problem:  # a damaged file may raise anything, from any decoder
        raise InputError(
            f"{path.name} is damaged or cut short and cannot be decoded ({_brief(problem)}): "
            "get the file again, or open and save it in a picture editor"
        ) from problem
    orientation = _exif(image, _ORIENTATION)
    pixels = upright(pixels, orientation)
    width, height = original[::-1] if orientation in (5, 6, 7, 8) else original
    notes: tuple[str, ...] = (f"{path.name} has several frames: only the first is used",) if animated else ()
    whole_circle = panorama or _says_panorama(image, width, height)
    if panorama and not _two_to_one(width, height):
        notes += (f"{path.name} is {width}×{height}, not twice as wide as high: taken as the whole circle as asked",)
    picture = Picture(
        name=path.name.encode("utf-8", "replace").decode(),
        width=width,
        height=height,
        sha256=sha256_of(path),
        hfov_deg=360.0 if whole_circle else field_of_view_deg(width, height, _exif(image, _FOCAL_35MM)),
        panorama=whole_circle,
    )
    return LoadedPicture(picture, pixels, notes)


def _animated(image: Image) -> bool:
    """Tell whether there are more frames; where the second is damaged, the first is the picture."""
    with suppress(Exception):  # a damaged file may raise anything
        return bool(getattr(image, "is_animated", False)) and image.format != "MPO"
    return False


def field_of_view_deg(width: int, height: int, focal_35mm: float) -> float:
    """Return the horizontal field of view from EXIF's 35-mm equivalent focal length; 65° if that is 0 or absurd.

    The frame's 36 mm lie along the picture's long side: hfov = 2·atan(36·(width/long side) / (2·f)).
    """
    if not 1.0 <= focal_35mm <= 5000.0:
        return DEFAULT_HFOV_DEG
    across_mm = _LONG_SIDE_MM * width / max(width, height)
    return math.degrees(2.0 * math.atan(across_mm / (2.0 * focal_35mm)))


def _first_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder: expected a picture file, such as {path.name or 'folder'}/photo.jpg")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no ordinary file: expected a picture file")
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}: check the name and the folder") from None
    except PermissionError:
        raise InputError(f"{path} may not be read by you: change its permissions (chmod u+r) or copy it") from None
    except (OSError, ValueError) as problem:
        raise InputError(f"{path} cannot be read: {_brief(problem)}") from problem
    if not head:
        raise InputError(f"{path.name} is empty (0 bytes): copy or download it again")
    return head


def _pillows_open() -> Callable[..., Image]:
    """Return Pillow's own open. Once ultralytics is imported, its own stands there, which would install packages."""
    import PIL.Image

    replaced_in = sys.modules.get("ultralytics.utils.patches")
    opener: Callable[..., Image] = getattr(replaced_in, "_image_open", PIL.Image.open)
    return opener


def _open(path: Path, head: bytes, max_pixels: int) -> Image:
    from PIL import Image, UnidentifiedImageError

    Image.init()
    pillows_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # ours below gives the better message
    try:
        image = _pillows_open()(path, formats=[name for name in FORMATS if name in Image.OPEN])
    except UnidentifiedImageError:
        raise InputError(_what_it_is_instead(path, head)) from None
    except Exception as problem:  # a damaged header may raise anything, from any decoder
        raise InputError(f"{path.name} is damaged: its header cannot be read ({_brief(problem)})") from problem
    finally:
        Image.MAX_IMAGE_PIXELS = pillows_limit
    width, height = image.size
    if width * height > max_pixels:
        image.close()
        raise InputError(
            f"{path.name} is too large: {width:,}×{height:,} is {width * height / 1e6:,.0f} million pixels, "
            f"at most {max_pixels / 1e6:,.0f} million are read; make it smaller"
        )
    if width < 1 or height < 1:
        image.close()
        raise InputError(f"{path.name} has no pixels ({width}×{height})")
    return image


def _draft(image: Image) -> None:
    """Let the JPEG decoder itself shrink by 2, 4 or 8: quicker, and in less memory."""
    width, height = image.size
    scale = max(1, max(width, height) // LONGEST_PX)
    image.draft(None, (max(1, width // scale), max(1, height // scale)))  # None keeps the mode


def _heif_brand(head: bytes) -> bytes:
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _offer_plugins(path: Path, head: bytes) -> None:
    """Register the reader of HEIC or AVIF where one is installed; say what to install where none is."""
    from PIL import features

    brand = _heif_brand(head)
    if brand in (b"avif", b"avis"):
        if features.check("avif"):
            return
        try:
            import pillow_avif  # type: ignore[import-not-found]  # noqa: F401  # registers itself
        except ImportError:
            raise InputError(
                f"{path.name} is an AVIF picture, which this Pillow cannot read: pip install -U pillow "
                "(11.2 or newer), or pip install pillow-avif-plugin"
            ) from None
    elif brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        try:
            import pillow_heif
        except ImportError:
            raise InputError(
                f"{path.name} is a HEIC picture, which needs a plugin: pip install pillow-heif (or save it as JPEG)"
            ) from None
        pillow_heif.register_heif_opener()


def _what_it_is_instead(path: Path, head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kinds = (
        (start.startswith((b"<svg", b"<?xml")) and b"svg" in head.lower(), "an SVG drawing: export it as PNG"),
        (start.startswith(b"%pdf"), "a PDF: export the page as PNG"),
        (start.startswith((b"<!doctype html", b"<html")), "a web page: save the picture itself"),
        (_heif_brand(head) != b"" or head[:4] == b"\x1aE\xdf\xa3", "a video: export one frame as JPEG"),
        (head[:2] in (b"PK", b"\x1f\x8b"), "an archive: unpack it first"),
        (_is_text(head), "text, whatever its name says"),
    )
    found = next((kind for fits, kind in kinds if fits), "of no kind known here, or damaged at its start")
    return f"{path.name} is not a picture (expected JPEG, PNG, WebP, TIFF, GIF, …): it is {found}"


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    text = head.decode("utf-8", "ignore")
    return len(text.encode()) >= len(head) - 3 and all(c.isprintable() or c.isspace() for c in text)


def _exif(image: Image, tag: int) -> int:
    """Return a number from the EXIF data; 0 where there is none or it cannot be read."""
    try:
        exif: Any = image.getexif()
        value = exif.get(tag) or exif.get_ifd(_EXIF_IFD).get(tag) or 0
        return int(value)
    except Exception:  # broken metadata must never cost the picture
        return 0


def _two_to_one(width: int, height: int) -> bool:
    return abs(width / height - 2.0) <= 0.02


def _says_panorama(image: Image, width: int, height: int) -> bool:
    """Tell whether the XMP data has Google's photo-sphere property ``GPano:ProjectionType`` = equirectangular."""
    if not _two_to_one(width, height):
        return False
    xmp: Any = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if not xmp and hasattr(image, "tag_v2"):
        xmp = image.tag_v2.get(_TIFF_XMP, b"")
    text = xmp.decode("utf-8", "replace") if isinstance(xmp, bytes) else str(xmp)
    return re.search(r"ProjectionType\s*(?:=\s*[\"']|>)\s*equirectangular", text, re.IGNORECASE) is not None


def _brief(problem: BaseException) -> str:
    """Return the first line of an error's message, cut to a readable length."""
    lines = str(getattr(problem, "strerror", None) or problem).strip().splitlines()
    return (lines[0] if lines else type(problem).__name__)[:120]
