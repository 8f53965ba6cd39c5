from __future__ import annotations

import pytest

from hgport.errors import UsageError
from hgport.model.patch import Patch
from hgport.proof.upstreamchoice import check, chosen, own, split

NAMES = (
    "test-http.t",
    "test-lfs.t",
    "test-lfs-serve.t",
    "test-largefiles.t",
    "test-status.t",
    "test-worker.t",
    "test-keepalive.py",
    "http.sh",
    "test-http.t.out",
)


def patch(*files: str, text: str = "@@ -1,1 +1,1 @@\n-a\n+b\n") -> Patch:
    data = "".join(f"--- a/{path}\n+++ b/{path}\n{text}" for path in files)
    return Patch.parse("a.patch", data.encode())


def added(path: str) -> Patch:
    head = f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return Patch.parse("a.patch", (head + "@@ -0,0 +1,1 @@\n+b\n").encode())


def deleted(path: str) -> Patch:
    head = f"diff --git a/{path} b/{path}\ndeleted file mode 100644\n--- a/{path}\n+++ /dev/null\n"
    return Patch.parse("a.patch", (head + "@@ -1,1 +0,0 @@\n-b\n").encode())


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("mercurial/keepalive.py", {"test-http.t", "test-lfs.t", "test-lfs-serve.t"}),
        ("hgext/lfs/blobstore.py", {"test-lfs.t", "test-lfs-serve.t"}),
        ("hgext/largefiles/proto.py", {"test-largefiles.t"}),
        ("mercurial/status.py", {"test-status.t"}),
        ("README.rst", set()),
    ],
)
def test_what_touches_what_a_patch_touches(path: str, tests: set[str]) -> None:
    found = set(chosen(NAMES, [patch(path)], ()))
    assert tests <= found
    assert "test-status.t" not in found - tests and "http.sh" not in found


def test_globs_replace_the_choice_but_not_what_the_patches_bring() -> None:
    patches = [patch("mercurial/keepalive.py"), added("tests/test-new.py")]
    assert chosen(NAMES, patches, ["test-st*"]) == ("test-new.py", "test-status.t")


def test_what_patches_bring() -> None:
    patches = [
        patch("tests/test-http.t", "tests/helper.py", "mercurial/url.py"),
        added("tests/test-new.t"),
        patch("tests/test-new.t"),
        added("tests/test-gone.t"),
        deleted("tests/test-gone.t"),
        added("tests/deeper/test-other.t"),
    ]
    assert own(patches) == {"test-http.t": "changed", "test-new.t": "added"}


def test_globs_with_commas() -> None:
    assert split(["a*, b", "c", "", "b"]) == ("a*", "b", "c")


def test_a_glob_that_matches_nothing_is_told_what_is_near() -> None:
    check(["test-lfs*", "test-st?tus.t"], NAMES)
    with pytest.raises(UsageError, match="test-lfs-server.t") as raised:
        check(["test-lfs*", "test-lfs-server.t"], NAMES)
    assert "did you mean test-lfs-serve.t" in str(raised.value.hint)
    # what run-tests would not run is nothing that can be named
    with pytest.raises(UsageError):
        check(["http.sh"], NAMES)
