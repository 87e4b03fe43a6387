"""Weights are found in the stated order, fetched whole or not at all, and never loaded if they could do harm."""

from __future__ import annotations

import hashlib
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from extender.errors import WeightsError
from extender.vision import weights as module
from extender.vision.download import Timeouts, download
from extender.vision.weights import (
    DEFAULT,
    PUBLISHED,
    Published,
    WeightsUnavailable,
    check_trust,
    fetch_weights,
    list_weights,
    resolve_weights,
    weights_folder,
    weights_path,
)

CONTENT = bytes(range(256)) * 1200  # about 300 kB: several blocks
QUICK = Timeouts(connect_s=1.0, read_s=0.3)


@dataclass
class Server:
    """A server on this machine: what each path answers, and what was asked."""

    url: str
    answers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server("")
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            state.asked.append(name)
            kind = state.answers.get(name, "missing")
            if kind == "missing":
                self.send_error(404)
                return
            if kind.startswith("to:"):
                self.send_response(302)
                self.send_header("Location", kind[3:])
                self.end_headers()
                return
            body = {"wrong": b"x" + CONTENT[1:], "short": CONTENT[:100_000], "stall": CONTENT[:100_000]}.get(
                kind, CONTENT
            )
            self.send_response(200)
            if kind != "unsized":
                self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(body)
            if kind == "stall":
                self.wfile.flush()
                stop.wait(10)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_address[1]}"
    yield state
    stop.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hash of our content be the published one of two names."""
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    names = {name: Published(name, sha256, "https://example.invalid") for name in ("yolo11n.pt", "yolov8n.pt")}
    monkeypatch.setattr(module, "PUBLISHED", names)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXTENDER_WEIGHTS", raising=False)


def test_the_published_hashes() -> None:
    assert {name: (p.sha256, p.release.rpartition("/")[2]) for name, p in PUBLISHED.items()} == {
        "yolo11n.pt": ("0ebbc80d4a7680d14987a577cd21342b65ecfd94632bd9a8da63ae6417644ee1", "v8.3.0"),
        "yolov8n.pt": ("f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36", "v8.3.0"),
        "yolo26n.pt": ("9b09cc8bf347f0fc8a5f7657480587f25db09b34bf33b0652110fb03a8ad4fef", "v8.4.0"),
    }
    assert DEFAULT == "yolo11n.pt"
    assert all(p.release.startswith("https://github.com/ultralytics/assets/") for p in PUBLISHED.values())


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("kind", ["whole", "unsized"])
def test_a_download_arrives_whole_and_tells_how_far_it_is(server: Server, tmp_path: Path, kind: str) -> None:
    server.answers["yolo11n.pt"] = kind
    told: list[tuple[str, float]] = []
    folder = tmp_path / "new" / "weights"
    path = fetch_weights(folder=folder, base_url=server.url, progress=lambda *a: told.append(a))
    assert path.read_bytes() == CONTENT
    assert {stage for stage, _ in told} == {"downloading yolo11n.pt"}
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert [p.name for p in folder.iterdir()] == ["yolo11n.pt"]
    assert fetch_weights(folder=folder, base_url=server.url) == path
    assert server.asked == ["yolo11n.pt"]  # the second time it was there


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("wrong", "is not the published file"),
        ("short", "of 307,200 bytes"),
        ("missing", "answered 404"),
        ("stall", "of 307,200 bytes"),
        ("to:http://example.invalid/yolo11n.pt", "not https"),
        ("to:/yolo11n.pt", "too many redirects"),
    ],
)
def test_a_failed_download_leaves_nothing_and_says_what_to_do(
    server: Server, tmp_path: Path, kind: str, words: str
) -> None:
    server.answers["yolo11n.pt"] = kind
    started = time.monotonic()
    with pytest.raises(WeightsError) as caught:
        resolve_weights(folder=tmp_path, base_url=server.url, timeouts=QUICK)
    assert time.monotonic() - started < 5.0
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert "extender weights fetch" in message or "--weights" in message
    assert list(tmp_path.iterdir()) == []
    assert isinstance(caught.value, WeightsUnavailable) == (kind != "wrong")


@pytest.mark.usefixtures("published")
def test_no_server_at_all(server: Server, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match=r"cannot be reached.*extender weights fetch"):
        fetch_weights(folder=tmp_path, base_url="http://127.0.0.1:9", timeouts=QUICK)
    assert server.asked == []


@pytest.mark.usefixtures("published")
def test_redirects_are_followed(server: Server, tmp_path: Path) -> None:
    server.answers |= {"yolo11n.pt": "to:/elsewhere", "elsewhere": f"to:{server.url}/real", "real": "whole"}
    assert fetch_weights(folder=tmp_path, base_url=server.url).read_bytes() == CONTENT


@pytest.mark.parametrize("url", ["http://example.com/a.pt", "ftp://example.com/a.pt", "file:///etc/passwd", "a.pt"])
def test_only_encrypted_downloads(tmp_path: Path, url: str) -> None:
    with pytest.raises(OSError, match="not https"):
        download(url, tmp_path / "a.pt", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("published")
def test_an_interrupted_download_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.answers["yolo11n.pt"] = "whole"

    def interrupt(stage: str, fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_weights(folder=tmp_path, base_url=server.url, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("published")
def test_a_cache_that_cannot_be_made_is_one_line(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsUnavailable, match="could not be fetched"):
        fetch_weights(folder=tmp_path / "file" / "weights", base_url=server.url)


@pytest.mark.usefixtures("published")
def test_the_order_option_environment_cache_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, environments, folder = tmp_path / "mine.pt", tmp_path / "other.onnx", tmp_path / "cache"
    for file in (mine, environments):
        file.write_bytes(b"anything")
    server.answers |= {"yolo11n.pt": "whole", "yolov8n.pt": "whole"}

    def found(option: str | Path | None = None, *, offline: bool = True) -> Path:
        return resolve_weights(option, folder=folder, offline=offline, base_url=server.url)

    with pytest.raises(WeightsUnavailable, match=r"not in the cache.*extender weights fetch$"):
        found()
    assert server.asked == []
    assert found("yolov8n.pt", offline=False) == folder / "yolov8n.pt"
    assert found() == folder / "yolov8n.pt"  # better one of the others than none
    assert found(offline=False) == folder / "yolov8n.pt"
    fetch_weights(folder=folder, base_url=server.url)
    assert found() == folder / "yolo11n.pt"
    monkeypatch.setenv("EXTENDER_WEIGHTS", str(environments))
    assert found() == environments
    assert found(mine) == mine
    assert found("yolov8n.pt") == folder / "yolov8n.pt"
    (folder / "own.onnx").write_bytes(b"anything")
    assert found("own.onnx") == folder / "own.onnx"


@pytest.mark.usefixtures("published")
def test_a_damaged_file_in_the_cache_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    server.answers["yolo11n.pt"] = "whole"
    (tmp_path / "yolo11n.pt").write_bytes(CONTENT[:-1])
    assert list_weights(folder=tmp_path)[0].state == "damaged"
    with pytest.raises(WeightsUnavailable, match="damaged"):
        weights_path(folder=tmp_path)
    assert resolve_weights(folder=tmp_path, base_url=server.url).read_bytes() == CONTENT


def test_what_was_asked_for_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match=r"no weights nowhere\.pt \(--weights\)"):
        resolve_weights("nowhere.pt", folder=tmp_path)
    monkeypatch.setenv("EXTENDER_WEIGHTS", str(tmp_path / "gone.onnx"))
    with pytest.raises(WeightsError, match="EXTENDER_WEIGHTS"):
        resolve_weights(folder=tmp_path)
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(WeightsError, match="no weight file: expected one of"):
        resolve_weights(tmp_path / "photo.jpg", folder=tmp_path)
    (tmp_path / "empty.pt").touch()
    with pytest.raises(WeightsError, match="empty"):
        resolve_weights(tmp_path / "empty.pt", folder=tmp_path)
    with pytest.raises(WeightsError, match="not an official weight file"):
        fetch_weights("resnet.pt", folder=tmp_path)


@pytest.mark.usefixtures("published")
def test_the_list(server: Server, tmp_path: Path) -> None:
    assert [(e.name, e.path, e.state) for e in list_weights(folder=tmp_path / "none")] == [
        ("yolo11n.pt", None, "not downloaded"),
        ("yolov8n.pt", None, "not downloaded"),
    ]
    server.answers["yolov8n.pt"] = "whole"
    fetch_weights("yolov8n.pt", folder=tmp_path, base_url=server.url)
    (tmp_path / "own.onnx").write_bytes(bytes(500_000))
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert [(e.name, e.state, round(e.megabytes, 1)) for e in list_weights(folder=tmp_path)] == [
        ("yolo11n.pt", "not downloaded", 0.0),
        ("yolov8n.pt", "verified", 0.3),
        ("own.onnx", "unknown", 0.5),
    ]


def test_the_cache_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTENDER_CACHE", str(tmp_path))
    assert weights_folder() == tmp_path / "weights"
    monkeypatch.delenv("EXTENDER_CACHE")
    assert weights_folder().parts[-2:] == ("image-extender", "weights")


def pickle_in_zip(path: Path) -> Path:
    """A file of PyTorch's kind whose pickle would make a file when it is loaded."""
    import pickle

    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (path.with_suffix(".harm"),)

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Harm()))
        archive.writestr("archive/version", "3\n" * 1000)
    return path


