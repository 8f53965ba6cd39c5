"""Those whom exports are made for: each takes one, and gives the tree that comes of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hgport import process
from hgport.engine import hg
from programs import needed

# what the programs leave beside the files
_OF_PROGRAMS = (".hg", ".git", ".pc", "patches", "debian")
_STRICT = ("--config", "patch.fuzz=0")

_CONTROL = """\
Source: mercurial
Maintainer: A Person <person@example.org>
Standards-Version: 4.6.2

Package: mercurial
Architecture: any
Description: a revision control system
"""
_CHANGELOG = """\
mercurial ({version}-1) unstable; urgency=medium

  * Carry patches.

 -- A Person <person@example.org>  Sun, 22 Nov 2026 00:00:00 +0000
"""
_SPEC = """\
Name: mercurial
Version: {version}
Release: 1
Summary: x
License: x
Source0: mercurial-{version}.tar.gz
%include %{{_sourcedir}}/patches.inc
%description
%prep
%include %{{_sourcedir}}/prep.inc
"""
# as much of nixpkgs as an overlay sees, with a package that is made by unpacking and patching
_NIXPKGS = """\
{ overlay, src, version }:
let
  make = own: derivation (removeAttrs own [ "version" ]) // {
    inherit (own) version;
    overrideAttrs = change: make (own // change own);
  };
  prev.mercurial = make {
    name = "mercurial";
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ ./builder.sh ];
    inherit src version;
  };
  final = prev // import overlay final prev;
in final.mercurial
"""
_BUILDER = """\
set -e
PATH=/usr/bin:/bin
cp -R $src/. $out
chmod -R u+w $out
cd $out
for patch in $patches; do patch -p1 -F0 < $patch; done
"""


@dataclass(frozen=True)
class Place:
    """Where a consumer works: a directory of its own, a release's sdist, its unpacked tree and a
    repository that has it tagged."""

    room: Path
    version: str
    sdist: Path
    tree: Path
    repository: Path

    def copy(self) -> Path:
        """The release's tree, to be written in."""
        made = self.room / "tree"
        shutil.copytree(self.tree, made, symlinks=True)
        process.run(["chmod", "-R", "u+w", made])
        return made

    def clone(self) -> Path:
        """A repository in which the release is checked out."""
        made = self.room / "clone"
        hg.run("clone", "-q", "-r", self.version, "-u", self.version, self.repository, made)
        return made


def content(tree: Path) -> dict[str, tuple[bool, bytes]]:
    """Every file of a tree by its path: whether it is executable, and its content."""
    found = {}
    for parent, directories, files in os.walk(tree):
        if Path(parent) == tree:
            directories[:] = [one for one in directories if one not in _OF_PROGRAMS]
        for name in files:
            file = Path(parent, name)
            found[str(file.relative_to(tree))] = (os.access(file, os.X_OK), file.read_bytes())
    return {path: one for path, one in found.items() if not path.startswith(".hgtags")}


