"""A pytest session that has collected the tests once and runs each mutant in a fork of itself.

Owns the order of the tests (those first that killed neighbours of the mutant, then those of its file, then the short
ones), the forks, and the results file. A fork runs only tests that call the mutated function, until one fails; a test
that is marked ``document`` compares a printed page and is asked about wording alone. Must never change a mutant.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import FrameType

import pytest

from tests.mutation.applying import apply, made_from
from tests.mutation.mutants import ROOT, Key, Mutant, mutants_of


@dataclass(frozen=True)
class Plan:
    """What a session is to do; ``known`` are results that need no second run."""

    files: Sequence[str]
    results: Path
    known: frozenset[Key] = frozenset()
    children: int = 2
    test_s_max: float = 3.0
    mutant_s_max: float = 20.0


@dataclass
class _Survey:
    """How long each test takes, which tests call a function of ``safety``, and which name a constant.

    ``callers`` has functions as ``file:scope``, and files for whatever is called in them. The cases of one written
    test count as one: what they share is made by the first.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    callers: dict[str, list[str]] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    documents: set[str] = field(default_factory=set)


@dataclass
class MutationSession:
    """The plugin."""

    plan: Plan
    failed: bool = False
    survived: int = 0
    killed: int = 0
    _kills: Counter[tuple[str, str]] = field(default_factory=Counter)

    def pytest_configure(self) -> None:
        """A counter-example is enough: it need not be small, and nothing is kept for another mutant."""
        from hypothesis import HealthCheck, Phase, settings  # after pytest has prepared its assertions

        settings.register_profile(
            "mutation",
            database=None,
            derandomize=True,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test of this process failed."""
        self.failed = self.failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of the tests: every mutant, in forks."""
        items = {item.nodeid: item for item in session.items}
        survey = self._survey(items)
        gc.collect()
        gc.freeze()
        running: dict[int, tuple[Mutant, int, float]] = {}
        with self.plan.results.open("a", encoding="utf-8") as out:
            for mutant in self._wanted():
                if len(running) >= self.plan.children:
                    self._reap(running, out.write)
                    out.flush()
                chosen = self._order(mutant, survey)
                pid, pipe = self._fork(mutant, [items[name] for name in chosen])
                running[pid] = (mutant, pipe, time.monotonic())
            while running:
                self._reap(running, out.write)
        sys.stdout.write(f"{self.killed} killed, {self.survived} survived\n")
        return True

    def _wanted(self) -> Iterator[Mutant]:
        """What is decided first, wording last."""
        for is_wording in (False, True):
            for file in self.plan.files:
                sys.stdout.write(f"{file}{': wording' if is_wording else ''}\n")
                sys.stdout.flush()
                for mutant in mutants_of(file):
                    if mutant.is_wording is is_wording and mutant.key not in self.plan.known:
                        yield mutant

    def _survey(self, items: dict[str, pytest.Item]) -> _Survey:
        """What each test calls and how long it takes; of the last run, when no source has changed since."""
        kept = self.plan.results.with_name("survey.json")
        version = _version(items)
        found = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
        if found.get("version") != version:
            seconds, callers = self._surveyed(items)
            found = {"version": version, "seconds": seconds, "callers": callers}
            kept.write_text(json.dumps(found), encoding="utf-8")
        documents = {name for name, item in items.items() if item.get_closest_marker("document") is not None}
        return _Survey(found["seconds"], found["callers"], _names(items), documents)

    def _surveyed(self, items: dict[str, pytest.Item]) -> tuple[dict[str, float], dict[str, list[str]]]:
        """Run everything twice, in a fork, so that this process stays as it was."""
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            _quiet()
            found = _Survey()
            for _, same in groupby(items, key=_written_test):
                _forget()
                names, places = list(same), set[str]()
                for name in names:
                    places |= _called_by(items[name])
                    # Again for its time, because a fork makes what tests share only once.
                    began = time.process_time()
                    items[name].ihook.pytest_runtest_protocol(item=items[name], nextitem=None)
                    found.seconds[name] = time.process_time() - began
                for place in places:
                    found.callers.setdefault(place, []).extend(names)
            with os.fdopen(writer, "w") as pipe:
                json.dump([self.failed, found.seconds, found.callers], pipe)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            failed, seconds, callers = json.load(pipe)
        os.waitpid(pid, 0)
        if failed:
            raise pytest.UsageError("the tests fail without a mutant already")
        return seconds, callers

    def _order(self, mutant: Mutant, survey: _Survey) -> list[str]:
        """Tests for one mutant: pages of its wording, killers of neighbours, then by duration, while time allows."""
        place = mutant.file if mutant.is_constant else f"{mutant.file}:{mutant.scope}"
        names = [name for name in survey.callers.get(place, ()) if survey.seconds[name] <= self.plan.test_s_max]
        if mutant.is_constant:
            for constant in (mutant.scope, *(name for name, _ in made_from(mutant.file, mutant.scope))):
                names += [name for name in sorted(survey.names.get(constant, ())) if name not in names]
        if not mutant.is_wording:
            names = [name for name in names if name not in survey.documents]
        kills = self._kills
        own = f"/test_{Path(mutant.file).stem}"
        pages = survey.documents
        names.sort(
            key=lambda name: (
                name not in pages, -kills[place, name], -kills[mutant.file, name], own not in name, survey.seconds[name]
            )
        )  # fmt: skip
        left = self.plan.mutant_s_max
        chosen: list[str] = []
        for name in names:
            left -= survey.seconds[name]
            if left < 0:
                break
            chosen.append(name)
        return chosen

    def _fork(self, mutant: Mutant, items: Sequence[pytest.Item]) -> tuple[int, int]:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writer)
            return pid, reader
        os.close(reader)
        limit = int(3 * self.plan.mutant_s_max)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        _quiet()
        killer = self._killer(mutant, items)
        with contextlib.suppress(OSError):
            os.write(writer, killer.encode())
        os._exit(1 if killer else 0)

    def _killer(self, mutant: Mutant, items: Sequence[pytest.Item]) -> str:
        """The test that fails, empty when none does."""
        try:
            apply(mutant)
        except Exception as error:  # noqa: BLE001  # whatever a mutant does when it is loaded
            return f"load: {type(error).__name__}"
        for item in items:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if self.failed:
                return item.nodeid
        return ""

    def _reap(self, running: dict[int, tuple[Mutant, int, float]], write: object) -> None:
        pid, status = os.wait()
        mutant, pipe, began = running.pop(pid)
        with os.fdopen(pipe) as reader:
            killer = reader.read()
        code = os.waitstatus_to_exitcode(status)
        if code not in (0, 1):
            killer = f"died: {code}"
        place = mutant.file if mutant.is_constant else f"{mutant.file}:{mutant.scope}"
        if killer:
            self.killed += 1
            self._kills[place, killer] += 1
            self._kills[mutant.file, killer] += 1
        else:
            self.survived += 1
        row = [*mutant.key, killer, round(time.monotonic() - began, 2)]
        if callable(write):
            write(json.dumps(row) + "\n")


