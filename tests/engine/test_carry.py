"""Carrying a series: the fate of every kind of change."""

from __future__ import annotations

import pytest

from helpers_carry import FilesTree, carried, order_of, real_order
from helpers_engine import file_diff, numbered, patch_bytes
from hgport.engine.apply import apply_series
from hgport.engine.carried import CarriedSeries, Fate, FileFate, What
from hgport.engine.carry import carry
from hgport.engine.merge.result import Step
from hgport.engine.outcome import Outcome
from hgport.engine.records import Edit, FileRecord, Kind, Record
from hgport.engine.resolutions import Memory
from hgport.errors import HgportError
from hgport.model.catalogue import Absorption
from hgport.model.patch import Patch

BASE = numbered(30)
CHANGED = numbered(30, line10="new 10")
ONE = patch_bytes(file_diff("f", BASE, CHANGED))
MODE = b"diff --git a/f b/f\nold mode 100644\nnew mode 100755\n"
LINK = (
    b"diff --git a/f b/f\nold mode 100644\nnew mode 120000\n--- a/f\n+++ b/f\n"
    b"@@ -1,1 +1,1 @@\n-there\n\\ No newline at end of file\n+here\n\\ No newline at end of file\n"
)
BINARY = file_diff("f", b"\0one\n", b"\0two\n")


def rename(content: bytes = b"") -> bytes:
    """A diff that renames f to sub/g, and changes it."""
    head = b"diff --git a/f b/sub/g\nrename from f\nrename to sub/g\n"
    return head + content.split(b"\n", 1)[-1].replace(b"+++ b/f", b"+++ b/sub/g")


def fates(series: CarriedSeries) -> list[Fate]:
    return [one.fate for one in series.patches]


def only(series: CarriedSeries) -> FileFate:
    """The one file of the one patch."""
    (one,) = series.patches
    (file,) = one.files
    return file


def applied(series: CarriedSeries, target: dict[str, bytes]) -> dict[str, bytes | None]:
    """What the carried patches make of the target; they have to apply to the line."""
    patches = [Patch.parse(name, data) for name, data in series.port]
    result = apply_series(target.get, patches)
    assert [one.outcome for one in result.results] == [Outcome.CLEAN] * len(patches)
    return result.files


# texts


def test_exact() -> None:
    target = {"f": b"first\n" + BASE}
    made = carried(order_of([ONE]), {"f": BASE}, target)
    assert fates(made) == [Fate.EXACT]
    assert applied(made, target) == {"f": b"first\n" + CHANGED}
    (one,) = made.patches
    assert one.data is not None
    header, body = ONE.split(b"diff --git")
    assert one.data.split(b"diff --git")[0] == header
    assert b"@@ -8,7 +8,7 @@" in one.data


def test_by_lines() -> None:
    target = {"f": numbered(30, line8="other 8")}
    made = carried(order_of([ONE]), {"f": BASE}, target)
    assert fates(made) == [Fate.LINES]
    assert applied(made, target) == {"f": numbered(30, line8="other 8", line10="new 10")}


def test_format_aware() -> None:
    before = b"def f(x):\n    g(x, b'one')\n    h(x)\n    return b'two', b'three', b'four'\n"
    patch = patch_bytes(file_diff("f.py", before, before.replace(b"h(x)", b"h(x, b'five')")))
    target = {"f.py": before.replace(b"b'", b"'").replace(b"h(x)", b"h( x )")}
    made = carried(order_of([patch], "5.1"), {"f.py": before}, target)
    assert fates(made) == [Fate.FORMAT]
    assert b"'five'" in (applied(made, target)["f.py"] or b"")
    assert b"b'five'" not in (applied(made, target)["f.py"] or b"")


def test_a_conflict_stops_the_rest() -> None:
    two = patch_bytes(file_diff("f", CHANGED, numbered(30, line10="new 10", line25="new 25")))
    made = carried(order_of([ONE, two]), {"f": BASE}, {"f": numbered(30, line10="other")})
    assert fates(made) == [Fate.CONFLICT, Fate.NOT_TRIED]
    assert made.port == ()
    conflict = made.conflict
    assert conflict is not None
    (file,) = conflict.files
    assert file.in_conflict
    assert file.merge is not None
    (dispute,) = file.merge.conflicts
    assert (dispute.base, dispute.patched, dispute.target) == (
        b"line 10\n",
        b"new 10\n",
        b"other\n",
    )
    lines = (file.content or b"").splitlines()
    assert lines[dispute.line - 1] == b"<<<<<<< target"


