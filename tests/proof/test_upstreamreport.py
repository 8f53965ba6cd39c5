"""The reports of run-tests.py, as releases really wrote them."""

from __future__ import annotations

import pytest

from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, UNTOLD, Seen, file_of, read

# 5.2.2 on Python 2.7, shortened
REPORT = """testreport ={
    "test-http-bad-server.t": {
        "csys": "0.050", "cuser": "0.040", "diff": "", "end": "0.070",
        "result": "skip", "start": "0.000", "time": "0.070"
    },
    "test-http-body.py": {
        "csys": "1.460", "cuser": "4.940",
        "diff": "--- tests/test-http-body.py.out\\n+++ out/test-http-body.py.err\\n+ERROR: x\\n",
        "end": "94.620", "result": "failure", "start": "3.510", "time": "91.110"
    },
    "test-lfs-test-server.t#git-server": {
        "csys": "0.090", "cuser": "0.080", "diff": "", "end": "0.170",
        "result": "skip", "start": "0.000", "time": "0.170"
    },
    "test-lfs-test-server.t#hg-server": {
        "csys": "2.190", "cuser": "6.920", "diff": "", "end": "8.490",
        "result": "success", "start": "0.120", "time": "8.370"
    },
    "test-nothing.t": {
        "result": "skip"
    }
}"""
PRINTED = """\
running 5 tests using 2 parallel processes
sss.
ERROR: test-http-body.py output changed
!
Skipped test-http-bad-server.t: missing feature: zstd Python module available
Skipped test-lfs-test-server.t#git-server: missing feature: git-lfs test server
Skipped test-nothing.t: Doesn't exist
Failed test-http-body.py: output changed and returned error code 1
# Ran 2 tests, 3 skipped, 1 failed.
"""
TESTS = ("test-http-bad-server.t", "test-http-body.py", "test-lfs-test-server.t", "test-nothing.t")


def test_each_outcome_with_what_explains_it() -> None:
    found = read(REPORT, PRINTED, TESTS)
    assert {name: (one.outcome, one.seconds) for name, one in found.items()} == {
        "test-http-bad-server.t": (SKIPPED, 0.07),
        "test-http-body.py": (FAILED, 91.11),
        "test-lfs-test-server.t#git-server": (SKIPPED, 0.17),
        "test-lfs-test-server.t#hg-server": (PASSED, 8.37),
        "test-nothing.t": (SKIPPED, 0.0),
    }
    assert found["test-http-body.py"].text.splitlines()[-1] == "+ERROR: x"
    skipped = found["test-lfs-test-server.t#git-server"]
    assert skipped.text == "missing feature: git-lfs test server"
    assert found["test-nothing.t"].text == "Doesn't exist"


def test_a_failure_is_kept_to_its_end() -> None:
    diff = "".join(f"+line {number}\\n" for number in range(1000))
    found = read(REPORT.replace("+ERROR: x\\n", diff), PRINTED, TESTS)
    assert found["test-http-body.py"].text.endswith("+line 999")


def test_a_failure_without_a_difference_has_its_reason() -> None:
    report = REPORT.replace("--- tests", "").replace('"diff": "/test', '"was": "')
    seen = read(report, PRINTED, TESTS)["test-http-body.py"]
    assert seen == Seen(FAILED, 91.11, "output changed and returned error code 1")


def test_what_broke_is_not_in_the_report_and_has_failed() -> None:
    printed = PRINTED + "Errored test-lfs-bundle.t: cannot find the shell\n"
    found = read(REPORT, printed, [*TESTS, "test-lfs-bundle.t", "test-unheard-of.t"])
    assert found["test-lfs-bundle.t"] == Seen(FAILED, 0.0, "cannot find the shell")
    assert found["test-unheard-of.t"].outcome == UNTOLD
    assert len(found) == 7


@pytest.mark.parametrize(
    "report", ["", "testreport =", "testreport =[]", '{"a": []}', '{"a": {"result": "odd"}}']
)
def test_what_is_no_report(report: str) -> None:
    with pytest.raises(ValueError):
        read(report, "", [])


@pytest.mark.parametrize(
    "name", ["test-lfs.t", "test-lfs.t#case", "test-lfs.t#a#b", "test-lfs.t (case old)"]
)
def test_a_case_is_of_a_file(name: str) -> None:
    assert file_of(name) == "test-lfs.t"


def test_a_case_of_an_old_release_has_its_reason() -> None:
    report = '{"test-x.t (case one)": {"result": "skip", "time": "0.1"}}'
    printed = "Skipped test-x.t (case one): missing feature: one\n"
    (seen,) = read(report, printed, ["test-x.t"]).values()
    assert seen == Seen(SKIPPED, 0.1, "missing feature: one")


def test_as_plain_data_and_back() -> None:
    for seen in read(REPORT, PRINTED, [*TESTS, "test-unheard-of.t"]).values():
        assert Seen.from_json(seen.to_json()) == seen
    with pytest.raises(ValueError):
        Seen.from_json({"outcome": "odd", "seconds": 1.0})
