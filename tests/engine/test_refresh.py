"""From a port to changesets and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from helpers_cycle import commit
from helpers_engine import Project, file_diff, numbered, patch_bytes, write_tree
from hgport.engine import commits, hg, learn, refresh
from hgport.engine.resolutions import memory_of
from hgport.errors import HgportError, UsageError
from hgport.model import project

BASE = numbered(60)
ONE = numbered(60, line10="new 10")
TWO = numbered(60, line10="new 10", line40="new 40")
PATCHES = {
    "a.patch": patch_bytes(file_diff("f", BASE, ONE), subject="one: first"),
    "b.patch": patch_bytes(file_diff("f", ONE, TWO), subject="two: second"),
    # hunks as Mercurial writes them
    "c.patch": patch_bytes(file_diff("g", b"old\n", b"new\n"), subject="three: third").replace(
        b"@@ -1 +1 @@", b"@@ -1,1 +1,1 @@"
    ),
}
FILES = {"f": BASE, "g": b"old\n"}
# what is amended leaves an obsolete changeset behind, and those on it to be rebased
CONFIG = ("--config", "extensions.rebase=", "--config", "experimental.evolution=all")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Ports for 5.0 (which serves 5.1) and for the base, 5.2."""
    result = Project(tmp_path / "project")
    result.root.mkdir()
    for version in ("5.0", "5.1", "5.1.1", "5.2", "5.2.1"):
        own = numbered(60, line50="only 5.1") if version.startswith("5.1") else BASE
        old = b"zero\n" if version < "5.2" else b""
        result.release(version, {"f": old + own, "g": b"old\n", "tail": version.encode()})
    ported = {
        "a.patch": patch_bytes(file_diff("f", b"zero\n" + BASE, b"zero\n" + ONE), subject="one: p"),
        "c.patch": PATCHES["c.patch"],
    }
    result.write("5.2.1", PATCHES, {"5.0": ported})
    (result.root / "series").write_bytes(b"# ours\n\na.patch\n# the second\nb.patch\nc.patch\n")
    monkeypatch.setenv("HGPORT_PROJECT", str(result.root))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def applied(made: Project, release: str, root: Path, files: Mapping[str, bytes]) -> Path:
    stack, catalogue = project.load()
    source = write_tree(root.with_name("source"), dict(files))
    commits.into_repository(
        commits.Order(stack, catalogue, catalogue.release(release)), source, root
    )
    return root


@pytest.fixture
def repo(made: Project, tmp_path: Path) -> Path:
    return applied(made, "5.2.1", tmp_path / "repo", {**FILES, "tail": b"5.2.1"})


def contents(root: Path) -> dict[str, tuple[bytes, int]]:
    files = [root / "series", *(root / "patches").rglob("*")]
    return {
        str(p.relative_to(root)): (p.read_bytes(), p.stat().st_mtime_ns)
        for p in files
        if p.is_file()
    }


def refreshed(repo: Path, line: str | None = None) -> refresh.Plan:
    stack, catalogue = project.load()
    plan = refresh.plan(repo, stack, catalogue, line)
    refresh.write(plan, stack)
    project.load()  # what was written is a stack
    return plan


def fates(plan: refresh.Plan) -> dict[str, str]:
    return {one.patch.name: one.word for one in plan.taken}


def rebased(repo: Path, *args: str) -> None:
    hg.run("rebase", *args, *CONFIG, cwd=repo)


@pytest.mark.parametrize("release", ["5.0", "5.1", "5.1.1", "5.2", "5.2.1"])
def test_without_a_change_nothing_is_touched(made: Project, tmp_path: Path, release: str) -> None:
    own = numbered(60, line50="only 5.1") if release.startswith("5.1") else BASE
    files = {"f": (b"zero\n" if release < "5.2" else b"") + own, "g": b"old\n"}
    repo = applied(made, release, tmp_path / "repo", files)
    before = contents(made.root)
    plan = refreshed(repo)
    assert set(fates(plan).values()) == {"unchanged"}
    assert (plan.changes, plan.notes, plan.dropped) == (False, (), ())
    assert contents(made.root) == before