def test_a_patch_meets_what_those_before_it_made() -> None:
    after = numbered(30, line10="new 10", line11="new 11")
    two = patch_bytes(file_diff("f", CHANGED, after))
    target = {"f": numbered(30, line20="other 20")}
    made = carried(order_of([ONE, two]), {"f": BASE}, target)
    assert fates(made) == [Fate.EXACT, Fate.EXACT]
    assert applied(made, target)["f"] == numbered(
        30, line10="new 10", line11="new 11", line20="other 20"
    )


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_bytes_survive(end: bytes) -> None:
    """Neither the end of a line nor what is no UTF-8 is anybody's to change."""
    before = b"caf\xe9\n" + BASE
    after = before.replace(b"line 10\n", b"na\xefve\n")
    patch = patch_bytes(file_diff("f", *(t.replace(b"\n", end) for t in (before, after))))
    target = {"f": (b"more\n" + before).replace(b"\n", end)}
    made = carried(order_of([patch]), {"f": before.replace(b"\n", end)}, target)
    assert applied(made, target) == {"f": (b"more\n" + after).replace(b"\n", end)}


def test_a_file_without_a_newline_at_its_end() -> None:
    patch = patch_bytes(file_diff("f", BASE + b"end", BASE + b"END"))
    target = {"f": b"more\n" + BASE + b"end"}
    made = carried(order_of([patch]), {"f": BASE + b"end"}, target)
    assert applied(made, target) == {"f": b"more\n" + BASE + b"END"}


# what the target has


def test_all_of_it_there() -> None:
    made = carried(order_of([ONE]), {"f": BASE}, {"f": b"more\n" + CHANGED})
    assert fates(made) == [Fate.UPSTREAMED]
    assert made.port == ()
    assert only(made).is_there


def test_a_part_of_it_there_is_told_by_the_hunk() -> None:
    patch = patch_bytes(file_diff("f", BASE, numbered(30, line5="new 5", line25="new 25")))
    target = {"f": numbered(30, line5="new 5")}
    made = carried(order_of([patch]), {"f": BASE}, target)
    merge = only(made).merge
    assert merge is not None
    assert [hunk.step for hunk in merge.hunks][0] is Step.APPLIED
    assert applied(made, target) == {"f": numbered(30, line5="new 5", line25="new 25")}


def test_upstreamed_by_the_word_of_catalogue_and_content() -> None:
    told = Absorption("1.patch", "5.3", "0123456789ab", "f", "upstream did it")
    target = {"f": b"upstream did it\n"}
    made = carried(order_of([ONE], absorbed=[told]), {"f": BASE}, target)
    assert fates(made) == [Fate.UPSTREAMED]
    assert made.patches[0].since == told


def test_a_catalogue_that_the_content_contradicts_is_noted() -> None:
    told = Absorption("1.patch", "5.3", "0123456789ab", "f", "upstream did it")
    made = carried(order_of([ONE], absorbed=[told]), {"f": BASE}, {"f": BASE})
    assert fates(made) == [Fate.EXACT]
    assert "has no line 'upstream did it'" in made.patches[0].notes[0]


# files that come and go


def added(content: bytes = b"n\n") -> bytes:
    return patch_bytes(file_diff("new", None, content))


def test_a_file_that_is_added() -> None:
    made = carried(order_of([added()]), {}, {})
    assert (fates(made), only(made).what) == ([Fate.EXACT], What.ADDED)
    assert applied(made, {}) == {"new": b"n\n"}


def test_a_file_that_is_added_and_there_already() -> None:
    made = carried(order_of([added()]), {}, {"new": b"n\n"})
    assert (fates(made), only(made).what) == ([Fate.UPSTREAMED], What.APPLIED)


def test_a_file_that_is_added_where_another_is() -> None:
    made = carried(order_of([added(b"a\nn\nz\n")]), {}, {"new": b"a\nother\nz\n"})
    file = only(made)
    assert fates(made) == [Fate.CONFLICT]
    assert file.content == (
        b"a\n<<<<<<< target\nother\n||||||| base\n=======\nn\n>>>>>>> patch\nz\n"
    )


@pytest.mark.parametrize("there", ["new/file", "new"])
def test_a_file_that_is_added_where_there_is_no_place(there: str) -> None:
    path = "new" if there == "new/file" else "new/deep/file"
    patch = patch_bytes(file_diff(path, None, b"n\n"))
    made = carried(order_of([patch]), {}, {there: b""})
    assert fates(made) == [Fate.CONFLICT]
    assert "in the target" in only(made).why


REMOVAL = patch_bytes(file_diff("f.py", b"x = 'a'\n", None))


