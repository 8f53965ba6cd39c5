"""Which files may be executable, and which are so after patches."""

from __future__ import annotations

import pytest

from helpers_engine import patch_bytes
from hgport.model.patch import Patch
from hgport.submit.check.modes import executable, problem


@pytest.mark.parametrize(
    ("path", "content", "modes"),
    [
        # whether it may be no script, and whether it may be one
        ("a.py", b"x = 1\n", (True, False)),
        ("a.py", b"#!/usr/bin/env python3\n", (False, True)),
        ("a.py", b"#!/bin/sh\n", (True, False)),
        ("a.sh", b"#!/bin/sh\n", (True, True)),
        ("a.sh", b"echo\n", (True, False)),
        ("a", b"#!/usr/bin/perl\n", (True, True)),
        ("a", b"\x7fELF", (True, False)),
        ("contrib/openvms/a", b"$ x\n", (True, True)),
    ],
)
def test_what_may_be(path: str, content: bytes, modes: tuple[bool, bool]) -> None:
    assert (not problem(path, content, False), not problem(path, content, True)) == modes


def diff(path: str, *extended: str) -> bytes:
    old, _, new = path.partition(" ")
    lines = [f"diff --git a/{old} b/{new or old}", *extended, ""]
    return "\n".join(lines).encode()


def test_what_patches_make_executable() -> None:
    on, off = (["old mode 100644", "new mode 100755"], ["old mode 100755", "new mode 100644"])
    patches = [
        patch_bytes(diff("a", *on), diff("b", *off)),
        patch_bytes(diff("a c", "rename from a", "rename to c")),
        patch_bytes(diff("c d", "copy from c", "copy to d"), diff("x", "new file mode 100755")),
        patch_bytes(diff("d", "deleted file mode 100755"), diff("c", *off)),
    ]
    found = executable(["b", "z"], [Patch.parse("x.patch", data) for data in patches])
    assert [sorted(one) for one in found] == [
        ["b", "z"],
        ["a", "z"],
        ["c", "z"],
        ["c", "d", "x", "z"],
        ["x", "z"],
    ]
