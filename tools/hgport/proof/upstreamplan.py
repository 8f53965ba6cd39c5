"""What ``hgport test --upstream`` is to run: releases, interpreters, patches and test files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.proof import interpreters, plan, upstreamchoice
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Gap
from hgport.proof.upstreamverdict import Subject
from hgport.upstream import sdist, tree


@dataclass(frozen=True)
class Machine:
    """The best interpreter for each release that this machine has, of those that were asked for;
    what it lacks; and the releases that run in none of those asked for."""

    found: Mapping[Release, Interpreter]
    gaps: tuple[Gap, ...]
    left_out: tuple[Release, ...]


def machine(catalogue: Catalogue, releases: Sequence[Release], words: Iterable[str]) -> Machine:
    """What there is to run releases in; ``words`` are what was asked for, as in
    ``interpreters.asked``, of which anything may be raised, and UsageError for an asked version
    that is of no use to any release."""
    asked, certain = interpreters.asked(words)
    any_of: dict[Release, list[str]] = {}
    for release, versions in plan.demands(catalogue, releases, asked):
        any_of.setdefault(release, []).extend(versions)
    wanted = [one for versions in any_of.values() for one in versions if one not in certain]
    there = {**interpreters.find(wanted), **certain}
    found: dict[Release, Interpreter] = {}
    gaps: dict[tuple[str, ...], list[Release]] = {}
    for release, suitable in any_of.items():
        suiting = [there[one] for one in suitable if one in there]
        if suiting:
            found[release] = suiting[0]
        else:
            gaps.setdefault(tuple(suitable), []).append(release)
    return Machine(
        found,
        tuple(Gap(versions, tuple(several)) for versions, several in gaps.items()),
        tuple(one for one in releases if one not in any_of),
    )


def patches(
    stack: Stack, releases: Iterable[Release], upto: str | None
) -> dict[Release, tuple[Patch, ...]]:
    """The patches of the series that serve each release, up to the one that is named, with or
    without its ``.patch``.  Raises UsageError if no series has it."""
    names = stack.names
    if upto is not None:
        names = names[: names.index(stack.named(upto)) + 1]
    return {
        one: tuple(p for p in stack.patches_for(one.line) if p.name in names) for one in releases
    }


def subjects(
    of_release: Mapping[Release, Sequence[Patch]],
    found: Mapping[Release, Interpreter],
    globs: Sequence[str],
    progress: sdist.ProgressOfMany | None = None,
) -> list[Subject]:
    """What is run on each release that there is an interpreter for: its patches, and the test files
    that the globs choose.  ``progress`` is told of what is fetched.  Raises UsageError for a glob
    that matches nothing in any of them, OutsideError for trouble with the network or the disk."""
    names = {
        one: os.listdir(tree.pristine(one, progress) / upstreamchoice.DIRECTORY) for one in found
    }
    own = {name for some in of_release.values() for name in upstreamchoice.own(some)}
    if found:
        upstreamchoice.check(globs, own.union(*names.values()))
    return [
        Subject(
            one,
            python,
            tuple(of_release[one]),
            upstreamchoice.chosen(names[one], of_release[one], globs),
        )
        for one, python in found.items()
    ]
