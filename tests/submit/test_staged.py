"""A release and the series on it, for a while."""

from __future__ import annotations

import dataclasses

from hgport.engine import hg
from hgport.engine.commits import Order
from hgport.model import project
from hgport.submit.identity import STAND_IN
from hgport.submit.staged import staged


def test_it_is_there_for_the_block() -> None:
    stack, catalogue = project.load()
    me = "Zoë <z@example.org>"
    order = Order(stack, catalogue, catalogue.release("7.2.4"), me, stand_in=STAND_IN)
    with staged(order) as made:
        told = hg.run(
            "log", "-r", "sort(all(), rev)", "-T", "{node} {phase} {author}\n", cwd=made.repository
        )
        lines = told.stdout.decode().splitlines()
        assert [patch.name for patch in made.patches] == list(made.changesets)
        assert len(made.patches) == 2 and set(made.changesets) < set(stack.names)
        assert lines[0].startswith(f"{made.base} public ")
        assert lines[1:] == [f"{node} draft {me}" for node in made.changesets.values()]
    assert not made.repository.parent.exists()


def test_another_author_stays() -> None:
    stack, catalogue = project.load()
    order = Order(stack, catalogue, catalogue.release("7.2.4"), "me <m@x>", stand_in="you <y@x>")
    patch = stack.top.patches[0]
    assert order.author(patch) == STAND_IN
    assert order.author(dataclasses.replace(patch, user="you <y@x>")) == "me <m@x>"
    assert order.author(dataclasses.replace(patch, user="")) == "me <m@x>"
