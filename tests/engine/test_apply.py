"""Applying in memory: every outcome, and agreement with ``hg import`` and ``patch``."""

from __future__ import annotations

import base64
import tempfile
import zlib
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from helpers_engine import file_diff, numbered, patch_bytes, write_tree
from hgport import process
from hgport.engine import hg
from hgport.engine.apply import Outcome, PatchResult, apply_series, is_there
from hgport.errors import UsageError
from hgport.model.patch import Patch
from programs import needed

BASE = numbered(30)
CHANGE = file_diff("f", BASE, numbered(30, line10="new 10"))


def parsed(*diffs: bytes, name: str = "a.patch") -> Patch:
    return Patch.parse(name, patch_bytes(*diffs))


def apply_one(files: dict[str, bytes], patch: Patch, fuzz: int = 0) -> PatchResult:
    (result,) = apply_series(files.get, [patch], fuzz=fuzz).results
    return result


def test_clean() -> None:
    result = apply_one({"f": BASE}, parsed(CHANGE))
    assert result.outcome is Outcome.CLEAN
    assert result.files == {"f": numbered(30, line10="new 10")}
    (hunk,) = result.hunks
    assert (hunk.file, hunk.number, hunk.line, hunk.offset) == ("f", 1, 7, 0)


def test_what_brought_a_change_is_told() -> None:
    other = parsed(file_diff("g", b"a\n", b"b\n"), name="other.patch")
    series = [other, parsed(CHANGE), parsed(CHANGE, name="again.patch")]
    results = apply_series({"f": BASE, "g": b"a\n"}.get, series).results
    assert (results[-1].outcome, results[-1].repeats) == (Outcome.APPLIED, "a.patch")
    # not by the patch, where the release has it
    there = {"f": numbered(30, line10="new 10"), "g": b"a\n"}
    assert [one.repeats for one in apply_series(there.get, series).results] == ["", "", ""]


@pytest.mark.parametrize(
    "had, result",
    [
        # the release has the second alone, whose context shows a line of the first
        (numbered(30, line12="new 12"), (Outcome.APPLIED, "")),
        (BASE, (Outcome.CLEAN, "")),
    ],
)
def test_a_patch_that_makes_the_context_alone_brings_nothing(
    had: bytes, result: tuple[Outcome, str]
) -> None:
    new = numbered(30, line10="new 10", line12="new 12")
    context = b"@@ -9,3 +9,3 @@\n line 9\n-line 10\n+new 10\n line 11\n"
    first = b"diff --git a/f b/f\n--- a/f\n+++ b/f\n" + context
    second = file_diff("f", numbered(30, line10="new 10"), new)
    series = [parsed(first, name="1.patch"), parsed(second, name="2.patch")]
    last = apply_series({"f": had}.get, series).results[-1]
    assert (last.outcome, last.repeats) == result


def test_what_two_patches_bring_together_is_repeated_by_a_third() -> None:
    half = numbered(30, line10="new 10")
    both = numbered(30, line10="new 10", line12="new 12")
    series = [
        parsed(CHANGE, name="1.patch"),
        parsed(file_diff("f", half, both), name="2.patch"),
        parsed(file_diff("f", BASE, both), name="3.patch"),
    ]
    assert apply_series({"f": BASE}.get, series).results[-1].repeats == "2.patch"


@pytest.mark.parametrize(
    "diff, before",
    [
        (file_diff("new", None, b"n\n"), {}),
        (file_diff("new", None, b""), {}),
        (CHANGE + file_diff("old", b"o\n", None), {"f": BASE, "old": b"o\n"}),
        (
            b"diff --git a/f b/g\nrename from f\nrename to g\n"
            + CHANGE.split(b"\n", 1)[1].replace(b"+++ b/f", b"+++ b/g"),
            {"f": BASE},
        ),
    ],
)
def test_whole_files_are_repeated_as_well(diff: bytes, before: dict[str, bytes]) -> None:
    series = [parsed(diff, name="1.patch"), parsed(diff, name="2.patch")]
    last = apply_series(before.get, series).results[-1]
    assert (last.outcome, last.repeats) == (Outcome.APPLIED, "1.patch")


