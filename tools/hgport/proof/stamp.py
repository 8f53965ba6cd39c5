"""The stamp of a judgement: what it was made by.

A verdict that was given under one stamp would be given again under the same one, so it may be
remembered beside the evidence, which then need not be read.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import hgport
from hgport.proof.expectations import Expectation


@functools.cache
def stamp(expected: Expectation) -> str:
    """The stamp (hex) of a judgement by an expectation.

    What is judged is not in it; that has the cell's key.
    """
    return hashlib.sha256(_judge() + json.dumps(asdict(expected)).encode()).hexdigest()[:32]


@functools.lru_cache(maxsize=1)
def _judge() -> bytes:
    """The hash of the code that judges: the whole room, as it costs little to judge once more."""
    digest = hashlib.sha256()
    for path in sorted((Path(hgport.__file__).parent / "proof").glob("*.py")):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