def _environment(place: Place, **more: str) -> dict[str, str]:
    own = {"PATH": os.environ["PATH"], "HOME": str(place.room), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return {**own, **more}


def control() -> str:
    """``debian/control`` of a package."""
    return _CONTROL


def changelog(version: str) -> str:
    """``debian/changelog`` of a package."""
    return _CHANGELOG.format(version=version)


def git_repository(place: Place) -> Path:
    """A git repository of the release, which is tagged and checked out."""
    tree = place.copy()
    git = [*_git_words(), "-c", "init.defaultBranch=main"]
    environment = _environment(place, GIT_CONFIG_NOSYSTEM="1")
    for words in (["init", "-q"], ["add", "-f", "-A"], ["commit", "-q", "-m", "release"]):
        process.run([*git, *words], cwd=tree, env=environment)
    process.run([*git, "tag", place.version], cwd=tree, env=environment)
    return tree


def _git_words() -> list[str]:
    git = [needed("git"), "-c", "user.name=c", "-c", "user.email=c@example.org"]
    return [*git, "-c", "core.autocrlf=false", "-c", "gc.auto=0"]


def quilt(place: Place, export: Path) -> Path:
    tree = place.copy()
    words = [needed("quilt"), "--quiltrc", "-", "push", "-a", "--fuzz=0"]
    environment = _environment(place, QUILT_PATCHES=str(export))
    told = process.run(words, cwd=tree, env=environment).stdout
    assert b"offset" not in told and b"fuzz" not in told, told
    return tree


def mq(place: Place, export: Path) -> Path:
    clone = place.clone()
    shutil.copytree(export, clone / ".hg" / "patches")
    told = hg.run("qpush", "-a", "-v", "--config", "extensions.mq=", *_STRICT, cwd=clone).stdout
    assert b"offset" not in told and b"fuzz" not in told, told
    return clone


def hg_import(place: Place, export: Path) -> Path:
    clone = place.clone()
    names = (export / "series").read_text().split()
    told = hg.run("import", "-v", *_STRICT, *(export / name for name in names), cwd=clone).stdout
    assert b"offset" not in told and b"fuzz" not in told, told
    return clone


def unbundle(place: Place, export: Path) -> Path:
    clone = place.room / "unbundled"
    hg.run("init", clone)
    hg.run("unbundle", "-u", export, cwd=clone)
    return clone


def git_am(place: Place, export: Path) -> Path:
    tree = git_repository(place)
    environment = _environment(place, GIT_CONFIG_NOSYSTEM="1")
    told = process.run([*_git_words(), "am", export], cwd=tree, env=environment).stdout
    assert b"offset" not in told and b"fuzz" not in told, told
    return tree


def dpkg_source(place: Place, export: Path) -> Path:
    """Build a source package of the sdist, and unpack that."""
    tree = place.copy()
    shutil.copytree(export / "debian", tree / "debian")
    (tree / "debian" / "control").write_text(_CONTROL)
    (tree / "debian" / "changelog").write_text(_CHANGELOG.format(version=place.version))
    (tree / "debian" / "rules").write_text("#!/usr/bin/make -f\n%:\n\tdh $@\n")
    (tree / "debian" / "rules").chmod(0o755)
    shutil.copy(place.sdist, place.room / f"mercurial_{place.version}.orig.tar.gz")
    program = needed("dpkg-source", "dpkg-dev")
    environment = _environment(place)
    process.run([program, "-b", tree], cwd=place.room, env=environment)
    unpacked = place.room / "unpacked"
    package = f"mercurial_{place.version}-1.dsc"
    process.run([program, "--no-check", "-x", package, unpacked], cwd=place.room, env=environment)
    # and quilt finds there what it has to find
    before = content(unpacked)
    words = [needed("quilt"), "--quiltrc", "-"]
    environment["QUILT_PATCHES"] = "debian/patches"
    for move in (["pop", "-a"], ["push", "-a", "--fuzz=0"]):
        told = process.run([*words, *move], cwd=unpacked, env=environment).stdout
        assert b"offset" not in told and b"fuzz" not in told, told
    assert content(unpacked) == before
    return unpacked


def rpmbuild(place: Place, export: Path) -> Path:
    program = needed("rpmbuild", "rpm")
    sources = place.room / "sources"
    shutil.copytree(export, sources)
    shutil.copy(place.sdist, sources)
    spec = place.room / "mercurial.spec"
    spec.write_text(_SPEC.format(version=place.version))
    define = ["--define", f"_sourcedir {sources}", "--define", f"_topdir {place.room}"]
    told = process.run([program, "-bp", *define, spec], env=_environment(place))
    assert b"offset" not in told.stdout + told.stderr, told
    return place.room / "BUILD" / f"mercurial-{place.version}"


def nix_build(place: Place, export: Path) -> Path:
    """Have nix evaluate the overlay on as much of nixpkgs as it needs, and run what comes of it."""
    program = needed("nix-build", "nix-bin")
    (place.room / "nixpkgs.nix").write_text(_NIXPKGS)
    (place.room / "builder.sh").write_text(_BUILDER)
    words = ["--option", "sandbox", "false", "--option", "build-users-group", ""]
    words += ["--option", "substitute", "false", "--no-out-link"]
    words += ["--arg", "overlay", str(export / "overlay.nix"), "--arg", "src", str(place.tree)]
    words += ["--argstr", "version", place.version, str(place.room / "nixpkgs.nix")]
    told = process.run([program, *words], env=nix_environment(place.room))
    assert b"offset" not in told.stderr and b"fuzz" not in told.stderr, told
    return Path(told.stdout.decode().strip())


def nix_environment(room: Path) -> dict[str, str]:
    """The environment for a nix with a store of its own."""
    own = {"PATH": os.environ["PATH"], "HOME": str(room), "LC_ALL": "C.UTF-8"}
    places = {"STORE": "store", "STATE": "var", "LOG": "log", "CONF": "conf"}
    nix = {f"NIX_{name}_DIR": str(room / "nix" / below) for name, below in places.items()}
    return {**own, **nix, "NIX_LOCALSTATE_DIR": str(room / "nix" / "local")}


CONSUMERS: dict[str, Callable[[Place, Path], Path]] = {
    "quilt": quilt,
    "mq": mq,
    "hg": hg_import,
    "bundle": unbundle,
    "git": git_am,
    "debian": dpkg_source,
    "rpm": rpmbuild,
    "nix": nix_build,
}
