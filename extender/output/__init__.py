"""What comes out beside the sound. The two built-in outputs; plugins add theirs under ``extender.outputs``."""

from __future__ import annotations

from extender.output.base import Rendered


def write_credits(rendered: Rendered) -> None:
    """Write credits.txt and credits.json."""
    from extender.output.credits import credits_of

    credit = credits_of(rendered.project.cast)
    (rendered.folder / "credits.txt").write_text(credit.to_text(), encoding="utf-8")
    (rendered.folder / "credits.json").write_text(credit.to_json(), encoding="utf-8")


def write_report_page(rendered: Rendered) -> None:
    """Write report.html."""
    from extender.output.credits import credits_of
    from extender.output.report import write_report

    write_report(
        rendered.folder / "report.html",
        project=rendered.project,
        meters=rendered.meters,
        folder=rendered.folder,
        mix_file=rendered.mix_file,
        picture=rendered.picture,
        credits_text=credits_of(rendered.project.cast).to_text(),
    )