def test_a_patch_of_another_form_is_kept_too(made: Project, tmp_path: Path) -> None:
    # not in git's form, with a mail's header and no date, at other lines than those it names
    diff = (
        b"Index: f\n--- a/f\n+++ b/f\n@@ -7,3 +7,3 @@ def\n line 9\n-line 10\n+new 10\n line 11\n"
    )
    odd = b"From: A <a@example.org>\nSubject: [PATCH] one: first\n\n---\n f | 1 +\n" + diff
    made.write("5.2.1", {**PATCHES, "a.patch": odd})
    repo = applied(made, "5.2.1", tmp_path / "repo", FILES)
    assert not refreshed(repo).changes


def test_an_amended_changeset(made: Project, repo: Path) -> None:
    before = contents(made.root)
    hg.run("update", "-q", "1", cwd=repo)
    (repo / "f").write_bytes(numbered(60, line2="x\ny", line10="new 10"))
    hg.run("commit", "--amend", "-m", "one: reworded\n\nWhy it is done.", *CONFIG, cwd=repo)
    rebased(repo, "-s", "2", "-d", "tip")
    hg.run("update", "-q", "tip", *CONFIG, cwd=repo)
    hg.run("phase", "--secret", "--force", "-r", ".", *CONFIG, cwd=repo)
    assert fates(refreshed(repo)) == {
        "a.patch": "rewritten",
        "b.patch": "rewritten",
        "c.patch": "unchanged",
    }
    after = contents(made.root)
    assert {p for p in after if after[p] != before[p]} == {"patches/a.patch", "patches/b.patch"}
    moved = file_diff("f", numbered(60, line2="x\ny"), numbered(60, line2="x\ny", line40="new 40"))
    assert after["patches/b.patch"][0] == patch_bytes(moved, subject="two: second")
    text = after["patches/a.patch"][0]
    assert text.startswith(PATCHES["a.patch"].partition(b"one:")[0] + b"one: reworded\n")


def test_new_dropped_and_in_another_order(made: Project, repo: Path) -> None:
    rebased(repo, "-s", "3", "-d", "1")
    hg.run("update", "-q", "tip", cwd=repo)
    commit(repo, {"new": b"n\n"}, "Topic: a new_Thing, (issue1)")
    plan = refreshed(repo)
    assert fates(plan) == {
        "a.patch": "unchanged",
        "c.patch": "unchanged",
        "topic-a-new-thing-issue1.patch": "new",
    }
    assert plan.dropped == ("b.patch",)
    assert (made.root / "series").read_bytes() == (
        b"# ours\n\na.patch\n# the second\nc.patch\ntopic-a-new-thing-issue1.patch\n"
    )
    assert not (made.root / "patches" / "b.patch").exists()
    new = (made.root / "patches" / "topic-a-new-thing-issue1.patch").read_bytes()
    assert new == (
        b"# HG changeset patch\n# User A Person <person@example.org>\n# Date 1600000000 -7200\n"
        b"Topic: a new_Thing, (issue1)\n\n"
        b"diff --git a/new b/new\nnew file mode 100644\n--- /dev/null\n+++ b/new\n"
        b"@@ -0,0 +1,1 @@\n+n\n"
    )


def test_a_patch_that_another_release_needs_stays_where_it_was(
    made: Project, tmp_path: Path
) -> None:
    other = patch_bytes(file_diff("elsewhere", b"1\n", b"2\n"), subject="else: where")
    made.write(
        "5.2.1", {"a.patch": PATCHES["a.patch"], "x.patch": other, "c.patch": PATCHES["c.patch"]}
    )
    repo = applied(made, "5.2.1", tmp_path / "repo", FILES)
    commit(repo, {"new": b"n\n"}, "new: one")
    plan = refreshed(repo)
    assert plan.dropped == ()
    assert project.load()[0].top.names == ("a.patch", "x.patch", "c.patch", "new-one.patch")


def test_lines_are_as_on_the_release_that_the_port_is_for(made: Project, tmp_path: Path) -> None:
    # amended on 5.1, whose port is that of 5.0; there it is written for 5.0
    repo = applied(made, "5.1", tmp_path / "repo", {"f": b"zero\n" + BASE, "g": b"old\n"})
    commit(repo, {"new": b"n\n"}, "new: one")
    plan = refreshed(repo)
    assert (plan.line, plan.notes) == ("5.0", ())
    assert (made.root / "patches" / "5.0" / "new-one.patch").is_file()