def test_a_file_that_is_removed() -> None:
    base = {"f.py": b"x = 'a'\n"}
    made = carried(order_of([REMOVAL]), base, base)
    assert (fates(made), only(made).what) == ([Fate.EXACT], What.REMOVED)
    assert applied(made, base) == {"f.py": None}


def test_a_file_that_is_removed_and_differs_in_style() -> None:
    target = {"f.py": b'x = b"a"\n'}
    made = carried(order_of([REMOVAL]), {"f.py": b"x = 'a'\n"}, target)
    assert fates(made) == [Fate.EXACT]
    assert applied(made, target) == {"f.py": None}


def test_a_file_that_is_removed_and_differs() -> None:
    made = carried(order_of([REMOVAL]), {"f.py": b"x = 'a'\n"}, {"f.py": b"x = 'b'\n"})
    assert fates(made) == [Fate.CONFLICT]
    assert only(made).why == "the patch removes it, but the target has changed it"
    assert b"x = 'b'" in (only(made).content or b"")


def test_a_file_that_is_removed_and_gone() -> None:
    made = carried(order_of([REMOVAL]), {"f.py": b"x = 'a'\n"}, {})
    assert (fates(made), only(made).what) == ([Fate.UPSTREAMED], What.APPLIED)


def test_a_vanished_file() -> None:
    made = carried(order_of([ONE]), {"f": BASE}, {"other": b"x\n"})
    file = only(made)
    assert (fates(made), file.what) == ([Fate.CONFLICT], What.VANISHED)
    assert file.why == "the target has no f, nor a file that it can have become"
    assert (file.content or b"").startswith(b"<<<<<<< target\n||||||| base\nline 1\n")


def test_a_file_that_upstream_renamed() -> None:
    two = patch_bytes(file_diff("f", CHANGED, numbered(30, line10="new 10", line20="new 20")))
    target = {"sub/f": b"more\n" + BASE}
    made = carried(order_of([ONE, two]), {"f": BASE}, target)
    assert fates(made) == [Fate.EXACT, Fate.EXACT]
    file = made.patches[0].files[0]
    assert (file.path, file.base_path) == ("sub/f", "f")
    assert file.why == "the target has it as sub/f"
    after = b"more\n" + numbered(30, line10="new 10", line20="new 20")
    assert applied(made, target) == {"sub/f": after}


def test_what_a_patch_before_adds_is_not_looked_for_elsewhere() -> None:
    """The target has the file that the first patch adds under another name; who dropped that
    patch has to say what becomes of the second."""
    one = patch_bytes(file_diff("new", None, BASE))
    two = patch_bytes(file_diff("new", BASE, CHANGED))
    made = carried(order_of([one, two]), {}, {"sub/new": BASE}, skipped=["1.patch"])
    assert fates(made) == [Fate.DROPPED, Fate.CONFLICT]


# renames, copies, modes


def test_a_rename() -> None:
    target = {"f": b"more\n" + BASE}
    patch = patch_bytes(rename(file_diff("f", BASE, CHANGED)))
    made = carried(order_of([patch]), {"f": BASE}, target)
    assert fates(made) == [Fate.EXACT]
    assert applied(made, target) == {"f": None, "sub/g": b"more\n" + CHANGED}
    assert b"rename from f\nrename to sub/g\n" in made.port[0][1]


def test_a_rename_and_nothing_else() -> None:
    target = {"f": b"more\n" + BASE}
    made = carried(order_of([patch_bytes(rename())]), {"f": BASE}, target)
    assert {one.path: one.what for one in made.patches[0].files} == {
        "sub/g": What.RENAMED,
        "f": What.REMOVED,
    }
    assert applied(made, target) == {"f": None, "sub/g": b"more\n" + BASE}


def test_a_rename_that_upstream_has_made() -> None:
    target = {"sub/g": b"more\n" + BASE}
    patch = patch_bytes(rename(file_diff("f", BASE, CHANGED)))
    made = carried(order_of([patch]), {"f": BASE}, target)
    assert applied(made, target) == {"sub/g": b"more\n" + CHANGED}
    made = carried(order_of([patch]), {"f": BASE}, {"sub/g": b"more\n" + CHANGED})
    assert fates(made) == [Fate.UPSTREAMED]


def test_a_rename_to_where_another_file_is() -> None:
    patch = patch_bytes(rename(file_diff("f", BASE, CHANGED)))
    made = carried(order_of([patch]), {"f": BASE}, {"f": BASE, "sub/g": b"other\n"})
    assert fates(made) == [Fate.CONFLICT]
    assert [one.path for one in made.patches[0].files if one.in_conflict] == ["sub/g"]


