"""``python -m models.sounds fit|evaluate``: how the fitted sounds are made and measured."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

PARTS = ("textures", "events")


def main(words: list[str] | None = None) -> int:
    """Run one command; return 0, or 1 after one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m models.sounds", description=__doc__)
    commands = parser.add_subparsers(required=True)

    fit = commands.add_parser("fit", help="analyse free recordings and write the parameters that ship")
    fit.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and the recordings")
    fit.add_argument("--only", choices=PARTS, help="default: all")
    fit.add_argument("-o", "--output", type=Path, help="folder for the files (default: where the package reads them)")
    fit.set_defaults(run=_fit)

    evaluate = commands.add_parser("evaluate", help="compare the models with recordings", add_help=False)
    evaluate.set_defaults(run=_evaluate)

    asked, rest = parser.parse_known_args(words)
    if rest and asked.run is not _evaluate:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    asked.rest = rest
    try:
        return int(asked.run(asked) or 0)
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _fit(asked: argparse.Namespace) -> None:
    if asked.only in (None, "textures"):
        from models.sounds import textures

        textures.fit(asked.data, asked.output, _say)
    if asked.only in (None, "events"):
        from models.sounds import events

        events.fit(asked.data, asked.output, _say)


def _evaluate(asked: argparse.Namespace) -> int:
    from models.sounds import evaluation

    return int(evaluation.main(asked.rest) or 0)


if __name__ == "__main__":
    raise SystemExit(main())
