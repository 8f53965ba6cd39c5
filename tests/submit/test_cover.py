"""hgport.submit.cover: the cover letter's form, where it lies, and what is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers_engine import file_diff, patch_bytes, write_stack, write_tree
from hgport.engine import ports
from hgport.errors import UsageError
from hgport.model.stack import Stack
from hgport.submit import cover
from hgport.submit.cover import Cover

LETTER = b"""# topic: do it

Why.

    $ how

## Changes since v2

Three.

## Changes since v1

- Two,
  and more.
"""


def test_a_letter_is_read_and_written() -> None:
    letter = Cover.parse(LETTER, "cover.md")
    assert letter == Cover(
        "topic: do it", "Why.\n\n    $ how", {3: "Three.", 2: "- Two,\n  and more."}
    )
    assert letter.write() == LETTER
    assert Cover.parse(b"\xef\xbb\xbf" + LETTER.replace(b"\n", b" \r\n"), "cover.md") == letter


_WORDS = st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=8)
_LINE = st.lists(_WORDS, max_size=4).map(" ".join)
_TEXT = st.lists(_LINE, min_size=1, max_size=6).map(lambda lines: "\n".join(lines).strip("\n"))


@given(_LINE.filter(bool), _TEXT.filter(bool), st.dictionaries(st.integers(2, 9), _TEXT))
def test_what_is_written_is_read_again(subject: str, text: str, changes: dict[int, str]) -> None:
    letter = Cover(subject, text, changes)
    try:
        read = Cover.parse(letter.write(), "cover.md")
    except UsageError:
        # a text that is no letter's: it has a placeholder, a heading, or an empty section
        return
    assert read == letter
    assert read.write() == letter.write()


@given(st.binary(max_size=200))
def test_any_file_is_a_letter_or_a_clear_line(data: bytes) -> None:
    try:
        letter = Cover.parse(b"# a\n\n" + data, "cover.md")
    except UsageError as err:
        assert err.message.startswith("cover.md") and "\n" not in err.message
    else:
        assert Cover.parse(letter.write(), "cover.md") == letter


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "cover.md is empty"),
        (b"\n\n", "cover.md is empty"),
        (b"topic: no mark\n\nText.\n", "line 1 has to be '# ' and the subject"),
        (b"#  \n\nText.\n", "line 1 has to be '# ' and the subject"),
        (b"# a\r\nb\rBcc: x@example.org\n", "line 2 has a control character"),
        (b"# a\x0bBcc: evil@example.org\n\nText.\n", "line 1 has a control character"),
        ("# a\x85Bcc: x\n\nText.\n".encode(), "line 1 has a control character"),
        ("# a\u2028Bcc: x\n\nText.\n".encode(), "line 1 has a control character"),
        (b"# a\n\nZo\xeb\n", "cover.md is no UTF-8 text"),
        (b"# a\n", "cover.md has no text"),
        (b"# a\n\nText.\n\n## Changes since v1\n", "nothing below 'Changes since v1'"),
        (b"# a\n\nText.\n\n## Change since v1\n\n-\n", "line 5: no section is called 'Change s"),
        (b"# a\n\nText.\n\n## Changes since v0\n\n-\n", "line 5: no section is called"),
        (LETTER + b"\n## Changes since v2\n\nx\n", "line 16: there is such a section already"),
        (b"# a\n\nText.\n{{more}}\n", "line 4 is still the template's: {{more}}"),
        (b"# {{topic: x}}\n\nText.\n", "line 1 is still the template's"),
        # as an editor fills the lines of a paragraph
        (
            b"# a\n\n{{What goes wrong,\nfor whom.}}\n",
            "line 3 is still the template's: {{What goes",
        ),
        (b"# a\n\nText.\nfor whom.}}\n", "line 4 is still the template's: for whom.}}"),
        (b"# a\n\ndiff --git a/x b/x\n", "line 3 would be taken for a patch"),
        (b"# a\n\n--- a/x\n+++ b/x\n", "line 3 would be taken for a patch"),
    ],
)
def test_what_is_no_letter_is_refused_by_line(data: bytes, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Cover.parse(data, "cover.md")
    assert said in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_new_letter_has_to_be_written_first(tmp_path: Path, version: int) -> None:
    path = tmp_path / "cover.md"
    cover.new(path, ["topic: one", "topic: two"], version)
    assert (f"## Changes since v{version - 1}\n" in path.read_text()) == (version > 1)
    assert "- topic: one\n- topic: two\n" in path.read_text()
    with pytest.raises(UsageError, match="line 1 is still the template's"):
        cover.load(path)
    # every placeholder is seen, not the first alone
    for _each in range(path.read_text().count("{{")):
        with pytest.raises(UsageError, match="is still the template's"):
            cover.load(path)
        path.write_text(path.read_text().replace("{{", "", 1).replace("}}", "", 1))
    assert cover.load(path).subject == "topic: what the series does"


def test_a_new_letter_replaces_none(tmp_path: Path) -> None:
    (tmp_path / "cover.md").write_bytes(LETTER)
    with pytest.raises(UsageError, match="exists already"):
        cover.new(tmp_path / "cover.md", ["topic: one"])
    assert (tmp_path / "cover.md").read_bytes() == LETTER


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    patch = patch_bytes(file_diff("f", b"a\n", b"b\n"))
    path = write_stack(tmp_path, {"a.patch": patch, "b.patch": patch}, {"4.9": {"a.patch": patch}})
    return Stack.load(path, "5.2")


def test_the_nearest_letter_is_found(stack: Stack) -> None:
    top = stack.top.directory
    assert cover.find(stack, "5.2") is None
    (top / "cover.md").write_bytes(LETTER)
    assert cover.find(stack, "5.2") == cover.find(stack, "4.9") == top / "cover.md"
    (top / "4.9" / "cover.md").write_bytes(LETTER)
    assert cover.find(stack, "4.9") == cover.of_line(stack, "4.9") == top / "4.9" / "cover.md"
    assert cover.of_line(stack, "5.2") == top / "cover.md"


def test_a_letter_that_is_found_is_no_other_file(stack: Stack, tmp_path: Path) -> None:
    (tmp_path.parent / "private").write_text("# my settings\n\npassword = hunter2\n")
    top = stack.top.directory
    own = top / "4.9" / "cover.md"
    own.symlink_to(tmp_path.parent / "private")
    with pytest.raises(UsageError, match=r"4\.9/cover\.md leads to outside"):
        cover.find(stack, "4.9")
    own.unlink()
    own.symlink_to("../cover.md")
    (top / "cover.md").write_bytes(LETTER)
    found = cover.find(stack, "4.9")
    assert found == own and cover.load(found) == Cover.parse(LETTER, "")
    own.unlink()
    # somebody names it
    assert cover.load(tmp_path.parent / "private").subject == "my settings"
    os.mkfifo(own)
    found = cover.find(stack, "4.9")
    assert found is not None
    with pytest.raises(UsageError, match="cover.md is no regular file"):
        cover.load(found)


def test_a_letter_for_other_patches_is_not_taken(stack: Stack) -> None:
    path = stack.top.directory / "cover.md"
    cover.refuse_others(stack, "5.2", path, ["a.patch", "b.patch"])
    with pytest.raises(UsageError) as caught:
        cover.refuse_others(stack, "4.9", path, ["a.patch"])
    assert "introduces 2 patches, but 1 patch would be mailed" in caught.value.message
    assert "4.9/cover.md with --new-cover" in str(caught.value.hint)
    own = stack.top.directory / "4.9" / "cover.md"
    own.write_bytes(LETTER)
    cover.refuse_others(stack, "4.9", own, ["a.patch"])
    with pytest.raises(UsageError, match="introduces 1 patch, but 0 patches"):
        cover.refuse_others(stack, "4.9", own, [])


def test_a_ports_letter_is_neither_a_patch_nor_lost(stack: Stack) -> None:
    own = stack.top.directory / "4.9" / "cover.md"
    own.write_bytes(LETTER)
    (stack.top.directory / "cover.md").write_bytes(LETTER)
    again = Stack.load(stack.top.path, "5.2")
    assert again == stack
    other = patch_bytes(file_diff("f", b"a\n", b"c\n"))
    ports.write_port(again, "4.9", [("a.patch", other), ("new.patch", other)])
    assert own.read_bytes() == LETTER
    now = Stack.load(stack.top.path, "5.2")
    assert now.ports[0].series.names == ("a.patch", "new.patch")
    ports.remove_port(now, "4.9")
    assert own.read_bytes() == LETTER
    assert Stack.load(stack.top.path, "5.2").ports == ()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read .*cover.md: No such file"):
        cover.load(tmp_path / "cover.md")
    with pytest.raises(UsageError, match="cannot read .*: Is a directory"):
        cover.load(tmp_path)


def test_a_letter_for_stacks_on_each_other_is_one_of_its_own(stack: Stack, tmp_path: Path) -> None:
    more = tmp_path / "patches" / "more"
    write_tree(
        more, {"series": b"c.patch\n", "c.patch": patch_bytes(file_diff("f", b"b\n", b"c\n"))}
    )
    whole = Stack.load(more / "series", "5.2", stack)
    top = stack.top.directory
    (top / "cover.md").write_bytes(LETTER)
    (more / "cover.md").write_bytes(LETTER)
    assert cover.find(whole, "5.2") is None
    assert cover.find(stack, "5.2") == top / "cover.md"
    letter = top / "cover-with-more.md"
    letter.write_bytes(LETTER)
    assert cover.find(whole, "5.2") == cover.of_line(whole, "5.2") == letter
    assert cover.find(whole, "4.9") == letter
    cover.refuse_others(whole, "5.2", letter, ["a.patch", "b.patch", "c.patch"])
    with pytest.raises(UsageError, match="introduces 3 patches, but 2 patches") as caught:
        cover.refuse_others(whole, "4.9", letter, ["a.patch", "c.patch"])
    assert "4.9/cover-with-more.md with --new-cover" in str(caught.value.hint)
    # a directory with the name that all have is called by the one above
    for place in (tmp_path / "mine" / "patches", tmp_path / "x" / "mine"):
        name = f"{len(str(place))}.patch"
        patch = patch_bytes(file_diff("f", b"c\n", b"d\n"))
        write_tree(place, {"series": name.encode() + b"\n", name: patch})
    on_top = Stack.load(tmp_path / "mine" / "patches" / "series", "5.2", stack)
    assert cover.others_of(on_top) == "mine"
    both = Stack.load(tmp_path / "x" / "mine" / "series", "5.2", on_top)
    with pytest.raises(UsageError, match="two of the stacks are called mine"):
        cover.find(both, "5.2")
    # that of the upper one is for it alone
    assert cover.find(Stack.load(more / "series", "5.2"), "5.2") == more / "cover.md"