def _version(items: Iterable[str]) -> str:
    """A name for the tests that were collected and for every source that they may run."""
    digest = hashlib.sha256("\n".join(items).encode())
    for folder in ("plc_drivers", "safety", "tests/safety"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _written_test(name: str) -> str:
    """A test without the case that it is run for."""
    return name.partition("[")[0]


def _called_by(item: pytest.Item) -> set[str]:
    """Functions of ``safety`` that a test calls, as ``file:scope``, and their files."""
    root = f"{ROOT}/safety/"
    found: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(root):
            found.add((frame.f_code.co_filename, frame.f_code.co_qualname))

    sys.setprofile(note)
    try:
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
    finally:
        sys.setprofile(None)
    places = {(name.removeprefix(f"{ROOT}/"), scope) for name, scope in found}
    return {f"{name}:{scope}" for name, scope in places} | {name for name, _ in places}


def _names(items: dict[str, pytest.Item]) -> dict[str, set[str]]:
    """For each constant that a test's module has by name: the tests of that module."""
    found: dict[str, set[str]] = {}
    for test, item in items.items():
        for name in vars(item.module) if isinstance(item, pytest.Function) else ():
            if name.isupper() or name.startswith("_"):
                found.setdefault(name, set()).add(test)
    return found


def _forget() -> None:
    """Empty the caches of the tests, so that each test is seen to call all that it depends on."""
    for name, module in list(sys.modules.items()):
        if name.startswith("tests.safety"):
            for cached in list(vars(module).values()):
                if hasattr(cached, "cache_clear"):
                    cached.cache_clear()


def _quiet() -> None:
    """What a fork prints is nobody's."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