@pytest.mark.parametrize("above", [b"x\ny\n", b""])
def test_offset(above: bytes) -> None:
    tree = above + BASE if above else BASE.split(b"\n", 2)[2]
    result = apply_one({"f": tree}, parsed(CHANGE))
    assert result.outcome is Outcome.OFFSET
    assert [hunk.offset for hunk in result.hunks] == [2 if above else -2]


def test_a_hunk_after_one_that_grew_the_file_has_no_offset() -> None:
    after = numbered(30, line3="a\nb\nc", line20="d")
    assert apply_one({"f": BASE}, parsed(file_diff("f", BASE, after))).outcome is Outcome.CLEAN


def test_fuzz_only_where_it_is_allowed() -> None:
    tree = {"f": BASE.replace(b"line 7\n", b"other\n")}
    assert apply_one(tree, parsed(CHANGE)).outcome is Outcome.CONFLICT
    result = apply_one(tree, parsed(CHANGE), fuzz=1)
    assert result.outcome is Outcome.FUZZ
    assert [hunk.fuzz for hunk in result.hunks] == [1]


def test_a_conflict_names_file_and_hunk_and_changes_nothing() -> None:
    both = file_diff("f", BASE, numbered(30, line3="x", line25="y"))
    tree = {"f": BASE.replace(b"line 25\n", b"other\n")}
    result = apply_series(tree.get, [parsed(both), parsed(CHANGE)])
    first, second = result.results
    assert first.outcome is Outcome.CONFLICT
    assert first.message == "f hunk 2 (line 22)"
    assert [hunk.rejected for hunk in first.hunks] == [False, True]
    assert second.outcome is Outcome.NOT_TRIED
    assert result.files == {}
    assert result.conflict is first


def test_a_missing_file_among_others_is_a_conflict() -> None:
    patch = parsed(CHANGE, file_diff("g", b"a\n", b"b\n"))
    result = apply_one({"f": BASE}, patch)
    assert (result.outcome, result.message) == (Outcome.CONFLICT, "g is missing")


def test_none_of_its_files_is_not_affected() -> None:
    patch = parsed(CHANGE, file_diff("tests/t", None, b"x\n"))
    assert apply_one({"other": b""}, patch).outcome is Outcome.NOT_AFFECTED


@pytest.mark.parametrize("above", [b"", b"x\ny\n"])
def test_what_is_there_already_is_no_conflict(above: bytes) -> None:
    after = above + numbered(30, line10="new 10")
    patch = parsed(CHANGE, file_diff("new", None, b"n\n"), file_diff("old", b"o\n", None))
    assert apply_one({"f": after, "new": b"n\n"}, patch).outcome is Outcome.APPLIED
    assert apply_one({"f": after, "new": b"else\n"}, patch).outcome is Outcome.CONFLICT


def test_half_of_it_there_is_a_conflict() -> None:
    patch = parsed(file_diff("f", BASE, numbered(30, line3="x", line25="y")))
    assert apply_one({"f": numbered(30, line3="x")}, patch).outcome is Outcome.CONFLICT


def test_an_addition_at_the_end_is_not_made_twice() -> None:
    """Mercurial itself would: nothing below the hunk tells it that the lines are there."""
    patch = parsed(file_diff("f", BASE, BASE + b"more\n"))
    assert apply_one({"f": BASE}, patch).outcome is Outcome.CLEAN
    assert apply_one({"f": BASE + b"more\n"}, patch).outcome is Outcome.APPLIED


def test_renames_copies_and_modes() -> None:
    rename = b"diff --git a/f b/g\nrename from f\nrename to g\n" + CHANGE.split(b"\n", 1)[
        1
    ].replace(b"+++ b/f", b"+++ b/g")
    mode = b"diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
    result = apply_one({"f": BASE, "run": b"r"}, parsed(rename, mode))
    assert result.outcome is Outcome.CLEAN
    assert result.files == {"f": None, "g": numbered(30, line10="new 10"), "run": b"r"}
    assert result.copies == {"g": "f"}
    assert result.modes == {"run": "x"}
    after = {"g": numbered(30, line10="new 10")}
    assert apply_one(after, parsed(rename)).outcome is Outcome.APPLIED


def test_a_series_sees_what_the_patches_before_did() -> None:
    second = file_diff("f", numbered(30, line10="new 10"), numbered(30, line10="newer"))
    third = file_diff("f", numbered(30, line10="newer"), None)
    patches = [parsed(d, name=f"{n}.patch") for n, d in enumerate((CHANGE, second, third))]
    result = apply_series({"f": BASE}.get, patches)
    assert [r.outcome for r in result.results] == [Outcome.CLEAN] * 3
    assert result.files == {"f": None}


