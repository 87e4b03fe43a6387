"""The root error of the application and its documented exit codes."""

from __future__ import annotations


class ExtenderError(Exception):
    """Something a person can mend. The message is one line: what is wrong and what to do."""

    exit_code = 1


class UsageError(ExtenderError):
    """The command or an option cannot be meant so."""

    exit_code = 2


class InputError(ExtenderError):
    """A picture, sound, scene or project cannot be read or is not what it must be."""

    exit_code = 3


class OutputError(ExtenderError):
    """The result cannot be written: it exists already, the folder is read-only, the disk is full."""

    exit_code = 4


class DiskFullError(OutputError):
    """There is no room for the result, nor for any other."""


class WeightsError(ExtenderError):
    """Detector weights are missing, damaged, or not to be trusted."""

    exit_code = 5


class SourceError(ExtenderError):
    """No sound could be had for anything."""

    exit_code = 6


class NotAtHandError(SourceError):
    """A sound was not fetched before, and nobody is asked now."""


class InstallError(ExtenderError):
    """The installation is broken: a foreign package, parts that do not fit together."""

    exit_code = 7
