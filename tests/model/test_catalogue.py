from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue, updated
from hgport.model.release import Release, version_key
from hgport.places import project_dir

HEAD = """# kept
base = "5.2.2"   # kept too
affected = "4.9..5.2"
[pythons]
"4.9" = ["2.7"]
"5.2.1" = ["3.8", "2.7"]
[[absorbed]]
patch = "a.patch"
release = "5.2.1"
changeset = "0123456789ab"
file = "f.py"
line = "class f:"
"""
VERSIONS = ["4.9", "4.9.1", "5.2", "5.2.1", "5.2.2", "5.3", "5.4.0"]


def entry(version: str, **other: str) -> str:
    fields = {
        "version": f'"{version}"',
        "sdist": f'"mercurial-{version}.tar.gz"',
        "sha256": f'"{"a1" * 32}"',
        "size": "7",
        **other,
    }
    lines = [f"{name} = {value}" for name, value in fields.items() if value]
    return "\n".join(["", "[[release]]", *lines, ""])


TEXT = HEAD + "".join(entry(version) for version in VERSIONS)


def parse(text: str) -> Catalogue:
    return Catalogue.parse(text.encode(), "c.toml")


def release(version: str, yanked: str = "") -> Release:
    return Release(version, f"mercurial-{version}.tar.gz", "a1" * 32, 7, (), yanked)


def test_a_part_of_a_patch_that_upstream_has() -> None:
    part = HEAD.partition("[[absorbed]]")[2].replace("5.2.1", "5.3")
    catalogue = parse(TEXT.replace("[[absorbed]]", f"[[absorbed-part]]{part}[[absorbed]]", 1))
    told = catalogue.absorbed_part("a.patch", "f.py", release("5.4.0"))
    assert told is not None
    assert (told.release, told.line) == ("5.3", "class f:")
    assert catalogue.absorbed_part("a.patch", "f.py", release("5.2.2")) is None
    assert catalogue.absorbed_part("a.patch", "g.py", release("5.4.0")) is None
    # it says nothing about the whole patch
    whole = catalogue.absorption("a.patch", release("5.4.0"))
    assert whole is not None
    assert whole.release == "5.2.1"


def test_a_part_of_a_release_that_is_none_is_refused() -> None:
    part = HEAD.partition("[[absorbed]]")[2].replace("5.2.1", "5.2.7")
    with pytest.raises(UsageError, match=r"absorbed-part.* a.patch: release: .*5\.2\.7"):
        parse(TEXT.replace("[[absorbed]]", f"[[absorbed-part]]{part}[[absorbed]]", 1))


def test_the_projects_own_catalogue_is_whole() -> None:
    catalogue = Catalogue.load(project_dir() / "patches" / "releases.toml")
    assert catalogue.lines[:2] == ("4.5", "4.6")
    assert {"4.5", "5.2.2", "6.3.0", "7.2.4"} <= {one.version for one in catalogue.releases}
    assert len({one.sha256 for one in catalogue.releases}) == len(catalogue.releases) >= 100
    assert all(one.pythons for one in catalogue.releases)
    assert all(one.sdist == f"mercurial-{one.version}.tar.gz" for one in catalogue.releases)


def test_releases_are_sorted_whatever_the_order_in_the_file() -> None:
    turned = HEAD + "".join(entry(version) for version in reversed(VERSIONS))
    assert parse(turned).releases == parse(TEXT).releases
    assert [one.version for one in parse(turned).releases] == VERSIONS


def test_an_entry_of_pythons_serves_the_later_releases() -> None:
    pythons = {one.version: one.pythons for one in parse(TEXT).releases}
    assert pythons["4.9.1"] == pythons["5.2"] == ("2.7",)
    assert pythons["5.2.1"] == pythons["5.4.0"] == ("3.8", "2.7")


def test_a_release_is_found_with_and_without_its_zero() -> None:
    catalogue = parse(TEXT)
    assert catalogue.release("5.2.0").version == "5.2"
    assert catalogue.release("5.4").version == "5.4.0"
    assert catalogue.newest("5.2").version == "5.2.2"
    assert catalogue.affected_lines == ("4.9", "5.2")


def test_stacks_together_are_for_all_lines_from_the_first_to_the_last() -> None:
    catalogue = parse(TEXT + '[stacks.more]\naffected = "5.2..5.4"\n')
    found = [catalogue.for_stacks(names).affected for names in ((None,), ("more",), (None, "more"))]
    assert found == ["4.9..5.2", "5.2..5.4", "4.9..5.4"]
    assert catalogue.for_stacks(["unheard of"]).affected == "4.9..5.2"


@pytest.mark.parametrize("name", ["5.2.3", "5.2.22", "5,2", "", "x"])
def test_an_unknown_release_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(UsageError, match="no release") as caught:
        parse(TEXT).release(name)
    assert caught.value.hint
    assert "5.2.2" in caught.value.hint or name in ("", "x")


def test_an_absorption_is_in_force_from_its_release_on() -> None:
    catalogue = parse(TEXT)
    found = {one.version: catalogue.absorption("a.patch", one) for one in catalogue.releases}
    assert [version for version, one in found.items() if one] == ["5.2.1", "5.2.2", "5.3", "5.4.0"]
    assert catalogue.absorption("b.patch", catalogue.release("5.3")) is None