def test_an_unknown_pickle_is_not_loaded_unless_trusted(tmp_path: Path) -> None:
    path = pickle_in_zip(tmp_path / "model.pt")
    with pytest.raises(WeightsError, match=r"unknown hash.*pickle.*run any code.*--trust-weights"):
        check_trust(path, trusted=False)
    check_trust(path, trusted=True)
    assert not path.with_suffix(".harm").exists()


@pytest.mark.usefixtures("published")
def test_a_known_hash_is_trusted_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "renamed.pt"
    path.write_bytes(CONTENT)
    check_trust(path, trusted=False)


@pytest.mark.parametrize("damage", ["cut", "garbage", "flipped", "text"])
@pytest.mark.parametrize("trusted", [False, True])
def test_a_damaged_pt_file_is_one_clear_line(tmp_path: Path, damage: str, trusted: bool) -> None:
    path = pickle_in_zip(tmp_path / "model.pt")
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[60] ^= 1
    path.write_bytes({"cut": bytes(data[:-40]), "garbage": bytes(1000), "text": b"hello\n"}.get(damage, bytes(data)))
    with pytest.raises(WeightsError, match=r"^model\.pt is damaged, cut short or no PyTorch weight file") as caught:
        check_trust(path, trusted=trusted)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.torchscript", "a.engine", "a.pb", "a_saved_model"])
def test_other_formats_that_hold_programs_need_trust_too(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")
    with pytest.raises(WeightsError, match=r"serialised program.*--trust-weights"):
        check_trust(path, trusted=False)
    check_trust(path, trusted=True)


def test_exported_formats_without_programs_need_no_trust(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"x")
    check_trust(tmp_path / "a.onnx", trusted=False)
    folder = tmp_path / "a_openvino_model"
    folder.mkdir()
    for name in ("a.xml", "a.bin", "metadata.yaml"):
        with pytest.raises(WeightsError, match=f"not whole: expected a non-empty {'metadata.yaml|[*]' + name[1:]}"):
            check_trust(folder, trusted=False)
        (folder / name).write_bytes(b"x")
    check_trust(folder, trusted=False)
    assert resolve_weights(folder / "a.xml", folder=tmp_path) == folder


def test_the_real_files(weights: Path) -> None:
    with pytest.raises(WeightsError, match="--trust-weights"):
        check_trust(weights, trusted=False)  # rebuilt: its hash is not the published one
    check_trust(weights, trusted=True)
    check_trust(weights.parent / "yolo11n_int8_openvino_model", trusted=False)
