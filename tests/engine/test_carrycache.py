"""What was carried is remembered, and anything that goes in makes it anew."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import hgport
from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport import process
from hgport.engine import carrycache
from hgport.engine.carried import CarriedSeries, CarryOrder, Fate
from hgport.engine.origins import origin_of
from hgport.engine.records import Edit, FileRecord, Kind, Record
from hgport.engine.resolutions import Memory
from hgport.model import project

BASE = numbered(30)
ONE = patch_bytes(file_diff("f", BASE, numbered(30, line10="new 10")))
TWO = patch_bytes(
    file_diff("f", numbered(30, line10="new 10"), numbered(30, line10="new 10", line25="new 25"))
)
Compiles = Callable[[str, bytes], str]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path)
    result.release("5.1", {"f": b"first\n" + numbered(30, line25="other 25")})
    result.release("5.2", {"f": BASE})
    result.release("5.3", {"f": b"first\n" + numbered(30, line9="other 9")})
    result.write("5.2", {"one.patch": ONE, "two.patch": TWO})
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def order_for(version: str, base: str | None = None) -> CarryOrder:
    stack, catalogue = project.load()
    target = catalogue.release(version)
    return CarryOrder(stack, catalogue, origin_of(stack, catalogue, target, base), target)


class Asked:
    """Counts how often something had to be carried."""

    def __init__(self) -> None:
        self.times = 0

    def carried(self, order: CarryOrder, **more: object) -> CarriedSeries:
        return carrycache.carried(order, compiler=self._compiler, **more)  # type: ignore[arg-type]

    def _compiler(self, release: object) -> Compiles | None:
        self.times += 1
        return None


def test_the_second_time_it_is_known(made: Project) -> None:
    asked = Asked()
    for version in ("5.1", "5.3"):
        first = asked.carried(order_for(version))
        again = asked.carried(order_for(version))
        assert again == first
    assert asked.times == 2


def test_conflicts_and_uses_come_back_whole(made: Project) -> None:
    asked = Asked()
    first = asked.carried(order_for("5.1"))
    assert first.conflict is not None
    (file,) = first.conflict.files
    assert file.merge is not None
    assert file.merge.conflicts[0].target == b"other 25\n"
    assert asked.carried(order_for("5.1")).conflict == first.conflict
    memory = remembering(file.content or b"")
    resolved = asked.carried(order_for("5.1"), memory=memory)
    assert [one.fate for one in resolved.patches] == [Fate.EXACT, Fate.RESOLVED]
    again = asked.carried(order_for("5.1"), memory=memory)
    assert again == resolved
    assert [use.kind for use in again.patches[1].uses] == [Kind.CONFLICT]
    assert asked.times == 2


def test_a_patch_of_the_ports_own_comes_back(made: Project) -> None:
    body = b"--- /dev/null\n+++ b/new\n@@ -0,0 +1,1 @@\n+own\n"
    memory = Memory(Path("x"), (Record("5.1", "own.patch", whole=b"own\n\n" + body),))
    first = carrycache.carried(order_for("5.1"), memory=memory)
    assert first.patches[0].patch.name == "own.patch"
    assert carrycache.carried(order_for("5.1"), memory=memory) == first
    assert len(files(made)) == 1


def remembering(content: bytes) -> Memory:
    """A memory of how the only conflict in a text was resolved."""
    start, end = content.index(b"<<<<<<<"), content.index(b">>>>>>>")
    block = content[start : content.index(b"\n", end) + 1]
    lines = tuple((b"-", line) for line in block.splitlines(keepends=True))
    edit = Edit(Kind.CONFLICT, (*lines, (b"+", b"both 25\n")))
    record = Record("5.0", "two.patch", (FileRecord("f", (edit,)),))
    return Memory(Path("resolutions"), (record,))


@pytest.mark.parametrize("what", ["patch", "base", "target", "memory", "judge", "fuzz", "code"])
def test_what_goes_in_makes_it_anew(
    made: Project, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    asked = Asked()
    asked.carried(order_for("5.3"))
    order, more = order_for("5.3"), {}
    if what == "patch":
        made.write("5.2", {"one.patch": ONE.replace(b"+new 10", b"+newer 10")})
        order = order_for("5.3")
    elif what == "base":
        made.release("5.2.1", {"f": b"more\n" + BASE})
        made.write("5.2", {"one.patch": ONE, "two.patch": TWO})
        order = order_for("5.3", "5.2.1")
    elif what == "target":
        made.release("5.4", {"f": BASE})
        made.write("5.2", {"one.patch": ONE, "two.patch": TWO})
        order = order_for("5.4")
    elif what == "memory":
        more = {"memory": remembering(b"<<<<<<< target\n||||||| base\n=======\n>>>>>>> patch\n")}
    elif what == "judge":
        more = {"judged_by": "another"}
    elif what == "fuzz":
        order = replace(order, fuzz=1)
    else:
        monkeypatch.setattr(carrycache, "_code_hash", lambda: b"of other code")
    asked.carried(order, **more)
    assert asked.times == 2


@pytest.mark.parametrize("module", ["engine/merge/dialect.py", "engine/carry.py", "model/diff.py"])
def test_code_goes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    copy = tmp_path / "hgport"
    shutil.copytree(Path(hgport.__file__).parent, copy)
    monkeypatch.setattr(hgport, "__file__", str(copy / "__init__.py"))
    code_hash = carrycache._code_hash.__wrapped__
    before = code_hash()
    assert code_hash() == before
    with (copy / module).open("ab") as file:
        file.write(b"# more\n")
    assert code_hash() != before


def test_what_a_person_settles_is_not_kept(made: Project) -> None:
    asked = Asked()
    mine = {"two.patch": {"f": b"mine\n"}}
    settled = asked.carried(order_for("5.1"), settled=mine)
    assert settled.conflict is None
    assert asked.carried(order_for("5.1")).conflict is not None
    assert [p.fate for p in asked.carried(order_for("5.1"), skipped=["two.patch"]).patches] == [
        Fate.EXACT,
        Fate.DROPPED,
    ]
    assert asked.times == 3


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data.replace(b"exact", b"lines", 1),
        lambda data: data[:65] + b"{}\n",
        lambda data: b"\xff" * len(data),
    ],
)
def test_damage_is_met_with_work(made: Project, damage: Callable[[bytes], bytes]) -> None:
    asked = Asked()
    first = asked.carried(order_for("5.3"))
    (file,) = files(made)
    file.write_bytes(damage(file.read_bytes()))
    assert asked.carried(order_for("5.3")) == first
    assert asked.times == 2
    assert asked.carried(order_for("5.3")) == first
    assert asked.times == 2


def test_damage_that_is_sealed_is_met_with_work(made: Project) -> None:
    """As another version of hgport could leave it, had it the same code."""
    asked = Asked()
    first = asked.carried(order_for("5.3"))
    (file,) = files(made)
    rest = b'{"patches": [["one.patch"], ["two.patch"]], "lengths": []}\n'
    file.write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    assert asked.carried(order_for("5.3")) == first
    assert asked.times == 2


def test_a_cache_that_cannot_be_written_costs_a_word(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    (made.cache / "carried").write_bytes(b"in the way")
    found = Asked().carried(order_for("5.3"))
    assert found.conflict is None
    assert "what was carried is not remembered: cannot write" in capsys.readouterr().err


def test_only_so_many_are_kept(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrycache, "_KEPT", 2)
    for number in range(4):
        Asked().carried(order_for("5.3"), judged_by=str(number))
    assert len(files(made)) == 2


def files(made: Project) -> list[Path]:
    return [path for path in (made.cache / "carried").iterdir() if path.name != "lock"]


def test_with_all_known_neither_mercurial_nor_an_sdist_is_touched(made: Project) -> None:
    Asked().carried(order_for("5.3"))
    for sdist in (made.cache / "sdists").iterdir():
        sdist.unlink()
    script = (
        "import sys\n"
        "from hgport.model import project\n"
        "from hgport.engine.origins import origin_of\n"
        "from hgport.engine import carrycache\n"
        "from hgport.engine.carried import CarryOrder\n"
        "stack, catalogue = project.load()\n"
        "target = catalogue.release('5.3')\n"
        "order = CarryOrder(stack, catalogue, origin_of(stack, catalogue, target), target)\n"
        "print(len(carrycache.carried(order).port))\n"
        "print([m for m in ('mercurial', 'black', 'sqlite3', 'tarfile') if m in sys.modules])\n"
    )
    said = process.run([sys.executable, "-c", script]).stdout.decode().splitlines()
    assert said == ["2", "[]"]