def test_upstreams_changeset_may_be_unknown() -> None:
    lines = [line for line in TEXT.splitlines() if not line.startswith("changeset")]
    (bare, *_), (full, *_) = parse("\n".join(lines)).absorbed, parse(TEXT).absorbed
    assert (bare.changeset, bare.since) == (None, "5.2.1")
    assert full.since == "5.2.1 (0123456789ab)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base = ", "no catalogue"),
        ("base = '\udcff'", "no catalogue"),
        (TEXT.replace('base = "5.2.2"', ""), "has no base"),
        (TEXT.replace('base = "5.2.2"', 'base = "5.2.9"'), "base: no release '5.2.9'"),
        (TEXT.replace('base = "5.2.2"', "base = 5.2"), "base must be a text"),
        (TEXT.replace("4.9..5.2", "4.9"), "no pair of lines"),
        (TEXT.replace("4.9..5.2", "4.8..5.2"), "affected: no line '4.8'"),
        (TEXT + "[stacks.more]\n", r"\[stacks\]: \[more\]: has no affected"),
        (TEXT + '[stacks]\nmore = "4.9..5.2"\n', r"\[stacks\]: more must be a table"),
        (TEXT + '[stacks.more]\naffected = "4.8..5.2"\n', "affected: no line '4.8'"),
        (TEXT.replace('["2.7"]', '"2.7"'), r"\[pythons\]: 4.9 must be a list"),
        (TEXT.replace('["2.7"]', "[]"), "must be a list"),
        (TEXT.replace('"4.9" =', '"4.x" ='), "'4.x' is no version"),
        (TEXT.replace('release = "5.2.1"', 'release = "9.9"'), "a.patch: release: no release"),
        (TEXT.replace("0123456789ab", "tip"), "changeset 'tip' is malformed"),
        (TEXT + entry("5.3"), "number 8: release 5.3 is there twice"),
        (TEXT + entry("5.3.0"), "number 8: release 5.3.0 is there twice"),
        (TEXT + entry("5.3rc1"), "'5.3rc1' is no version"),
        (TEXT + entry("5.5", sdist='"../x.tar.gz"'), "sdist '../x.tar.gz' is malformed"),
        (TEXT + entry("5.5", sdist='"/x.tar.gz"'), "is malformed"),
        (TEXT + entry("5.5", sha256='"abc"'), "sha256 'abc' is malformed"),
        (TEXT + entry("5.5", size="0"), "size must be a number"),
        (TEXT + entry("5.5", size="true"), "size must be a number"),
        (TEXT + entry("5.5", sha256=""), "has no sha256"),
        (TEXT + entry("5.5", sha265='"a"'), "unknown key sha265, meant sha256"),
        (TEXT + entry("5.5", yanked="true"), "yanked must be a text"),
        (HEAD + "[release]\nversion = '5.5'", "must be written as"),
        ("pythons = 3\n" + TEXT.replace("[pythons]", "[other]"), "pythons must be a table"),
    ],
)
def test_a_wrong_catalogue_is_refused_by_file_and_place(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        Catalogue.parse(text.encode("utf-8", "surrogateescape"), "c.toml")
    assert caught.value.message.startswith("c.toml")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("right", "wrong", "hint"),
    [
        ('base = "5.2.2"', 'base = "9.9"', "it lists 4.9 to 5.4.0"),
        ('base = "5.2.2"', 'base = "5.2.22"', "did you mean 5.2.2"),
        ("4.9..5.2", "4.9..9.9", "it lists 4.9 to 5.4"),
    ],
)
def test_no_verb_is_advised_that_reads_the_wrong_catalogue(
    right: str, wrong: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(TEXT.replace(right, wrong))
    assert str(caught.value.hint).startswith(hint)


def test_a_catalogue_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read .*gone.toml: No such file"):
        Catalogue.load(tmp_path / "gone.toml")


def test_an_empty_catalogue_waits_for_its_first_update() -> None:
    assert parse(HEAD).releases == ()
    full = updated(HEAD.encode(), [release(version) for version in VERSIONS])
    assert full.decode() == TEXT


def test_an_update_changes_nothing_else() -> None:
    new = updated(TEXT.encode(), [release("7.3"), release("5.2.3")]).decode()
    at = TEXT.index(entry("5.3"))
    assert new == TEXT[:at] + entry("5.2.3") + TEXT[at:] + entry("7.3")
    assert updated(TEXT.encode(), parse(TEXT).releases) == TEXT.encode()


def test_an_update_takes_over_what_is_yanked() -> None:
    once = updated(TEXT.encode(), [release("5.3", 'bad "idea"')])
    assert Catalogue.parse(once, "x").release("5.3").yanked == 'bad "idea"'
    assert updated(once, [release("5.3")]) == TEXT.encode()


@settings(deadline=None)
@given(st.permutations(["4.9.2", "5.0", "5.2.10", "6.0", "10.0"]))
def test_the_order_of_updates_does_not_matter(versions: list[str]) -> None:
    data = TEXT.encode()
    for version in versions:
        data = updated(data, [release(version)])
    found = [one.version for one in Catalogue.parse(data, "x").releases]
    assert found == sorted({*VERSIONS, *versions}, key=version_key)
    assert data == updated(TEXT.encode(), [release(version) for version in versions])
