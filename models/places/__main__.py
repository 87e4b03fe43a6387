"""``python -m models.places train|evaluate|export``: how the packaged place model is made and measured."""

from __future__ import annotations

import argparse
import json
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

from models.checksum import sha256_of
from models.places import head
from models.places.model import PlaceModel, place_model, read_model
from models.places.pictures import FOLDERS, Labelled, labelled


def main(words: list[str] | None = None) -> int:
    """Run one command; return 0, or 1 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m models.places", description=__doc__)
    commands = parser.add_subparsers(required=True)

    train = commands.add_parser("train", help="train a model and cross-validate it on the same pictures")
    train.add_argument("data", type=Path, help="zip or folder with train/CLASS/*.jpg and test/CLASS/*.jpg")
    train.add_argument("--on", choices=("train", "all"), default="train", help="which folders (default: train)")
    train.add_argument("-o", "--output", type=Path, required=True, help="the model's file, .npz")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser("evaluate", help="measure a model on the test folder")
    evaluate.add_argument("data", type=Path)
    evaluate.add_argument("--model", type=Path, help="default: the packaged one")
    evaluate.add_argument("--on", choices=FOLDERS, default="test")
    evaluate.add_argument("--json", action="store_true", help="one JSON object")
    evaluate.set_defaults(run=_evaluate)

    export = commands.add_parser("export", help="put a trained model where the package reads it")
    export.add_argument("model", type=Path)
    export.add_argument("-o", "--output", type=Path, default=Path(__file__).parents[1] / "weights" / "places.npz")
    export.set_defaults(run=_export)

    asked = parser.parse_args(words)
    try:
        asked.run(asked)
    except (OSError, ValueError, zipfile.BadZipFile) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _train(asked: argparse.Namespace) -> None:
    from models.places.training import trained

    folders = FOLDERS if asked.on == "all" else (asked.on,)
    pictures = labelled(asked.data, *folders)
    about = f"{asked.data.name}: {len(pictures.names)} pictures of {' and '.join(folders)}"
    made = trained(pictures, about, _say)
    made.model.write(asked.output)
    _say(
        f"held out, {head.FOLDS} folds of these pictures: mean class accuracy {made.accuracy:.4f}, "
        f"expected calibration error {made.error:.4f}, temperature {made.model.temperature:.4f}"
    )
    _say(f"{asked.output}: {asked.output.stat().st_size / 1e6:.2f} MB")


def _export(asked: argparse.Namespace) -> None:
    model = read_model(asked.model)
    model.write(asked.output)
    _say(f"{asked.output}: {asked.output.stat().st_size / 1e6:.2f} MB, {model.about}")
    _say(f"SHA-256 {sha256_of(asked.output)}")


def _evaluate(asked: argparse.Namespace) -> None:
    model = read_model(asked.model) if asked.model else place_model()
    pictures = labelled(asked.data, asked.on)
    if pictures.classes != model.classes:
        raise ValueError(f"expected pictures of {', '.join(model.classes)}, got {', '.join(pictures.classes)}")
    shares, milliseconds = _shares(model, pictures)
    told, count = shares.argmax(axis=1), len(model.classes)
    by_class = head.class_accuracy(told, pictures.labels, count)
    table = head.confusion(told, pictures.labels, count)
    result = {
        "model": model.about,
        "pictures": len(pictures.names),
        "mean_class_accuracy": round(float(by_class.mean()), 4),
        "accuracy": round(float((told == pictures.labels).mean()), 4),
        "calibration_error": round(head.calibration_error(shares, pictures.labels), 4),
        "milliseconds_median": round(milliseconds, 1),
        "by_class": {name: round(float(a), 4) for name, a in zip(model.classes, by_class, strict=True)},
        "confusion": table.tolist(),
    }
    if asked.json:
        _say(json.dumps(result))
        return
    for key in ("model", "pictures", "mean_class_accuracy", "accuracy", "calibration_error", "milliseconds_median"):
        _say(f"{key}: {result[key]}")
    _say(confusion_text(model.classes, table))


def _shares(model: PlaceModel, pictures: Labelled) -> tuple[head.Doubles, float]:
    """Return the probabilities of all pictures, and the median time of one, from pixels, in ms."""
    rows, times = [], []
    for number in range(len(pictures.names)):
        grey = pictures.grey(number)
        start = time.perf_counter()
        rows.append(list(model(grey).shares.values()))
        times.append(time.perf_counter() - start)
    return np.array(rows), 1e3 * float(np.median(times))


def confusion_text(classes: tuple[str, ...], table: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> str:
    """Return a confusion matrix in percent of each row, for people: rows = what is shown, columns = what was told."""
    percent = 100.0 * table / np.maximum(1, table.sum(axis=1, keepdims=True))
    lines = [" " * 13 + " ".join(f"{name[:4]:>4}" for name in classes)]
    for name, row in zip(classes, percent, strict=True):
        lines.append(f"{name:13}" + " ".join(f"{value:4.0f}" if value >= 0.5 else "   ·" for value in row))
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
