"""`extender detect`: what is seen, and a scene file to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, QuietOption, one_line_errors, progress_bar
from extender.cli.options import (
    DetectorOption,
    ForceOption,
    MaxSoundsOption,
    OfflineOption,
    PanoramaOption,
    PlaceModelOption,
    SceneOption,
    TrustOption,
    WeightsOption,
)


def detect(
    picture: Annotated[Path, typer.Argument(help="A picture.", show_default=False, readable=False)],
    save: Annotated[
        Path | None, typer.Option(help="Write a scene file, to be edited and given to render --scene.")
    ] = None,
    weights: WeightsOption = None,
    trust_weights: TrustOption = False,
    detector: DetectorOption = "yolo",
    place_model: PlaceModelOption = "own",
    scene: SceneOption = None,
    panorama: PanoramaOption = False,
    max_sounds: MaxSoundsOption = 8,
    offline: OfflineOption = False,
    force: ForceOption = False,
    json_output: JsonOption = False,
    quiet: QuietOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what is seen in a picture: things, where they are, how important, and the place.

    [bold]Examples[/bold]

      extender detect photo.jpg

      extender detect photo.jpg --save scene.json     # edit it, then: extender render photo.jpg --scene scene.json
    """
    with one_line_errors(debug):
        from extender.cli.choices import see_options
        from extender.output.workspace import whole_file
        from extender.vision.see import see
        from scenes import load_vocabulary, scene_to_json

        with progress_bar(show=not (quiet or json_output)) as progress:
            options = see_options(
                weights=weights,
                trust_weights=trust_weights,
                detector=detector,
                place_model=place_model,
                scene=scene,
                panorama=panorama,
                max_sounds=max_sounds,
                offline=offline,
            )
            found = see(picture, options=options, vocabulary=load_vocabulary(), progress=progress).scene
        if save:
            with whole_file(save, force=force) as temporary:
                temporary.write_text(scene_to_json(found), encoding="utf-8")
        if json_output:
            typer.echo(scene_to_json(found))
        elif not quiet:
            for note in found.notes:
                typer.echo(f"note: {note}")
            others = "".join(
                f" or {n} ({p:.2f})" for n, p in (found.place.likely or {}).items() if n != found.place.label
            )
            typer.echo(f"place: {found.place.label} ({found.place.confidence:.2f}){others}, by {found.place.source}")
            for d in found.detections:
                many = f" ×{d.count}" if d.count > 1 else ""
                side = "left" if d.azimuth_deg > 0 else "right"
                typer.echo(
                    f"{d.id:20} {d.label + many:20} importance {d.importance:.2f}  confidence {d.confidence:.2f}  "
                    f"{abs(d.azimuth_deg):3.0f}° {side:5} {d.distance_m:5.1f} m"
                )
            if save:
                typer.echo(f"saved {save}; edit it, then: extender render {picture} --scene {save}")
