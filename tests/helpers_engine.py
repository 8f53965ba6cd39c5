"""What the tests of patches, series and repositories share: small trees, diffs and projects."""

from __future__ import annotations

import difflib
import hashlib
import io
import tarfile
from collections.abc import Collection, Iterable
from pathlib import Path

from hgport.engine import hg

HEADER = """# HG changeset patch
# User A Person <person@example.org>
# Date 1600000000 -7200
#      Sun Sep 13 14:26:40 2020 +0200
{subject}

Why it is done.

"""


def file_diff(path: str, before: bytes | None, after: bytes | None, context: int = 3) -> bytes:
    """A diff of one file in git's form; None is no file."""
    name = path.encode()
    head = b"diff --git a/%s b/%s\n" % (name, name)
    old, new = b"a/" + name, b"b/" + name
    if before is None:
        head, old = head + b"new file mode 100644\n", b"/dev/null"
    if after is None:
        head, new = head + b"deleted file mode 100644\n", b"/dev/null"
    lines = difflib.diff_bytes(
        difflib.unified_diff,
        io.BytesIO(before or b"").readlines(),
        io.BytesIO(after or b"").readlines(),
        old,
        new,
        n=context,
    )
    return head + b"".join(_with_newline(line) for line in lines)


def _with_newline(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def patch_bytes(
    *diffs: bytes, subject: str = "topic: change something", header: str = HEADER
) -> bytes:
    """A patch file of these diffs."""
    return header.format(subject=subject).encode() + b"".join(diffs)


def numbered(count: int, **changed: str) -> bytes:
    """Lines "line 1" and on; ``line7="new"`` puts other text there, "" leaves the line out."""
    lines = []
    for number in range(1, count + 1):
        text = changed.get(f"line{number}", f"line {number}")
        lines += [text + "\n"] if text else []
    return "".join(lines).encode()


def write_tree(root: Path, files: dict[str, bytes]) -> Path:
    """Write files below a directory."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def write_stack(root: Path, patches: dict[str, bytes], ports: dict[str, dict[str, bytes]]) -> Path:
    """Write ``series`` and ``patches/`` with port directories; gives the series file."""
    write_tree(root / "patches", patches)
    _write_ports(root / "patches", ports)
    return _write_series(root, patches)


def _write_ports(directory: Path, ports: dict[str, dict[str, bytes]]) -> None:
    for line, ported in ports.items():
        write_tree(directory / line, ported)
        _write_series(directory / line, ported)


def _write_series(directory: Path, names: Iterable[str]) -> Path:
    (directory / "series").write_text("".join(f"{name}\n" for name in names))
    return directory / "series"


class Project:
    """A project of its own, with releases of its own, whose sdists are in a cache of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache = root / "cache"
        self._releases: list[str] = []
        self._absorbed = ""

    def release(
        self, version: str, files: dict[str, bytes], executable: Collection[str] = ()
    ) -> None:
        """Publish a release with these files, of which some are executable."""
        name = f"mercurial-{version}.tar.gz"
        data = _sdist(f"mercurial-{version}", files, executable)
        (self.cache / "sdists").mkdir(parents=True, exist_ok=True)
        (self.cache / "sdists" / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        self._releases.append(
            f'[[release]]\nversion = "{version}"\nsdist = "{name}"\n'
            f'sha256 = "{digest}"\nsize = {len(data)}\n'
        )

    def absorbed(self, patch: str, release: str, file: str, line: str) -> None:
        """Say in the catalogue that upstream took a patch."""
        self._absorbed += (
            f'[[absorbed]]\npatch = "{patch}"\nrelease = "{release}"\n'
            f'changeset = "0123456789ab"\nfile = "{file}"\nline = "{line}"\n'
        )

    def write(
        self, base: str, patches: dict[str, bytes], ports: dict[str, dict[str, bytes]] | None = None
    ) -> Path:
        """Write the catalogue and the stack; gives the series file."""
        series = write_stack(self.root, patches, ports or {})
        line = ".".join(base.split(".")[:2])
        text = f'base = "{base}"\naffected = "{line}..{line}"\n\n{self._absorbed}'
        text += "\n".join(self._releases)
        (self.root / "patches" / "releases.toml").write_text(text)
        return series

    def further(
        self,
        name: str,
        patches: dict[str, bytes],
        ports: dict[str, dict[str, bytes]] | None = None,
    ) -> Path:
        """Write a further stack, to be put on top of the first; gives its series file."""
        directory = write_tree(self.root / "patches" / name, patches)
        _write_ports(directory, ports or {})
        return _write_series(directory, patches)


def _sdist(top: str, files: dict[str, bytes], executable: Collection[str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(f"{top}/{path}")
            info.size, info.mtime = len(content), 1_500_000_000
            info.mode = 0o755 if path in executable else 0o644
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def repository(root: Path, files: dict[str, bytes], tag: str = "5.2.2") -> Path:
    """A repository with one changeset, tagged, and checked out."""
    write_tree(root, files)
    hg.run("init", cwd=root)
    hg.run("commit", "-A", "-q", "-m", "start", "-u", "test", "-d", "0 0", cwd=root)
    hg.run("tag", "--local", tag, cwd=root)
    return root


def log(repo: Path, template: str = "{node}\n", revisions: str = "all()") -> list[str]:
    """The lines of ``hg log`` of a repository, oldest first."""
    found = hg.run("log", "-r", revisions, "-T", template, cwd=repo)
    return found.stdout.decode().splitlines()