def test_what_was_written_comes_out_of_a_rebase(made: Project, tmp_path: Path) -> None:
    repo = applied(made, "5.0", tmp_path / "repo", {"f": b"zero\n" + BASE, "g": b"old\n"})
    hg.run("update", "-q", "1", cwd=repo)
    (repo / "f").write_bytes(b"zero\n" + numbered(60, line10="amended 10"))
    hg.run("commit", "--amend", "-m", "one: p\n\nWhy it is done.", *CONFIG, cwd=repo)
    rebased(repo, "-s", "2", "-d", "tip")
    hg.run("update", "-q", "tip", *CONFIG, cwd=repo)
    plan = refreshed(repo)
    assert fates(plan) == {"a.patch": "rewritten", "c.patch": "unchanged"}
    stack, catalogue = project.load()
    port = stack.for_line("5.0")
    assert not learn.regenerate(stack, catalogue, port, memory_of(stack)).is_same
    records, _told = refresh.remember(plan, stack, catalogue)
    assert records and all(path.is_file() for path in records)
    assert learn.regenerate(stack, catalogue, port, memory_of(stack)).is_same


def test_what_other_ports_lack_of_it_is_not_learnt(made: Project, repo: Path) -> None:
    commit(repo, {"more": b"more\n"}, "more: add it")
    plan = refreshed(repo)
    assert plan.top is not None
    stack, catalogue = project.load()
    records, told = refresh.remember(plan, stack, catalogue)
    assert records == ()
    assert [line for line in told if "hgport rebase --again 5.0 makes it anew" in line] == [*told]
    assert len(told) == 1
    assert memory_of(stack).records == ()


def test_files_of_every_kind_come_back(made: Project, repo: Path, tmp_path: Path) -> None:
    (repo / "run").write_bytes(b"#!/bin/sh\n")
    (repo / "run").chmod(0o755)
    (repo / "link").symlink_to("f")
    hg.run("rename", "g", "moved", cwd=repo)
    hg.run("copy", "f", "copied", cwd=repo)
    odd = {"bin": bytes(range(256)), "crlf": b"1\r\n2\r\n3", "latin": b"caf\xe9\n", "empty": b""}
    commit(repo, {**odd, "moved": b"new\nand more\n"}, "kinds: add them all")
    commit(repo, {"bin": b"\0\1", "crlf": b"1\r\n2\n3\r\n", "empty": None}, "kinds: change them")
    refreshed(repo)
    again = applied(made, "5.2.1", tmp_path / "again", {**FILES, "tail": b"5.2.1"})
    listed = ("manifest", "--debug"), ("export", "--git", "-r", "tip^::tip", "-T", "{diff}")
    for words in (*listed, ("log", "-r", "1:", "-T", "{desc}{user}{date}\n")):
        assert hg.run(*words, cwd=again).stdout == hg.run(*words, cwd=repo).stdout
    assert not refreshed(again).changes


def test_a_tag_on_something_else(made: Project, tmp_path: Path) -> None:
    # as in a clone, where the changeset after the tagged one is that of the tag
    repo = applied(made, "5.2.1", tmp_path / "repo", {**FILES, ".hgtags": b"0123 5.2\n"})
    commit(repo, {".hgtags": b"0123 5.2\n4567 5.2.1\n"}, "tag: add one")
    before = contents(made.root)
    with pytest.raises(HgportError, match=r"^tag-add-one.patch changes nothing in 5\.2\.1$"):
        refreshed(repo)
    assert contents(made.root) == before


def test_nothing_is_learnt_of_what_did_not_change(made: Project, repo: Path) -> None:
    plan = refreshed(repo)
    assert refresh.remember(plan, *project.load()) == ((), ())


# ports of their own


def on_5_1(made: Project, tmp_path: Path) -> Path:
    own = b"zero\n" + numbered(60, line50="only 5.1")
    repo = applied(made, "5.1.1", tmp_path / "repo", {"f": own, "g": b"old\n", "tail": b"5.1.1"})
    commit(repo, {"f": (repo / "f").read_bytes().replace(b"only 5.1", b"changed")}, "f: own")
    return repo


def test_what_an_earlier_line_cannot_take_becomes_a_port_of_its_own(
    made: Project, tmp_path: Path
) -> None:
    before = contents(made.root)
    plan = refreshed(on_5_1(made, tmp_path))
    assert plan.line == "5.1"
    assert plan.notes == (
        "f-own.patch does not apply to 5.0: f hunk 1 (line 48), "
        "so this becomes a port of its own for 5.1",
    )
    after = contents(made.root)
    assert {p: after[p] for p in before} == before
    stack, catalogue = project.load()
    assert stack.for_line("5.1").series.names == ("a.patch", "c.patch", "f-own.patch")
    assert stack.for_line("5.0").series.names == ("a.patch", "c.patch")


