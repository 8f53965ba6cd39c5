"""The catalogue ``patches/releases.toml``: every release, and which one absorbed which patch.

Its grammar::

    base = "5.2.2"            # the release that the top-level series is written against
    affected = "4.5..5.3"     # the first and the last line that have the bug

    [pythons]                 # the Pythons that run a release, the best for a proof first;
    "4.5" = ["2.7"]           # an entry serves that release and the later ones, up to the next

    [stacks.NAME]             # what differs for the stack in patches/NAME
    affected = "4.5..7.2"     # as above

    [[absorbed]]              # a patch that upstream took
    patch = "NAME.patch"      # its file name in the series
    release = "5.4"           # the first release that has it
    changeset = "43eea17ae7b3"  # optional, where it is known
    file = "hgext/x.py"       # the evidence: this file has this line of text from that release
    line = "class x:"         # on, and not before

    [[absorbed-part]]         # as above, of what the patch does to that one file: upstream has it,
    ...                       # or has solved it in its own way

    [[release]]
    version = "4.5"
    sdist = "mercurial-4.5.tar.gz"
    sha256 = "..."            # of the sdist
    size = 5876130            # its bytes
    yanked = "why"            # optional: the index advises against this release
"""

from __future__ import annotations

import bisect
import dataclasses
import difflib
import functools
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hgport.errors import UsageError
from hgport.model.release import Release, is_version, line_key, version_key

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]
if TYPE_CHECKING:
    from tomlkit.items import AoT

_SDIST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHANGESET = re.compile(r"[0-9a-f]{12,40}")
_PYTHON = re.compile(r"[0-9]\.[0-9]{1,2}")


@dataclass(frozen=True)
class Absorption:
    """A patch that upstream took.

    ``patch`` is its file name in the series, ``release`` the first release that has it,
    ``changeset`` upstream's hash, None where it is not known.  ``file`` and ``line`` are the
    evidence in content: from that release on, and not before, the file has that line of text.
    """

    patch: str
    release: str
    changeset: str | None
    file: str
    line: str

    @property
    def since(self) -> str:
        """Where it came in: "5.4 (43eea17ae7b3)", or the release alone."""
        return f"{self.release} ({self.changeset})" if self.changeset else self.release


