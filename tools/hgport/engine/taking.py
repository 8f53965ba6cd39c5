"""Make patches of changesets again, each under the name and the header that it had."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hgport.engine import headers, matching
from hgport.engine.apply import apply_series
from hgport.engine.ground import wanted
from hgport.engine.headers import Said
from hgport.engine.lineage import Lineage
from hgport.engine.outcome import Outcome
from hgport.engine.render import edits_of, render_patch
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch, short_name
from hgport.model.stack import Port, Stack

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Committed

# of a name that is made of a subject, in characters
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Taken:
    """A changeset as the patch that it becomes; ``old`` is the port's patch that it was made of,
    None for a new one."""

    node: str
    patch: Patch
    old: Patch | None

    @property
    def word(self) -> str:
        """One of new, unchanged and rewritten."""
        if self.old is None:
            return "new"
        return "unchanged" if self.patch.data == self.old.data else "rewritten"


def expected_of(
    source: Lineage, stack: Stack, catalogue: Catalogue, port: Port
) -> tuple[Patch, ...]:
    """The port's patches of which ``hgport apply`` makes changesets on that release."""
    published = source.repository.reader(source.root)
    patches = wanted(stack, catalogue, port.series.patches, source.release, published)
    results = apply_series(source.repository.reader(source.on), patches).results
    nothing = (Outcome.APPLIED, Outcome.NOT_AFFECTED)
    return tuple(r.patch for r in results if r.outcome not in nothing)


def take(source: Lineage, expected: Sequence[Patch], port: Port) -> tuple[Taken, ...]:
    """Each changeset as a patch, under the name of the one that it was made of."""
    diffs = [_diff(source, one) for one in source.changesets]
    said = [_said(one) for one in source.changesets]
    news = [
        _checked(f"changeset {one.node[:12]}", headers.fresh(s) + diff, s, diff)
        for one, s, diff in zip(source.changesets, said, diffs)
    ]
    found = matching.pairs(expected, news, _same_header, _same_text, _same_subject, _same_content)
    names = set(port.series.names)
    taken = []
    for at, one in enumerate(source.changesets):
        old = expected[found[at]] if at in found else None
        name = old.name if old else _new_name(one, names, port)
        names.add(name)
        header, body = headers.fresh(said[at]), diffs[at]
        if old is not None:
            same = headers.says(old, said[at])
            header = headers.header_of(old) if same else headers.rewritten(old, said[at])
            body = old.body if does_the_same(source, one, old, body) else body
        taken.append(Taken(one.node, _checked(name, header + body, said[at], body, old), old))
    return tuple(taken)


def _diff(source: Lineage, changeset: Committed) -> bytes:
    diff = source.repository.diff(changeset.node)
    if not diff:
        raise UsageError(
            f"changeset {changeset.node[:12]} changes nothing, so there is no patch of it",
            "fold it into another, or strip it",
        )
    return diff


def _said(changeset: Committed) -> Said:
    text = headers.stripped(changeset.description)
    return Said(changeset.user.strip(), changeset.date, text)


def _checked(name: str, data: bytes, said: Said, body: bytes, old: Patch | None = None) -> Patch:
    """The patch, of which it was seen that it says what the changeset says."""
    patch = Patch.parse(name, data)
    if patch.body != body or not headers.says(patch, said):
        told = f"{name}: " if old else ""
        raise UsageError(
            f"{told}the description {said.description[:40]!r} cannot stand above a diff",
            "a line in it reads as a diff's, as --- or as a header; reword it",
        )
    return patch


def _same_header(old: Patch, new: Patch) -> bool:
    return headers.says(old, Said(new.user, new.date, headers.description_of(new)))


def _same_text(old: Patch, new: Patch) -> bool:
    return headers.description_of(old) == headers.description_of(new)


def _same_subject(old: Patch, new: Patch) -> bool:
    return short_name(old.name) == slug(new.subject)


def _same_content(old: Patch, new: Patch) -> bool:
    return matching.same_content(old, new)


def does_the_same(source: Lineage, changeset: Committed, old: Patch, diff: bytes) -> bool:
    """Whether a patch, put on the changeset's parent, makes the changeset."""
    (parent,) = changeset.parents
    read = source.repository.reader(parent)
    (result,) = apply_series(read, [old]).results
    if not result.outcome.changes_tree:
        return False
    edits = edits_of(read, result, lambda path: source.repository.mode(parent, path))
    return render_patch(b"", edits) == diff


def slug(subject: str) -> str:
    """A subject as a file name without its ending: "topic: what is done" is topic-what-is-done.

    "" if it has no letter and no digit that a file name can hold anywhere.
    """
    plain = unicodedata.normalize("NFKD", subject).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9.]+", "-", plain).strip("-.")
    if len(words) <= _LONGEST_NAME:
        return words
    return words[: _LONGEST_NAME + 1].rpartition("-")[0] or words[:_LONGEST_NAME]


def _new_name(changeset: Committed, taken: set[str], port: Port) -> str:
    """The name for a patch that the port does not have yet."""
    subject = changeset.description.partition("\n")[0]
    node = changeset.node[:12]
    name = f"{slug(subject)}.patch"
    if name == ".patch":
        raise UsageError(
            f"the subject {subject!r} of changeset {node} gives no file name", "reword it"
        )
    if name.lower() in {other.lower() for other in taken}:
        raise UsageError(f"changeset {node} would be a second {name}", "reword it")
    if (port.series.directory / name).exists():
        raise UsageError(
            f"changeset {node} would be {name}, which is there but not in the series",
            "reword it, or remove that file",
        )
    return name


def in_order(port: Port, expected: Sequence[Patch], taken: Sequence[Taken]) -> list[Patch]:
    """The new series: the changesets' patches, and each that this release does not need where
    it was, after the one before it."""
    made = [one.patch for one in taken]
    at = 0
    for patch in port.series.patches:
        if patch not in expected:
            made.insert(at, patch)
        places = [i for i, one in enumerate(made) if one.name == patch.name]
        at = places[0] + 1 if places else at
    return made
