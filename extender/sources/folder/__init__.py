"""A person's own sounds: folders on disk, with or without papers that describe them."""

from extender.sources.folder.source import FolderSource, default_libraries

__all__ = ["FolderSource", "default_libraries"]