def test_a_rename_of_what_upstream_has_renamed_otherwise() -> None:
    patch = patch_bytes(rename(file_diff("f", BASE, CHANGED)))
    made = carried(order_of([patch]), {"f": BASE}, {"other/f": BASE})
    assert fates(made) == [Fate.CONFLICT]
    (conflict,) = (one for one in made.patches[0].files if one.in_conflict)
    assert conflict.path == "sub/g"
    assert conflict.why == "the patch renames f, which the target has as other/f"


def test_a_copy() -> None:
    diff = rename(file_diff("f", BASE, CHANGED)).replace(b"rename", b"copy")
    target = {"f": b"more\n" + BASE}
    made = carried(order_of([patch_bytes(diff)]), {"f": BASE}, target)
    assert applied(made, target) == {"sub/g": b"more\n" + CHANGED}
    assert b"copy from f\ncopy to sub/g\n" in made.port[0][1]


def test_a_mode_alone() -> None:
    order = order_of([patch_bytes(MODE)])
    made = carried(order, {"f": BASE}, {"f": b"other\n"})
    assert (fates(made), only(made).what) == ([Fate.EXACT], What.MODE)
    assert made.port[0][1].endswith(MODE)
    made = carried(order, {"f": BASE}, FilesTree({"f": b"other\n"}, ["f"]))
    assert (fates(made), only(made).what) == ([Fate.UPSTREAMED], What.APPLIED)


def test_a_mode_goes_with_a_text_and_stays_for_the_next_patch() -> None:
    both = MODE + file_diff("f", BASE, CHANGED).split(b"\n", 1)[1]
    two = patch_bytes(file_diff("f", CHANGED, None).replace(b"100644", b"100755"))
    target = {"f": BASE}
    made = carried(order_of([patch_bytes(both), two]), target, target)
    assert b"old mode 100644\nnew mode 100755\n" in made.port[0][1]
    assert b"deleted file mode 100755\n" in made.port[1][1]


@pytest.mark.parametrize(
    "diff, before, after",
    [(LINK, b"there", b"here"), (BINARY, b"\0one\n", b"\0two\n")],
    ids=["link", "binary"],
)
def test_what_is_taken_whole(diff: bytes, before: bytes, after: bytes) -> None:
    order = order_of([patch_bytes(diff)])
    made = carried(order, {"f": before}, {"f": before})
    assert (fates(made), only(made).what, only(made).content) == (
        [Fate.EXACT],
        What.BINARY,
        after,
    )
    assert applied(made, {"f": before}) == {"f": after}
    made = carried(order, {"f": before}, {"f": before + b"more"})
    assert (fates(made), only(made).content) == ([Fate.CONFLICT], before + b"more")
    assert "it is binary" in only(made).why


def test_binary_and_there() -> None:
    made = carried(order_of([patch_bytes(BINARY)]), {"f": b"\0one\n"}, {"f": b"\0two\n"})
    assert (fates(made), only(made).what) == ([Fate.UPSTREAMED], What.APPLIED)


# what people decided


def test_what_a_person_gives_is_taken() -> None:
    order = order_of([ONE])
    target = {"f": numbered(30, line10="other")}
    given = {"1.patch": {"f": numbered(30, line10="both"), "more": b"m\n"}}
    made = carried(order, {"f": BASE}, target, given=given)
    assert fates(made) == [Fate.RESOLVED]
    assert applied(made, target) == {"f": numbered(30, line10="both"), "more": b"m\n"}
    # the target's own text: nothing is left of the patch
    made = carried(order, {"f": BASE}, target, given={"1.patch": {"f": target["f"]}})
    assert fates(made) == [Fate.EMPTY]


def test_what_a_person_gives_is_the_merges_where_it_is_equal() -> None:
    made = carried(order_of([ONE]), {"f": BASE}, {"f": BASE}, given={"1.patch": {"f": CHANGED}})
    assert fates(made) == [Fate.EXACT]


def test_a_person_can_do_without_a_file() -> None:
    given: dict[str, dict[str, bytes | None]] = {"1.patch": {"f": None}}
    made = carried(order_of([ONE]), {"f": BASE}, {"f": BASE}, given=given)
    assert applied(made, {"f": BASE}) == {"f": None}


