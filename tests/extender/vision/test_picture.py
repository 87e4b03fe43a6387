"""Every picture a person may have is read, upright and small; everything else is refused in one helpful line."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps, features

from extender.errors import InputError
from extender.vision.decode import BACKDROP, upright
from extender.vision.picture import field_of_view_deg, load_picture
from models import sha256_of

ORIENTATION, EXIF_IFD, FOCAL_35MM = 274, 0x8769, 41989
GPANO = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" '
    b'GPano:ProjectionType="equirectangular"/></rdf:RDF></x:xmpmeta>'
)


def scene(width: int = 48, height: int = 32) -> Image.Image:
    """A picture that differs left from right and top from bottom: a red, a green, a blue and a grey quarter."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 30, 30)
    pixels[: height // 2, width // 2 :] = (30, 200, 30)
    pixels[height // 2 :, : width // 2] = (30, 30, 210)
    pixels[height // 2 :, width // 2 :] = (128, 128, 128)
    return Image.fromarray(pixels)


def corners(pixels: np.ndarray) -> list[str]:
    """Name the colours of the four quarters: upper left, upper right, lower left, lower right."""
    h, w = pixels.shape[:2]
    points = [(h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, w // 4), (3 * h // 4, 3 * w // 4)]
    return ["rgb"[int(np.argmax(p))] if np.ptp(p.astype(int)) > 60 else "-" for p in (pixels[y, x] for y, x in points)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jpg", {"quality": 95}),
        ("a.jpeg", {"progressive": True}),
        ("a.png", {}),
        ("a.webp", {"lossless": True}),
        ("a.webp", {"quality": 90}),
        ("a.tif", {}),
        ("a.tiff", {"compression": "tiff_lzw"}),
        ("a.gif", {}),
        ("a.bmp", {}),
        ("a.ppm", {}),
        ("a.jp2", {}),
    ],
)
def test_formats(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    path = tmp_path / name
    scene().save(path, **options)
    loaded = load_picture(path)
    assert corners(loaded.pixels) == ["r", "g", "b", "-"]
    assert loaded.pixels.dtype == np.uint8
    assert loaded.pixels.flags.c_contiguous
    assert (loaded.picture.name, loaded.picture.width, loaded.picture.height) == (name, 48, 32)
    assert loaded.picture.sha256 == sha256_of(path)
    assert loaded.picture.hfov_deg == 65.0
    assert not loaded.picture.panorama
    assert loaded.notes == ()


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.avif")
    assert corners(load_picture(tmp_path / "a.avif").pixels) == ["r", "g", "b", "-"]


@pytest.mark.parametrize(
    ("extension", "mode"),
    [
        *(("tif", mode) for mode in ("RGB", "RGBA", "CMYK", "YCbCr", "P", "LAB")),
        *(("png", mode) for mode in ("RGB", "RGBA", "P")),
        *(("jpg", mode) for mode in ("RGB", "CMYK", "YCbCr")),
    ],
)
def test_colour_modes(tmp_path: Path, extension: str, mode: str) -> None:
    path = tmp_path / f"a.{extension}"
    if mode == "LAB":
        image = Image.merge("LAB", [scene().convert("L"), *[Image.new("L", (48, 32), 128)] * 2])
    else:
        image = scene().convert(mode)
    image.save(path)
    pixels = load_picture(path).pixels
    assert pixels.shape == (32, 48, 3)
    if mode != "LAB":
        assert corners(pixels) == ["r", "g", "b", "-"]


@pytest.mark.parametrize("mode", ["L", "1", "LA", "I;16", "I", "F"])
def test_grey_modes_keep_dark_dark_and_bright_bright(tmp_path: Path, mode: str) -> None:
    ramp = np.tile(np.linspace(0, 255, 64, dtype=np.float32), (16, 1))
    if mode == "I;16":
        image = Image.fromarray((ramp * 257).astype(np.uint16))
    elif mode in ("I", "F"):
        image = Image.fromarray(ramp.astype(np.int32) * 1000 if mode == "I" else ramp / 255)
    else:
        image = Image.fromarray(ramp.astype(np.uint8)).convert(mode, dither=Image.Dither.NONE)
    path = tmp_path / ("a.tif" if mode in ("I", "F") else "a.png")
    image.save(path)
    pixels = load_picture(path).pixels
    assert pixels.shape == (16, 64, 3)
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert (pixels[..., 0] == pixels[..., 2]).all()
    assert pixels[:, :4].max() < 30
    assert pixels[:, -4:].min() > 225
    if mode in ("L", "LA", "I;16", "F"):
        assert np.abs(pixels[..., 0].astype(float) - ramp).max() <= 1.0


def test_a_16_bit_png_is_scaled_by_its_whole_range(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 0x8080, np.uint16)).save(tmp_path / "a.png")
    assert (load_picture(tmp_path / "a.png").pixels == 128).all()


def test_transparent_parts_show_mid_grey(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, 4:] = (255, 0, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    palette = scene(8, 8).convert("P", palette=Image.Palette.ADAPTIVE, colors=8)
    palette.save(tmp_path / "b.png", transparency=palette.getpixel((0, 0)))
    assert (load_picture(tmp_path / "a.png").pixels[:, :4] == BACKDROP).all()
    assert (load_picture(tmp_path / "a.png").pixels[:, 4:] == (255, 0, 0)).all()
    assert corners(load_picture(tmp_path / "b.png").pixels) == ["-", "g", "b", "-"]


@pytest.mark.parametrize("extension", ["gif", "png", "webp", "tif"])
def test_of_several_frames_the_first_is_used_and_a_note_says_so(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    scene().save(path, save_all=True, append_images=[Image.new("RGB", (48, 32), "white")])
    loaded = load_picture(path)
    assert corners(loaded.pixels) == ["r", "g", "b", "-"]
    assert loaded.notes == (f"{path.name} has several frames: only the first is used",)


@pytest.mark.parametrize("extension", ["jpg", "tif", "png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(tmp_path: Path, orientation: int, extension: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    path = tmp_path / f"a.{extension}"
    scene().save(path, exif=exif)
    with Image.open(path) as image:
        expected = ImageOps.exif_transpose(image)
    loaded = load_picture(path)
    assert (loaded.picture.width, loaded.picture.height) == expected.size
    assert corners(loaded.pixels) == corners(np.asarray(expected.convert("RGB")))


@given(st.integers(-1000, 1000))
def test_orientations_only_move_pixels(orientation: int) -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    turned = upright(pixels, orientation)
    assert sorted(turned.ravel()) == sorted(pixels.ravel())
    assert {turned.shape[0], turned.shape[1]} == {2, 3}
    assert (turned.shape[0] == 3) == (orientation in (5, 6, 7, 8))


@pytest.mark.parametrize("extension", ["jpg", "png"])
@pytest.mark.parametrize("size", [(5000, 3000), (3000, 5000), (4097, 10), (2048, 2048)])
def test_large_pictures_are_shrunk_and_their_size_is_remembered(
    tmp_path: Path, size: tuple[int, int], extension: str
) -> None:
    path = tmp_path / f"a.{extension}"
    scene(*size).save(path, compress_level=1)  # other formats pass over it
    loaded = load_picture(path)
    height, width = loaded.pixels.shape[:2]
    assert 1024 <= max(width, height) <= 2048
    assert (loaded.picture.width, loaded.picture.height) == size
    assert abs(width / height - size[0] / size[1]) < 0.05 * size[0] / size[1] or min(width, height) < 20
    if min(size) > 100:
        assert corners(loaded.pixels) == ["r", "g", "b", "-"]


@pytest.mark.parametrize("extension", ["png", "jpg", "gif", "webp", "tif"])
def test_one_pixel(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"a.{extension}"
    Image.new("RGB", (1, 1), (255, 255, 255)).save(path)
    loaded = load_picture(path)
    assert loaded.pixels.shape == (1, 1, 3)
    assert (loaded.picture.width, loaded.picture.height) == (1, 1)


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and has nearly no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def refusal(path: Path) -> str:
    """Return the one line that a file is refused with."""
    with pytest.raises(InputError) as caught:
        load_picture(path)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


def test_a_decompression_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(40_000, 40_000))
    message = refusal(path)
    assert "40,000×40,000" in message
    assert "200 million" in message


def test_the_limit_is_ours_and_pillows_own_is_left_as_it_was(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS
    path = tmp_path / "a.png"
    scene().save(path)
    with pytest.raises(InputError, match="too large"):
        load_picture(path, max_pixels=48 * 32 - 1)
    assert load_picture(path, max_pixels=48 * 32).picture.width == 48
    assert before == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("notes.jpg", b"dear diary, today I took a photograph\n", "text"),
        ("umlaut.jpg", "schöne Grüße\n".encode(), "text"),
        ("empty.jpg", b"", "empty"),
        ("doc.jpg", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        ("drawing.png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        ("page.jpg", b"<!DOCTYPE html><html></html>", "web page"),
        ("film.jpg", b"\0\0\0\x20ftypisom\0\0\2\0" + bytes(64), "video"),
        ("archive.jpg", b"PK\3\4" + bytes(64), "archive"),
        ("noise.jpg", bytes(range(1, 256)) * 4, "not a picture"),
        ("script.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
    ],
)
def test_what_is_no_picture_is_called_what_it_is(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    message = refusal(path)
    assert name in message
    assert word in message


def test_places_where_there_is_no_picture(tmp_path: Path) -> None:
    assert "no file" in refusal(tmp_path / "missing.jpg")
    assert "folder" in refusal(tmp_path)
    assert "cannot be read" in refusal(Path("a\0b.jpg"))
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    assert "no ordinary file" in refusal(fifo)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    scene().save(path)
    path.chmod(0)
    assert "chmod" in refusal(path)


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif", "gif"])
def test_truncated_files_are_refused(tmp_path: Path, extension: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    path = tmp_path / f"a.{extension}"
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    message = refusal(path)
    assert "damaged" in message or "not a picture" in message


@pytest.mark.parametrize("cut", [2, 4, 10, 20, 40])
def test_files_cut_in_their_header_are_refused(tmp_path: Path, cut: int) -> None:
    for extension in ("jpg", "png", "webp", "tif", "gif"):
        buffer = io.BytesIO()
        scene().save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(extension, extension))
        path = tmp_path / f"a{cut}.{extension}"
        path.write_bytes(buffer.getvalue()[:cut])
        assert path.name in refusal(path)


@given(
    st.binary(min_size=1, max_size=300),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0"]),
)
def test_no_bytes_bring_anything_but_a_line(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jpg"
    path.write_bytes(start + data)
    try:
        load_picture(path)
    except InputError as problem:
        assert "\n" not in str(problem)  # noqa: PT017  # a lucky picture is fine too


@pytest.mark.parametrize(
    ("brand", "package"), [(b"heic", "pillow-heif"), (b"mif1", "pillow-heif"), (b"avif", "pillow")]
)
def test_a_missing_plugin_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brand: bytes, package: str) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setitem(sys.modules, "pillow_avif", None)
    monkeypatch.setattr(features, "check", lambda _: False)
    path = tmp_path / "a.heic"
    path.write_bytes(b"\0\0\0\x20ftyp" + brand + bytes(64))
    assert f"pip install {package}" in refusal(path).replace(" -U", "")


@pytest.mark.parametrize(
    ("size", "focal", "expected"),
    [
        ((300, 200), 18.0, 90.0),  # half of 36 mm at 18 mm: 45° to each side
        ((200, 300), 18.0, 67.3801),  # upright: 24 mm across
        ((300, 200), 28.0, 65.4705),
        ((100, 100), 18.0, 90.0),
        ((300, 200), 0.0, 65.0),
        ((300, 200), 1e6, 65.0),
    ],
)
def test_field_of_view(size: tuple[int, int], focal: float, expected: float) -> None:
    assert field_of_view_deg(*size, focal) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("orientation", "expected"), [(1, 90.0), (6, 67.3801)])
def test_field_of_view_from_exif(tmp_path: Path, orientation: int, expected: float) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(EXIF_IFD)[FOCAL_35MM] = 18
    scene(300, 200).save(tmp_path / "a.jpg", exif=exif)
    assert load_picture(tmp_path / "a.jpg").picture.hfov_deg == pytest.approx(expected, abs=1e-3)


def test_broken_exif_costs_nothing(tmp_path: Path) -> None:
    scene().save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(range(40)))
    assert load_picture(tmp_path / "a.jpg").picture.hfov_deg == 65.0


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "tif"])
def test_a_panorama_is_known_by_its_metadata(tmp_path: Path, extension: str) -> None:
    from PIL.PngImagePlugin import PngInfo
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    path = tmp_path / f"a.{extension}"
    options: dict[str, Any] = {"xmp": GPANO}
    if extension == "png":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", GPANO.decode())
        options = {"pnginfo": info}
    elif extension == "tif":
        tags = ImageFileDirectory_v2()
        tags[700] = GPANO
        tags.tagtype[700] = 1
        options = {"tiffinfo": tags}
    scene(64, 32).save(path, **options)
    picture = load_picture(path).picture
    assert picture.panorama
    assert picture.hfov_deg == 360.0
    if extension == "jpg":
        scene(64, 48).save(path, **options)
        assert not load_picture(path).picture.panorama  # cropped: not twice as wide as high


def test_a_panorama_is_taken_as_one_when_asked(tmp_path: Path) -> None:
    scene(64, 32).save(tmp_path / "two.png")
    scene(64, 48).save(tmp_path / "other.png")
    assert not load_picture(tmp_path / "two.png").picture.panorama
    two, other = (load_picture(tmp_path / name, panorama=True) for name in ("two.png", "other.png"))
    assert two.picture.hfov_deg == other.picture.hfov_deg == 360.0
    assert two.notes == ()
    assert "64×48" in other.notes[0]


def test_real_photographs_are_read_as_they_are(photos: Path) -> None:
    for path in sorted(photos.glob("*.jpg"))[:6]:
        loaded = load_picture(path)
        with Image.open(path) as image:
            assert (np.asarray(image.convert("RGB")) == loaded.pixels).all()
