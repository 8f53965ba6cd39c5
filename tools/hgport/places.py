"""Where hgport keeps things: the checkout that it serves, the cache, and its state.

The cache holds nothing that cannot be made again, so it may be deleted at any time.  The state is
what a person did and nobody can tell again: which mails have gone out.
"""

from __future__ import annotations

import os
from pathlib import Path

from hgport.errors import UsageError


def cache_dir() -> Path:
    """The directory of the cache: ``$HGPORT_CACHE``, else the platform's own place for caches.

    The directory need not exist yet.
    """
    told = os.environ.get("HGPORT_CACHE")
    if told:
        return Path(told).absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("hgport"))


def state_dir() -> Path:
    """The directory of the state: ``$HGPORT_STATE``, else the platform's own place for it.

    It lies in no checkout, so nothing in it comes with one.  It need not exist yet.
    """
    told = os.environ.get("HGPORT_STATE")
    if told:
        return Path(told).absolute()
    import platformdirs

    return Path(platformdirs.user_state_dir("hgport"))


def project_dir() -> Path:
    """The checkout that holds ``series`` and ``patches/``: ``$HGPORT_PROJECT``, else the one
    that this package was installed from.

    Raises UsageError if there is no catalogue of releases there.
    """
    told = os.environ.get("HGPORT_PROJECT")
    root = Path(told).absolute() if told else Path(__file__).resolve().parents[2]
    if not (root / "patches" / "releases.toml").is_file():
        raise UsageError(
            f"{root} holds no patches/releases.toml",
            "run hgport from a checkout's own .venv, or set HGPORT_PROJECT to a checkout",
        )
    return root