@pytest.mark.parametrize("link", ["dir", "dir/sub"])
def test_nothing_is_written_through_a_link(link: str) -> None:
    patch = parsed(file_diff("dir/sub/new", None, b"x\n"))
    with pytest.raises(UsageError, match=f"goes through '{link}'"):
        apply_one({link: b"/etc"}, patch)


def test_nothing_is_written_through_a_link_that_the_patch_makes() -> None:
    made = b"diff --git a/dir b/dir\nnew file mode 120000\n--- /dev/null\n+++ b/dir\n"
    made += b"@@ -0,0 +1,1 @@\n+/etc\n\\ No newline at end of file\n"
    with pytest.raises(UsageError, match="goes through 'dir'"):
        apply_one({}, parsed(made, file_diff("dir/passwd", None, b"x\n")))


def test_a_deletion_alone_is_never_said_to_be_there() -> None:
    assert not is_there({}.get, parsed(file_diff("f", b"x\n", None)))


# binary files

OLD, NEW = b"\0old\n" * 20, b"\0new\n" * 20
# git's form: both lengths, then "insert five bytes" or "copy from 0 so many"
DELTA = bytes([len(OLD), 105, 5]) + b"\0more" + bytes([0x90, len(OLD)])


def binary_diff(path: str, kind: str, content: bytes, length: int | None = None) -> bytes:
    """A diff of one binary file in git's form; ``kind`` is literal, delta or new."""
    head = f"diff --git a/{path} b/{path}\n"
    if kind == "new":
        head, kind = head + "new file mode 100644\n", "literal"
    lines = [head.encode() + b"index 1..2\nGIT binary patch"]
    lines.append(b"%s %d" % (kind.encode(), len(content) if length is None else length))
    data = zlib.compress(content)
    for at in range(0, len(data), 52):
        part = data[at : at + 52]
        size = len(part) + (64 if len(part) <= 26 else 70)
        lines.append(bytes([size]) + base64.b85encode(part, pad=True))
    return b"\n".join(lines) + b"\n\n"


@pytest.mark.parametrize(
    "diff, before, after",
    [
        (binary_diff("b", "new", NEW), {}, NEW),
        (binary_diff("b", "literal", NEW), {"b": OLD}, NEW),
        (binary_diff("b", "delta", DELTA), {"b": OLD}, b"\0more" + OLD),
    ],
)
def test_binary_files(diff: bytes, before: dict[str, bytes], after: bytes) -> None:
    result = apply_one(before, parsed(diff))
    assert result.outcome is Outcome.CLEAN
    assert result.files == {"b": after}
    assert [(h.file, h.number, h.rejected) for h in result.hunks] == [("b", 1, False)]


def test_binary_files_as_git_writes_them(tmp_path: Path) -> None:
    git = needed("git")
    contents = [bytes(range(256)) * 20, bytes(range(256)) * 9 + b"\0other" + bytes(range(256)) * 11]
    process.run([git, "init", "-q"], cwd=tmp_path)
    for content in contents:
        (tmp_path / "b").write_bytes(content)
        process.run([git, "add", "b"], cwd=tmp_path)
        words = ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "x"]
        process.run([git, *words], cwd=tmp_path)
    diff = process.run([git, "diff", "--binary", "HEAD~", "HEAD"], cwd=tmp_path).stdout
    assert b"\ndelta " in diff
    result = apply_one({"b": contents[0]}, parsed(diff))
    assert (result.outcome, result.files) == (Outcome.CLEAN, {"b": contents[1]})


def test_a_binary_file_that_is_there_already() -> None:
    assert apply_one({"b": NEW}, parsed(binary_diff("b", "literal", NEW))).outcome is (
        Outcome.APPLIED
    )
    assert apply_one({"b": NEW}, parsed(binary_diff("b", "new", NEW))).outcome is Outcome.APPLIED


@pytest.mark.parametrize("tree", [{"g": b""}, {"b": OLD + b"longer", "g": b""}])
def test_a_binary_delta_of_another_file_is_a_conflict(tree: dict[str, bytes]) -> None:
    mode = b"diff --git a/g b/g\nold mode 100644\nnew mode 100755\n"
    result = apply_one(tree, parsed(mode, binary_diff("b", "delta", DELTA)))
    assert result.outcome is Outcome.CONFLICT
    assert [hunk.rejected for hunk in result.hunks] == [True]


