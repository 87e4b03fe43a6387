"""``python -m freesound``."""

from freesound.cli import main

raise SystemExit(main())