def test_a_later_line_keeps_what_it_has(made: Project, tmp_path: Path) -> None:
    repo = applied(made, "5.0", tmp_path / "repo", {"f": b"zero\n" + BASE, "g": b"old\n"})
    changed = (repo / "f").read_bytes().replace(b"line 50\n", b"fifty\n")
    commit(repo, {"f": changed}, "f: own")
    old = made.root / "patches" / "5.0"
    before = {p.name: p.read_bytes() for p in old.iterdir()}
    plan = refreshed(repo)
    assert plan.line == "5.0"
    assert plan.notes == (
        "f-own.patch does not apply to 5.1: f hunk 1 (line 48), "
        "so 5.1 keeps what it has as a port of its own",
    )
    assert {p.name: p.read_bytes() for p in (made.root / "patches" / "5.1").iterdir()} == before
    assert project.load()[0].for_line("5.0").series.names[-1] == "f-own.patch"


def test_a_line_cannot_be_divided(made: Project, repo: Path) -> None:
    commit(repo, {"tail": b"changed"}, "tail: change")
    before = contents(made.root)
    with pytest.raises(HgportError, match=r"tail-change.patch does not apply to 5\.2: tail hunk 1"):
        refreshed(repo)
    assert contents(made.root) == before


def test_a_line_that_is_asked_for(made: Project, tmp_path: Path) -> None:
    repo = applied(made, "5.1", tmp_path / "repo", {"f": b"zero\n" + BASE, "g": b"old\n"})
    plan = refreshed(repo, "5.1")
    assert (plan.line, set(fates(plan).values())) == ("5.1", {"unchanged"})
    assert project.load()[0].for_line("5.1").line == "5.1"
    assert not refreshed(repo, "5.1").changes


def test_a_directory_that_is_no_port_is_left_alone(made: Project, tmp_path: Path) -> None:
    notes = made.root / "patches" / "5.1" / "a.patch"
    write_tree(made.root / "patches", {"5.1/a.patch": b"notes"})
    with pytest.raises(UsageError, match="is there, but is no part of a port"):
        refreshed(on_5_1(made, tmp_path))
    assert notes.read_bytes() == b"notes"


# what cannot be taken back


def refused(repo: Path, made: Project) -> str:
    before = contents(made.root)
    with pytest.raises(UsageError) as caught:
        refreshed(repo)
    assert contents(made.root) == before
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_changeset_without_changes(made: Project, repo: Path) -> None:
    hg.run("branch", "-q", "other", cwd=repo)
    commit(repo, {}, "branch: other")
    assert "changes nothing" in refused(repo, made)


@pytest.mark.parametrize(
    "message, said",
    [
        ("日本", "gives no file name"),
        ("fine: words\n\n---\nthe rest", "cannot stand above a diff"),
        ("fine: words\n\ndiff --git a/x b/x\n", "cannot stand above a diff"),
        ("# a heading", "cannot stand above a diff"),
        ("unlisted: one", "unlisted-one.patch, which is there but not in the series"),
    ],
)
def test_words_that_make_no_patch(made: Project, repo: Path, message: str, said: str) -> None:
    write_tree(made.root / "patches", {"unlisted-one.patch": b"mine"})
    commit(repo, {"new": b"n\n"}, message)
    assert said in refused(repo, made)


def test_names_that_clash(made: Project, repo: Path) -> None:
    commit(repo, {"new": b"n\n"}, "New: one")
    commit(repo, {"new": b"m\n"}, "new:  one")
    assert "would be a second new-one.patch" in refused(repo, made)


def test_a_line_that_there_is_not(made: Project, repo: Path) -> None:
    stack, catalogue = project.load()
    with pytest.raises(UsageError, match="no line '5.22'"):
        refresh.plan(repo, stack, catalogue, "5.22")


def test_what_changed_meanwhile_is_not_overwritten(made: Project, repo: Path) -> None:
    commit(repo, {"new": b"n\n"}, "new: one")
    stack, catalogue = project.load()
    plan = refresh.plan(repo, stack, catalogue)
    (made.root / "patches" / "b.patch").write_bytes(PATCHES["b.patch"] + b"\n")
    before = contents(made.root)
    with pytest.raises(UsageError, match="was changed meanwhile"):
        refresh.write(plan, stack)
    assert contents(made.root) == before
