"""`extender doctor`: what is installed, found, missing, and the command that mends it."""

from __future__ import annotations

from typing import Annotated

import typer

from extender.cli.common import DebugOption, JsonOption, one_line_errors, print_json


def doctor(
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also import the heavy packages to see whether they work.")
    ] = False,
    json_output: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Look at the installation: versions, weights, programs, folders, and who owns the imported packages.

    The exit code is 7 if something that every render needs is broken, else 0.

    [bold]Example[/bold]

      extender doctor --thorough
    """
    with one_line_errors(debug, check=False):
        from dataclasses import asdict

        from extender.doctor import examine

        findings = examine(thorough=thorough)
        if json_output:
            print_json([asdict(finding) for finding in findings])
        else:
            for f in findings:
                mark = {"ok": "ok     ", "missing": "missing", "broken": "BROKEN "}[f.state]
                typer.echo(f"{mark}  {f.name:22} {f.detail}" + (f"  →  {f.mend}" if f.mend else ""))
        if any(f.state == "broken" and f.needed for f in findings):
            raise typer.Exit(7)
