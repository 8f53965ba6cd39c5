"""Rewrite a series file: another order, other patches, the same comments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from hgport.model.series import entries

_BOM = b"\xef\xbb\xbf"


@dataclass
class _Block:
    """An entry's line with the comments above it."""

    above: list[bytes] = field(default_factory=list)
    line: bytes = b""


def with_names(data: bytes, names: Iterable[str]) -> bytes:
    """The content of a series file, so that it lists these patches in this order.

    Comments stay where they are: those above a patch go along with it, those of a patch that is
    not listed any more with the one after it.  What lists them already is given back as it is.
    """
    wanted = list(names)
    listed = [entry.name for entry in entries(data, "series")]
    if wanted == listed:
        return data
    bom = _BOM if data.startswith(_BOM) else b""
    top, blocks, end = _blocks(data[len(bom) :])
    _hand_down(blocks, listed, wanted, end)
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    lines = list(top)
    for name in wanted:
        raw = name.encode("utf-8", "surrogateescape")
        block = blocks.get(name, _Block(line=raw))
        lines += [*block.above, block.line]
    return bom + b"".join(_ended(line, newline) for line in lines + end)


def _ended(line: bytes, newline: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + newline


def _blocks(data: bytes) -> tuple[list[bytes], dict[str, _Block], list[bytes]]:
    """What stands at the top of all, each entry with what belongs to it, and what follows."""
    blocks: dict[str, _Block] = {}
    above: list[bytes] = []
    top: list[bytes] = []
    for line in re.findall(rb"[^\n]*\n|[^\n]+", data):
        listed = entries(line, "series")
        if not listed:
            above.append(line)
            continue
        if not blocks:
            top, above = _cut(above)
        blocks[listed[0].name] = _Block(above, line)
        above = []
    if not blocks:
        top, above = above, []
    return top, blocks, above


def _cut(lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Lines up to the last empty one, which are about the whole file, and those after it."""
    empty = [i for i, line in enumerate(lines) if not line.strip()]
    at = empty[-1] + 1 if empty else 0
    return lines[:at], lines[at:]


def _hand_down(
    blocks: dict[str, _Block], listed: list[str], wanted: list[str], end: list[bytes]
) -> None:
    """Give the comments of what goes to what comes after it and stays."""
    orphans: list[bytes] = []
    for name in listed:
        if name in wanted:
            blocks[name].above = orphans + blocks[name].above
            orphans = []
        else:
            orphans += blocks.pop(name).above
    end[:0] = orphans