def test_what_is_remembered_is_used_and_shown() -> None:
    target = {"f": numbered(30, line10="other")}
    block = [b"<<<<<<< target\n", b"other\n", b"||||||| base\n", b"line 10\n"]
    block += [b"=======\n", b"new 10\n", b">>>>>>> patch\n"]
    lines = (*((b"-", line) for line in block), (b"+", b"both\n"))
    more = Edit(Kind.CHANGE, ((b" ", b"line 20\n"), (b"+", b"more\n")))
    words = Edit(Kind.CHANGE, ((b"-", b"Why it is done.\n"), (b"+", b"Why it is done there.\n")))
    record = Record(
        "5.3",
        "1.patch",
        (FileRecord("f", (Edit(Kind.CONFLICT, lines), more)),),
        (words,),
    )
    memory = Memory(order_of([ONE]).stack.top.directory, (record,))
    made = carried(order_of([ONE]), {"f": BASE}, target, memory=memory)
    assert fates(made) == [Fate.RESOLVED]
    assert applied(made, target) == {"f": numbered(30, line10="both", line20="line 20\nmore")}
    assert len(made.patches[0].uses) == 3
    assert b"Why it is done there.\n" in made.port[0][1]
    # on another line the conflict alone is met
    made = carried(order_of([ONE], "5.4"), {"f": BASE}, target, memory=memory)
    assert applied(made, target) == {"f": numbered(30, line10="both")}


def test_a_patch_that_was_dropped_stays_so() -> None:
    memory = Memory(order_of([ONE]).stack.top.directory, (Record("5.3", "1.patch", dropped=True),))
    made = carried(order_of([ONE]), {"f": BASE}, {"f": BASE}, memory=memory)
    assert fates(made) == [Fate.DROPPED]
    again = {"1.patch": {"f": CHANGED}}
    made = carried(order_of([ONE]), {"f": BASE}, {"f": BASE}, memory=memory, given=again)
    assert fates(made) == [Fate.EXACT]


def test_python_that_a_person_gives_is_compiled() -> None:
    def compiles(path: str, content: bytes) -> str:
        return "3.9: no Python" if b"(" in content else ""

    patch = patch_bytes(file_diff("f.py", None, b"print(\n"))
    made = carried(order_of([patch]), {}, {}, compiles=compiles)
    assert only(made).notes == ("It does not compile: 3.9: no Python",)
    given = {"1.patch": {"f.py": b"x\n"}}
    assert only(carried(order_of([patch]), {}, {}, given=given, compiles=compiles)).notes == ()


# the origin


def test_a_patch_that_does_not_apply_to_its_own_base() -> None:
    with pytest.raises(HgportError, match=r"1.patch does not apply to 5.2, its own base: f hunk 1"):
        carried(order_of([ONE]), {"f": b"other\n"}, {"f": BASE})
    with pytest.raises(HgportError, match="has none of its files"):
        carried(order_of([ONE]), {}, {"f": BASE})


def test_fuzz_is_for_the_origin() -> None:
    base = {"f": numbered(30, line7="other 7")}
    with pytest.raises(HgportError):
        carried(order_of([ONE]), base, base)
    made = carried(order_of([ONE], fuzz=1), base, base)
    assert applied(made, base) == {"f": numbered(30, line7="other 7", line10="new 10")}


def test_what_the_base_has_already() -> None:
    made = carried(order_of([ONE]), {"f": CHANGED}, {"f": CHANGED})
    assert fates(made) == [Fate.UPSTREAMED]
    assert "has it already" in made.patches[0].notes[0]


# the project's own series


@pytest.mark.parametrize("line, base", [("5.0", None), ("5.1", "5.2"), ("5.5", None)])
def test_our_series_on_real_releases(line: str, base: str | None) -> None:
    from hgport.upstream.contents import Contents

    order = real_order(line, base)
    made = carry(order)
    assert made.conflict is None
    names = [name for name, _data in made.port]
    assert names == list(order.origin.port.series.names)
    paths = {path for one in made.patches for file in one.files for path in [file.path]}
    with Contents() as contents:
        read = contents.read(order.target, sorted(paths)).get
    patches = [Patch.parse(name, data) for name, data in made.port]
    result = apply_series(read, patches)
    assert {one.outcome for one in result.results} == {Outcome.CLEAN}
    for one in made.patches:
        for file in one.files:
            if one is made.patches[-1]:
                assert result.files[file.path] == file.content


def test_our_last_patch_is_upstream_from_5_4_on() -> None:
    order = real_order("6.2", "5.3")
    second = order.stack.top.patches[1].name
    last = carry(order, skipped=[second]).patches[-1]
    assert last.fate is Fate.UPSTREAMED
    assert last.since is not None
    assert last.since.release == "5.4"
