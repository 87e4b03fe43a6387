"""Build the data set, train, evaluate and export the residue network.

    python -m models.residue train     --data DATA --sounds FOLDER … --ensembles FOLDER --runs RUNS [--seed N …]
    python -m models.residue evaluate  --data DATA --runs RUNS
    python -m models.residue export    --runs RUNS --seed N
    python -m models.residue ensembles --held-out -o FOLDER

See docs/residue.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.residue.dataset import Sizes, build, examples
from models.residue.ensembles import PIECES, SOUNDFONT, held_out, write_ensembles, write_stems
from models.residue.evaluation import Predict, Score, band_model, by_group, passed, score, simple_models, train_flat
from models.residue.inference import FOLDER, ResidueModel
from models.residue.material import Lesson, lessons
from models.residue.sounds import catalogue
from models.residue.training import EPOCHS, train


def main() -> None:
    """Run one of the commands."""
    options = _parser().parse_args()
    try:
        COMMANDS[options.command](options)
    except (ValueError, OSError, RuntimeError) as error:
        raise SystemExit(f"models.residue: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("stopped; the same command goes on from here") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.residue", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=tuple(COMMANDS))
    parser.add_argument("--data", type=Path, default=Path("residue/data"), help="the data set")
    parser.add_argument("--runs", type=Path, default=Path("residue/runs"), help="what is trained, a folder a seed")
    parser.add_argument("--sounds", type=Path, nargs="*", default=[], help="folders to build it from")
    parser.add_argument("--ensembles", type=Path, help="folder of stems; what is missing in it is made")
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    parser.add_argument("--scenes", type=int, nargs=3, default=(600, 40, 40), metavar=("TRAIN", "VALIDATION", "TEST"))
    parser.add_argument("--data-seed", type=int, default=1)
    parser.add_argument("--seed", type=int, nargs="*", default=[1], help="a network each")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--flat", action="store_true", help="evaluate: train the flat comparator too")
    parser.add_argument("--weights", type=Path, default=FOLDER, help="export: where to")
    parser.add_argument("--held-out", action="store_true", help="ensembles: only pieces that nothing has learned from")
    parser.add_argument("-o", "--output", type=Path, default=Path("ensembles"), help="ensembles: where to")
    return parser


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def _train(options: argparse.Namespace) -> None:
    if options.sounds:
        if options.ensembles:
            for name in write_stems(options.ensembles, options.soundfont):
                _tell(f"stems of {name}")
        sounds = catalogue(options.sounds, [options.ensembles] if options.ensembles else [])
        learned, validated, tested = options.scenes
        sizes = Sizes((learned, 6), (validated, 6), (tested, 20))
        for done, total in build(options.data, sounds, sizes, options.data_seed):
            sys.stderr.write(f"\rscene {done} of {total}")
        sys.stderr.write("\n")
    learned, validated = _lessons(options, "train"), _lessons(options, "validation")
    for seed in options.seed:
        train(learned, validated, options.runs / f"{seed}", seed=seed, epochs=options.epochs, tell=_tell)


def _lessons(options: argparse.Namespace, split: Any) -> list[Lesson]:
    found = list(lessons(options.data, split))
    if not found:
        raise FileNotFoundError(f"{options.data}: no {split} scenes; build them with train --sounds …")
    return found


def _network(folder: Path, *, hybrid: bool = True) -> Any:
    from models.residue.network import make_network

    network = make_network(hybrid=hybrid)
    network.load_weights(folder / "best.weights.h5")
    return network


def _predictor(folder: Path) -> Predict:
    from models.residue.export import weights_of
    from models.residue.inference import forward

    weights = weights_of(_network(folder))
    return lambda lesson: forward(weights, lesson.inputs)


def _evaluate(options: argparse.Namespace) -> None:
    tested, learned = _lessons(options, "test"), _lessons(options, "train")
    models = simple_models(learned)
    found = list(examples(options.data, "test"))
    for name, held in (("analytic", False), ("analytic with memory", True)):
        maps = {id(lesson): band_model(example, held=held) for lesson, example in zip(tested, found, strict=True)}
        models[name] = lambda lesson, maps=maps: maps[id(lesson)]  # type: ignore[misc]
    if options.flat:
        models["flat LSTM"] = train_flat(learned, _lessons(options, "validation"), seed=1, epochs=options.epochs)
    networks = {f"hybrid, seed {folder.name}": _predictor(folder) for folder in sorted(options.runs.glob("*"))}
    table: dict[str, Score] = {name: score(tested, predict) for name, predict in (models | networks).items()}
    for name, each in table.items():
        sys.stdout.write(json.dumps({"model": name} | {k: round(v, 5) for k, v in asdict(each).items()}) + "\n")
    for name, predict in networks.items():
        groups = [round(float(e), 5) for e in by_group(tested, predict)]
        sys.stdout.write(json.dumps({"model": name, "gates": passed(table, name), "mse_by_bark": groups}) + "\n")


def _export(options: argparse.Namespace) -> None:
    from models.residue.export import weights_of, write

    write(weights_of(_network(options.runs / f"{options.seed[0]}")), options.weights)
    ResidueModel(options.weights)
    _tell(f"{options.weights}: written")


def _ensembles(options: argparse.Namespace) -> None:
    for name in write_ensembles(options.output, held_out() if options.held_out else PIECES, options.soundfont):
        _tell(f"stems of {name}")


COMMANDS = {"train": _train, "evaluate": _evaluate, "export": _export, "ensembles": _ensembles}


if __name__ == "__main__":
    main()
