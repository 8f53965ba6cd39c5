"""The text of the introduction: the cover letter, and what can be told of the patches."""

from __future__ import annotations

from collections.abc import Sequence

from hgport.engine import rangedifftext
from hgport.engine.rangediff import compare
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.submit.cover import Cover, heading
from hgport.submit.versions import Sent


def text(
    letter: Cover,
    version: int,
    release: Release,
    patches: Sequence[Patch],
    diffstat: str,
    since: Sent | None,
) -> str:
    """The text of a version's introduction.

    Paragraphs: the letter's text, what is new in the version, what the patches are for with their
    diffstat, and the range-diff since what was ``sent``.
    """
    parts = [letter.text]
    if version in letter.changes:
        parts += [heading(version).lstrip("# ") + ":", letter.changes[version]]
    parts += [f"For Mercurial {release.version}:", diffstat.rstrip("\n")]
    if since is not None:
        parts.append(f"Range-diff since {since}:")
        parts.append("\n".join(rangedifftext.lines(compare(since.patches, patches))))
    return "\n\n".join(parts) + "\n"
