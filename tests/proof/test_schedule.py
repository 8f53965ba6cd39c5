"""What becomes of a run when the workers fail it."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import BrokenExecutor
from pathlib import Path

import pytest

from hgport.errors import OutsideError
from hgport.model import project
from hgport.proof import plan, schedule
from hgport.proof.interpreters import Interpreter
from hgport.proof.workers import local
from hgport.upstream.contents import Contents


def test_workers_that_died_before_they_were_given_work(tmp_path: Path) -> None:
    stack, catalogue = project.load()
    python = Interpreter("3.8", tmp_path / "python3.8", "never run")
    demanded = [(catalogue.release("5.2.2"), ("3.8",))]
    subject, cells = next(
        iter(plan.make(stack, catalogue, demanded, {"3.8": python}).by_subject().items())
    )
    with Contents(tmp_path / "contents") as contents, local(1) as executor:
        with contextlib.suppress(BrokenExecutor):
            executor.submit(os._exit, 1).result()
        run = schedule._Run({subject: cells}, contents, tmp_path, executor, 1, lambda *_: None)
        with pytest.raises(OutsideError, match="a worker process died"):
            run.run()
