"""The corpus of changes whose merge is known: how it is made, and how a merge is judged."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from hgport.model import project

BENCH = Path(__file__).parents[1] / "contrib" / "bench"
# of the reformat, and two branches of one style
TRIPLES = (("5.0.2", "5.1.2", "5.2.2"), ("5.2.2", "5.3.2", "5.4.2"))
PATHS = (
    "hgext/lfs/pointer.py",
    "mercurial/worker.py",
    "mercurial/sparse.py",
    "mercurial/extensions.py",
    "tests/test-manifest.py",
    "tests/test-mv-cp-st-diff.t",
    "tests/test-update-branches.t",
)


@pytest.fixture(scope="module")
def corpus() -> Any:
    return module("corpus")


def module(name: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        return importlib.import_module(name)


@pytest.fixture(scope="module")
def cases(corpus: Any) -> list[Any]:
    """Some real ones."""
    found = corpus.make(project.load()[1], 24, triples=TRIPLES, cosmetic=(), paths=PATHS)
    assert {(case.kind, case.suffix) for case in found} >= {
        ("reformat", ".py"),
        ("branches", ".py"),
        ("branches", ".t"),
    }
    return list(found)


def test_each_case_is_one_change_on_two_sides(cases: list[Any], corpus: Any) -> None:
    units = module("corpus_units")
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        base, patched, target, truth = (
            units.units(case.path, text)
            for text in (case.base, case.patched, case.target, case.truth)
        )
        here = [(op, side) for op in units.ops(base, patched) for side in [(base, patched)]]
        there = [(op, side) for op in units.ops(target, truth) for side in [(target, truth)]]
        # what came and what went is the same on both sides, style aside
        assert moved(here) == moved(there), case.name


def moved(ops: list[Any]) -> list[list[Any]]:
    gone = [unit.key for op, (one, _two) in ops for unit in one[op.old[0] : op.old[1]]]
    come = [unit.key for op, (_one, two) in ops for unit in two[op.new[0] : op.new[1]]]
    return [gone, come]


def test_the_truth_is_a_file_of_a_release(cases: list[Any], corpus: Any) -> None:
    files = corpus._Files(project.load()[1], PATHS)
    for case in cases:
        assert files.of(case.release)[case.path] == case.truth or (
            files.of(case.origin)[case.path] == case.patched
        )
        assert files.of(case.origin)[case.path] in (case.base, case.patched)


def test_the_same_seed_gives_the_same_cases(cases: list[Any], corpus: Any, tmp_path: Path) -> None:
    catalogue = project.load()[1]
    chosen = {"triples": TRIPLES[:1], "cosmetic": (), "paths": PATHS[:3]}
    few = corpus.make(catalogue, 3, **chosen)
    assert corpus.make(catalogue, 3, **chosen) == few
    assert corpus.make(catalogue, 3, seed=2, **chosen) != few
    corpus.write(few, tmp_path)
    assert sorted(corpus.read(tmp_path), key=lambda c: c.name) == sorted(few, key=lambda c: c.name)


def test_a_restyled_file_is_the_same_python(corpus: Any) -> None:
    import ast

    style = module("corpus_style")
    source = b"\n".join(
        [
            b'"""doc"""',
            b"def f(a, b = 'x'):",
            b"    '''doc'''",
            b"    getattr(a, 'name', 'x'); return (a[r'k'],",
            b"        'y' + \"it's\")",
            b"",
        ]
    )
    made = style.restyled(source)
    assert b"b'x'" in made
    assert b"'name', b'x'" in made
    assert made.startswith(b'"""doc"""')
    assert style.restyled(made) == made
    plain = made.replace(b"b'", b"'").replace(b'b"', b'"')
    assert ast.dump(ast.parse(plain)) == ast.dump(ast.parse(source))


# the judge


def test_the_truth_is_right_in_any_style(cases: list[Any]) -> None:
    judge, style = module("merge_judge"), module("corpus_style")
    restyled = 0
    for case in cases:
        assert judge.is_right(case, case.truth)
        if case.kind == "reformat":
            made = style.laid_out(case.truth)
            restyled += made != case.truth
            assert judge.is_right(case, made), case.name
    assert restyled


def test_what_is_not_the_truth_is_wrong(cases: list[Any]) -> None:
    judge = module("merge_judge")
    for case in cases:
        assert not judge.is_right(case, case.target), case.name
        assert not judge.is_right(case, case.truth + b"x = 1\n")
        assert not judge.is_right(case, case.truth.replace(b"e", b"E"))


def python_case(corpus: Any, truth: bytes, release: str) -> Any:
    return corpus.Case("one", "branches", "f.py", release, release, b"", b"", b"", truth)


def test_the_prefix_of_bytes_is_style_below_the_reformat_only(corpus: Any) -> None:
    judge = module("merge_judge")
    assert judge.is_right(python_case(corpus, b"x = 'a'\n", "5.1.2"), b"x = b'a'\n")
    assert not judge.is_right(python_case(corpus, b"x = b'a'\n", "5.2.2"), b"x = 'a'\n")


def test_a_moved_bracket_and_a_lost_comment_are_wrong(corpus: Any) -> None:
    judge = module("merge_judge")
    case = python_case(corpus, b"x = f(a) + (b * (c + d))  # why\n", "5.2.2")
    assert judge.is_right(case, b"x = (f(a)\n     + (b * (c + d)))  # why\n")
    assert not judge.is_right(case, b"x = f(a) + (b * c + d)  # why\n")
    assert not judge.is_right(case, b"x = f(a + (b * (c + d)))  # why\n")
    assert not judge.is_right(case, b"x = f(a) + (b * (c + d))\n")


# the bench


def test_a_wrong_merge_is_counted_and_shown(
    cases: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    bench, peers = module("bench_merge"), module("merge_peers")
    made = [peers.Made(case.truth, 0.1) for case in cases[2:]]
    made = [peers.Made(cases[0].target, 0.1), peers.Made(None, 0.1), *made]
    verdicts = bench.judged(cases, made)
    assert verdicts == ["wrong", "conflict", *["right"] * (len(cases) - 2)]
    bench._print(cases, {bench.OURS: made}, {bench.OURS: verdicts})
    bench._show_wrong(cases, made, verdicts)
    told = capsys.readouterr().out
    assert f"{len(cases) - 2}/1/1" in told
    assert f"wrong: {cases[0].name}" in told


def test_no_merge_is_wrong_and_more_are_made_than_by_lines(
    cases: list[Any], tmp_path: Path
) -> None:
    bench, peers = module("bench_merge"), module("merge_peers")
    ours = bench.judged(cases, bench.ours(cases, tmp_path))
    assert "wrong" not in ours
    theirs = bench.judged(cases, peers._merge3(cases, tmp_path))
    assert ours.count("right") > theirs.count("right")


def test_peers_are_asked_rightly(cases: list[Any], tmp_path: Path) -> None:
    """What every program can merge, each says it did, and the same."""
    peers, corpus = module("merge_peers"), module("corpus")
    lines = [b"line %d\n" % number for number in range(20)]
    changed = [*lines[:3], b"new\n", *lines[3:]]
    moved, truth = [*lines, b"end\n"], [*changed, b"end\n"]
    both = [*lines[:3], b"other\n", *lines[4:]]
    sides = [b"".join(one) for one in (lines, changed, moved, truth)]
    easy = corpus.Case("easy", "branches", "f.t", "5.2", "5.3", *sides)
    clash = corpus.Case(
        "clash", "branches", "f.t", "5.2", "5.3", b"".join(lines), b"".join(both), b"x\n" * 20, b""
    )
    for name, peer in peers.peers().items():
        room = tmp_path / name.replace(" ", "-").replace(",", "")
        room.mkdir()
        made = peer([easy, clash], room)
        assert [one.content for one in made] == [sides[3], None], name
        assert all(one.seconds > 0 for one in made)
        shutil.rmtree(room)