@dataclass(frozen=True)
class Catalogue:
    """Every release, oldest first, and what upstream absorbed.

    ``base`` is a version, ``affected`` a pair of lines as "4.5..5.3".  ``parts`` are those changes
    of a patch that upstream has though it lacks the others: what it does to ``file``.  ``stacks``
    are the project's further stacks, each with its own ``affected``.
    """

    base: str
    affected: str
    releases: tuple[Release, ...]
    absorbed: tuple[Absorption, ...]
    parts: tuple[Absorption, ...] = ()
    stacks: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, path: Path) -> Catalogue:
        """Read a catalogue.  Raises UsageError with the file and the place of what is wrong."""
        try:
            return cls.parse(path.read_bytes(), str(path))
        except OSError as err:
            raise UsageError(f"cannot read {path}: {err.strerror}") from err

    @classmethod
    def parse(cls, data: bytes, name: str) -> Catalogue:
        """As ``load``, from the bytes of a catalogue; ``name`` is what messages call it."""
        try:
            document = tomllib.loads(data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
            raise UsageError(f"{name} is no catalogue: {err}") from err
        return _catalogue(_Table(document, name))

    @functools.cached_property
    def _by_key(self) -> dict[tuple[int, int, int], Release]:
        return {release.key: release for release in self.releases}

    @functools.cached_property
    def _by_line(self) -> dict[str, tuple[Release, ...]]:
        found: dict[str, list[Release]] = {}
        for release in self.releases:
            found.setdefault(release.line, []).append(release)
        return {line: tuple(releases) for line, releases in found.items()}

    @property
    def lines(self) -> tuple[str, ...]:
        """Every line, oldest first."""
        return tuple(self._by_line)

    @property
    def affected_lines(self) -> tuple[str, ...]:
        """The lines from the first to the last of ``affected``, oldest first."""
        first, last = (line_key(line) for line in self.affected.split(".."))
        return tuple(line for line in self.lines if first <= line_key(line) <= last)

    def for_stacks(self, names: Iterable[str | None]) -> Catalogue:
        """The catalogue for these stacks together, by name, None for the top-level one: affected
        are the lines from the first that one of them is for to the last."""
        known = dict(self.stacks)
        pairs = [known.get(name, self.affected) if name else self.affected for name in names]
        ends = [end for pair in pairs for end in pair.split("..")]
        span = f"{min(ends, key=line_key)}..{max(ends, key=line_key)}"
        return dataclasses.replace(self, affected=span)

    def release(self, version: str) -> Release:
        """The release of that version; "5.2.0" finds "5.2" and the other way round.

        Raises UsageError that offers near names if there is none.
        """
        if is_version(version):
            found = self._by_key.get(version_key(version))
            if found is not None:
                return found
        raise unknown("release", version, [release.version for release in self.releases])

    def of_line(self, line: str) -> tuple[Release, ...]:
        """The releases of a line, oldest first.  Raises UsageError that offers near names."""
        if line in self._by_line:
            return self._by_line[line]
        raise unknown("line", line, self.lines)

    def newest(self, line: str) -> Release:
        """The newest release of a line.  Raises UsageError that offers near names."""
        return self.of_line(line)[-1]

    def absorption(self, patch_name: str, release: Release) -> Absorption | None:
        """What says that upstream took the patch of that file name, if ``release`` has it."""
        had = [
            one
            for one in self.absorbed
            if one.patch == patch_name and version_key(one.release) <= release.key
        ]
        return max(had, key=lambda one: version_key(one.release), default=None)

    def absorbed_part(self, patch_name: str, path: str, release: Release) -> Absorption | None:
        """What says that upstream has what the patch does to one file, if ``release`` has it."""
        had = [
            one
            for one in self.parts
            if (one.patch, one.file) == (patch_name, path)
            and version_key(one.release) <= release.key
        ]
        return max(had, key=lambda one: version_key(one.release), default=None)


def updated(data: bytes, releases: Iterable[Release]) -> bytes:
    """The bytes of a catalogue with these releases in it, and nothing else changed.

    A release that the catalogue lacks goes where its version belongs (its ``pythons`` are those
    that serve it there); of one that it has, ``yanked`` alone is taken over.
    """
    import tomlkit

    document = tomlkit.parse(data.decode("utf-8"))
    needs_gap = not data.endswith(b"\n\n")
    tables: AoT = document.setdefault("release", tomlkit.aot())
    for release in sorted(releases, key=lambda one: one.key):
        keys = [version_key(str(table["version"])) for table in tables]
        if release.key not in keys:
            _insert(tables, bisect.bisect(keys, release.key), release, needs_gap)
        elif release.yanked:
            tables[keys.index(release.key)]["yanked"] = release.yanked
        else:
            tables[keys.index(release.key)].pop("yanked", None)
    return document.as_string().encode("utf-8")


def _insert(tables: AoT, place: int, release: Release, needs_gap: bool) -> None:
    import tomlkit

    table = tomlkit.item(_fields(release))
    # an empty line between two tables belongs to the first, but the last one has none
    if place < len(tables):
        table.add(tomlkit.nl())
    elif tables or needs_gap:
        table.trivia.indent = "\n"
    tables.insert(place, table)


def _fields(release: Release) -> dict[str, str | int]:
    fields: dict[str, str | int] = {
        "version": release.version,
        "sdist": release.sdist,
        "sha256": release.sha256,
        "size": release.size,
    }
    return {**fields, "yanked": release.yanked} if release.yanked else fields


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for a name that is not among the known ones, with the near ones offered."""
    names = list(dict.fromkeys(known))
    hint = _outside(name, names) or _near(name, names)
    if hint is None and names:
        hint = f"there are {names[0]} to {names[-1]}; see hgport releases"
    return UsageError(f"no {what} {name!r}", hint or "there is none; see hgport releases --update")


def _near(name: str, names: Sequence[str]) -> str | None:
    """What to say of a name that is much like some of the known ones; None of another."""
    by_lower = {one.lower(): one for one in reversed(names)}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    return "did you mean " + " or ".join(by_lower[one] for one in near) + "?" if near else None


def _outside(name: str, names: Iterable[str]) -> str | None:
    """What to say of a version that is older or newer than all that are known; None of another."""
    versions = sorted(filter(is_version, names), key=version_key)
    if not versions or not is_version(name):
        return None
    if version_key(name) > version_key(versions[-1]):
        return f"the newest known is {versions[-1]}; hgport releases --update asks for newer ones"
    oldest = f"the oldest known is {versions[0]}"
    return oldest if version_key(name) < version_key(versions[0]) else None


class _Table:
    """A TOML table that knows its place, for messages; takes no key that nobody asks for."""

    def __init__(self, values: Mapping[str, Any], place: str) -> None:
        self.values = values
        self.place = place
        self.asked: set[str] = set()

    def wrong(self, what: str) -> UsageError:
        return UsageError(f"{self.place}: {what}")

    def text(self, key: str, form: re.Pattern[str] | None = None) -> str:
        self.asked.add(key)
        value = self.values.get(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(f"{key} must be a text" if key in self.values else f"has no {key}")
        if form is not None and not form.fullmatch(value):
            raise self.wrong(f"{key} {value!r} is malformed")
        return value

    def version(self, key: str) -> str:
        value = self.text(key)
        if not is_version(value):
            raise self.wrong(f"{key} {value!r} is no version")
        return value

    def count(self, key: str) -> int:
        self.asked.add(key)
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
            raise self.wrong(f"{key} must be a number above 0")
        return value

    def tables(self, key: str) -> list[_Table]:
        self.asked.add(key)
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(f"{key} must be written as [[{key}]] tables")
        return [
            _Table(one, f"{self.place}: [[{key}]] number {i}") for i, one in enumerate(value, 1)
        ]

    def table(self, key: str) -> _Table:
        self.asked.add(key)
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(f"{key} must be a table")
        return _Table(value, f"{self.place}: [{key}]")

    def texts(self, key: str, form: re.Pattern[str]) -> tuple[str, ...]:
        self.asked.add(key)
        value = self.values[key]
        fits = isinstance(value, list) and all(
            isinstance(v, str) and form.fullmatch(v) for v in value
        )
        if not fits or not value:
            raise self.wrong(f"{key} must be a list of names such as 3.9")
        return tuple(value)

    def done(self) -> None:
        for key in self.values:
            if key not in self.asked:
                near = difflib.get_close_matches(key, self.asked, n=1)
                raise self.wrong(f"unknown key {key}" + (f", meant {near[0]}?" if near else ""))


def _catalogue(top: _Table) -> Catalogue:
    pythons = _pythons(top.table("pythons"))
    releases = _releases(top.tables("release"), pythons)
    absorbed = tuple(_absorption(table) for table in top.tables("absorbed"))
    parts = tuple(_absorption(table) for table in top.tables("absorbed-part"))
    stacks = _stacks(top.table("stacks"))
    made = Catalogue(top.version("base"), top.text("affected"), releases, absorbed, parts, stacks)
    top.done()
    _check_references(made, top)
    return made


def _pythons(table: _Table) -> list[tuple[tuple[int, int, int], tuple[str, ...]]]:
    for key in table.values:
        if not is_version(key):
            raise table.wrong(f"{key!r} is no version")
    return sorted((version_key(key), table.texts(key, _PYTHON)) for key in table.values)


def _stacks(table: _Table) -> tuple[tuple[str, str], ...]:
    found = []
    for name in table.values:
        one = table.table(name)
        found.append((name, one.text("affected")))
        one.done()
    return tuple(found)


def _releases(
    tables: list[_Table], pythons: list[tuple[tuple[int, int, int], tuple[str, ...]]]
) -> tuple[Release, ...]:
    found: dict[tuple[int, int, int], Release] = {}
    for table in tables:
        release = _release(table, pythons)
        if release.key in found:
            raise table.wrong(f"release {release.version} is there twice")
        found[release.key] = release
    return tuple(found[key] for key in sorted(found))


def _release(table: _Table, pythons: list[tuple[tuple[int, int, int], tuple[str, ...]]]) -> Release:
    version = table.version("version")
    serving = [names for start, names in pythons if start <= version_key(version)]
    release = Release(
        version,
        table.text("sdist", _SDIST),
        table.text("sha256", _SHA256),
        table.count("size"),
        serving[-1] if serving else (),
        table.text("yanked") if "yanked" in table.values else "",
    )
    table.done()
    return release


def _absorption(table: _Table) -> Absorption:
    made = Absorption(
        table.text("patch"),
        table.version("release"),
        table.text("changeset", _CHANGESET) if "changeset" in table.values else None,
        table.text("file"),
        table.text("line"),
    )
    table.done()
    return made


def _check_references(catalogue: Catalogue, top: _Table) -> None:
    spans = [catalogue.affected, *(affected for _name, affected in catalogue.stacks)]
    ends = [end for span in spans for end in _ends(span, top)]
    if not catalogue.releases:
        return  # a new catalogue, before its first update
    known = {release.key for release in catalogue.releases}
    versions = [("base", catalogue.base)]
    versions += [(f"[[absorbed]] {one.patch}: release", one.release) for one in catalogue.absorbed]
    versions += [(f"[[absorbed-part]] {p.patch}: release", p.release) for p in catalogue.parts]
    for place, version in versions:
        if version_key(version) not in known:
            raise _unlisted(top, place, "release", version, [r.version for r in catalogue.releases])
    for end in ends:
        if end not in catalogue.lines:
            raise _unlisted(top, "affected", "line", end, catalogue.lines)


def _unlisted(top: _Table, place: str, what: str, name: str, names: Sequence[str]) -> UsageError:
    """The error for what the catalogue itself lacks.  No verb can be advised, as each reads it."""
    near = None if _outside(name, names) else _near(name, names)
    hint = near or f"it lists {names[0]} to {names[-1]}"
    return UsageError(f"{top.place}: {place}: no {what} {name!r}", hint)


def _ends(span: str, top: _Table) -> list[str]:
    ends = span.split("..")
    if len(ends) != 2 or not all(is_version(end) for end in ends):
        raise top.wrong(f"affected {span!r} is no pair of lines such as 4.5..5.3")
    return ends
