"""Names that a merge brings to where they are not known, and statements that it brings twice."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Iterator, Sequence

from hgport.engine.merge.canon import KEYWORDS
from hgport.engine.merge.units import LONG, Unit

Units = Sequence[Unit]
# of a function: those of the classes and functions that it is in, and its own
Name = tuple[bytes, ...]
# of Python 3; a release may bind one that it replaces
_BUILTINS = frozenset(name.encode() for name in dir(builtins))


def missing(base: Units, patched: Units, target: Units, merged: Units) -> list[bytes]:
    """The names that the merge uses and that are not known where it does.

    ``merged`` is all that will be there, what is in dispute on the patch's side included.  Such is
    an import that only the patched file has, or a local variable that the target's function of that
    name does not have.
    """
    top = _bound(merged) | _BUILTINS
    in_it = set(_uses(merged))
    found = (_brought(base, patched) & in_it & _bound(patched)) - set(_uses(target)) - top
    # and what the patch takes away, while the target has begun to use it
    gone = (_brought(base, target) & in_it & _bound(target)) - set(_uses(patched)) - top
    return sorted(found | gone | _missing_locals(base, patched, target, top))


def _uses(units: Units) -> Counter[bytes]:
    return Counter(name for unit in units for name in bare_names(unit))


def _brought(base: Units, patched: Units) -> set[bytes]:
    """The names that are used more often after the patch than before."""
    return set(_uses(patched) - _uses(base))


def _missing_locals(base: Units, patched: Units, target: Units, top: set[bytes]) -> set[bytes]:
    """The names that the patch uses in a function, that the base's function has already, and that
    the target's function does not have."""
    in_base, in_target = _functions(base), _functions(target)
    found: set[bytes] = set()
    for name, units in _functions(patched).items():
        if name not in in_base or name not in in_target:
            continue
        new, old = _brought(in_base[name], units), set(_uses(in_base[name]))
        found |= (new & old) - set(_uses(in_target[name])) - top
    return found


def _functions(units: Units) -> dict[Name, list[Unit]]:
    """The lines of each function, by the names of the blocks that it is in and its own; those of
    which there are several by that name are left out."""
    found: dict[Name, list[Unit]] = {}
    twice = set()
    for unit, name, starts in _blocks(units):
        if starts:
            twice.update([name] if name in found else [])
            found[name] = []
        for end in range(1, len(name) + 1):
            found[name[:end]].append(unit)
    return {name: lines for name, lines in found.items() if name not in twice}


def _blocks(units: Units) -> Iterator[tuple[Unit, Name, bool]]:
    """Each line of code, the names of the functions and classes that it is in, its own included,
    and whether it starts one."""
    open_: list[tuple[int, bytes]] = []
    for unit in units:
        if unit.kind != "code":
            continue
        while open_ and open_[-1][0] >= unit.depth:
            open_.pop()
        texts = [token.text for token in unit.tokens[:2]]
        starts = texts[0] in (b"def", b"class") and len(texts) > 1
        if starts:
            open_.append((unit.depth, texts[1]))
        yield unit, tuple(name for _depth, name in open_), starts


def bare_names(unit: Unit) -> Iterator[bytes]:
    """The names that a statement uses or binds, attributes and keyword arguments left out."""
    if unit.kind != "code":
        return
    tokens = unit.tokens
    if tokens[0].text == b"from":
        # the module that names come from is not known by its own name
        texts = [token.text for token in tokens]
        tokens = tokens[texts.index(b"import") :] if b"import" in texts else ()
    last = b""
    for token, next_ in zip(tokens, [*tokens[1:], None]):
        keyword = next_ is not None and next_.text == b"=" and last in (b"(", b",")
        # a parameter with a default is bound all the same
        is_name = token.kind == "name" and token.text not in KEYWORDS
        if is_name and last != b"." and (not keyword or _defines(unit)):
            yield token.text
        last = token.text


def _defines(unit: Unit) -> bool:
    return unit.tokens[0].text in (b"def", b"async") or b"lambda" in (t.text for t in unit.tokens)


def _bound(units: Units) -> set[bytes]:
    """The names that imports, definitions and assignments bind at the top of a file."""
    found: set[bytes] = set()
    for unit in units:
        if unit.depth or unit.kind != "code":
            continue
        texts = [token.text for token in unit.tokens]
        if texts[0] in (b"import", b"from"):
            at = texts.index(b"import") + 1 if b"import" in texts else 0
            found.update(token.text for token in unit.tokens[at:] if token.kind == "name")
        elif texts[0] in (b"def", b"class") and len(texts) > 1:
            found.add(texts[1])
        elif texts[1:2] == [b"="]:
            found.add(texts[0])
    return found


def doubled(base: Units, patched: Units, target: Units, merged: Units) -> bool:
    """Whether something that the patch adds stands in the merged file more often than in either
    side: the target has it as well, in another place."""
    counts = [_counted(units) for units in (base, patched, target, merged)]
    b, p, t, m = counts
    return any(p[key] > b[key] and t[key] > b[key] and m[key] > max(p[key], t[key]) for key in p)


def _counted(units: Units) -> Counter[tuple[object, ...]]:
    """How often each long statement, and each definition of a name in a block, is there."""
    found: Counter[tuple[object, ...]] = Counter()
    for unit in units:
        if unit.kind == "code" and len(unit.tokens) >= LONG:
            found[unit.depth, unit.key] += 1
    found.update(("def", name) for _unit, name, starts in _blocks(units) if starts)
    return found