@pytest.mark.parametrize(
    "diff",
    [
        binary_diff("b", "literal", NEW, length=7),
        binary_diff("b", "literal", NEW).replace(b"literal 100", b"literal x"),
        binary_diff("b", "literal", NEW).replace(b"literal 100\n", b"literal 100\nIc${Nk0002\n"),
        binary_diff("b", "literal", NEW).replace(b"\n\n", b'\n""""""\n\n'),
        binary_diff("b", "delta", b""),
        binary_diff("b", "delta", DELTA[:2]),
        binary_diff("b", "delta", DELTA[:-1]),
        binary_diff("b", "delta", DELTA + b"\x01x"),
        binary_diff("b", "delta", DELTA + b"\0"),
        binary_diff("b", "delta", bytes([len(OLD), 105, 0x91])),
    ],
)
def test_damaged_binary_data_is_a_wrong_patch(diff: bytes) -> None:
    patch = parsed(diff)
    with pytest.raises(UsageError) as caught:
        apply_one({"b": OLD}, patch)
    assert caught.value.message.startswith("a.patch: ")
    assert "\n" not in caught.value.message


def test_damaged_binary_data_is_seen_where_its_file_is_missing() -> None:
    with pytest.raises(UsageError, match=r"a\.patch: its binary data is damaged"):
        is_there(
            {}.get, parsed(binary_diff("b", "literal", NEW).replace(b"literal 100", b"literal x"))
        )


_LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"{\n"]), max_size=10).map(b"".join)
# lines that are each like no other, so that there is one place only where a hunk can be
_OWN = st.permutations(list(range(12))).flatmap(
    lambda order: st.integers(0, 12).map(lambda n: b"".join(b"%d\n" % i for i in order[:n]))
)


@given(st.lists(st.tuples(_LINES, _LINES, _LINES).filter(all), min_size=8, max_size=8))
@settings(max_examples=3, deadline=None, phases=[Phase.generate])
def test_agrees_with_hg_import(cases: list[tuple[bytes, bytes, bytes]]) -> None:
    """What applies here, hg import takes, with the same result; what it takes, applies here."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_tree(root, {f"{n}/f": tree for n, (_old, _new, tree) in enumerate(cases)})
        hg.run("init", cwd=root)
        hg.run("commit", "-A", "-q", "-m", "x", "-u", "x", cwd=root)
        for number, (before, after, tree) in enumerate(cases):
            if before != after:
                _agrees(root, parsed(file_diff(f"{number}/f", before, after)), tree)


def _agrees(root: Path, patch: Patch, tree: bytes) -> None:
    (path,) = patch.paths
    (root / "p").write_bytes(patch.data)
    words = ("import", "-q", "--force", "--no-commit", "--config", "patch.fuzz=0", "p")
    theirs = hg.run(*words, cwd=root, allowed=None)
    ours = apply_one({path: tree}, patch)
    if ours.outcome is Outcome.APPLIED:
        return  # we tell this from a conflict, Mercurial does not
    assert (theirs.code == 0) == ours.outcome.changes_tree, theirs
    if theirs.code == 0:
        assert ours.files[path] == (root / path).read_bytes()


@given(before=_OWN, after=_OWN, above=_OWN)
@settings(max_examples=60, deadline=None)
def test_agrees_with_patch(before: bytes, after: bytes, above: bytes) -> None:
    program = needed("patch")
    above = above.replace(b"\n", b" above\n")
    if not before or not after or before == after:
        return
    patch = parsed(file_diff("f", before, after))
    ours = apply_one({"f": above + before}, patch)
    with tempfile.TemporaryDirectory() as name:
        write_tree(Path(name), {"f": above + before})
        words = [program, "-p1", "-F0", "-N", "-s", "-f", "--no-backup-if-mismatch"]
        theirs = process.run(words, cwd=Path(name), stdin=patch.data, allowed=None)
        if theirs.code == 0:
            assert ours.outcome is (Outcome.OFFSET if above else Outcome.CLEAN)
            assert ours.files["f"] == (Path(name) / "f").read_bytes() == above + after
        else:
            # patch wants a hunk without context above it at the very start of the file
            assert above
