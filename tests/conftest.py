"""What all tests share: the leak check, parts outside Python, free ports, short state folders, shipped garages.

Owns the fixtures of the whole suite. Must never hide a leak: the list of what may stay is in ``leaks.py``.
"""

from __future__ import annotations

import inspect
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path

import pytest

from controller.config.endpoints import with_endpoints
from controller.config.load import load_config
from controller.config.models import GarageConfig
from tests.clock import VirtualClock
from tests.free_ports import free_port as _free_port
from tests.leaks import Belongings, belongings, left_since, tasks_left
from tests.needs import in_ci, missing

CONFIG_FOLDER = Path(__file__).parent.parent / "config"

_BEFORE = pytest.StashKey[Belongings]()


def pytest_configure(config: pytest.Config) -> None:
    """Make the suite's own markers known."""
    config.addinivalue_line("markers", "needs(*names): parts outside Python; see tests/needs.py")
    config.addinivalue_line("markers", "shares(reason): uses something that outlives the test, as one browser for many")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give each asynchronous test the check for tasks, as its outermost fixture."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(inspect.unwrap(item.obj)):
        item.fixturenames.insert(0, "no_task_left")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose parts are not installed, or fail it where they must be."""
    names = tuple(name for mark in item.iter_markers("needs") for name in mark.args)
    install = missing(names)
    if install is None:
        return
    if in_ci():
        pytest.fail(f"needs {', '.join(names)}: {install}", pytrace=False)
    pytest.skip(f"needs {', '.join(names)}: {install}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Remember what was there before the test's first fixture."""
    item.stash[_BEFORE] = belongings()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that leaves a thread, a socket or a process behind when all its fixtures have ended."""
    result = yield
    if item.get_closest_marker("shares") is None:
        left = left_since(item.stash[_BEFORE])
        if left:
            pytest.fail("the test leaves behind: " + "; ".join(left), pytrace=False)
    return result


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail an asynchronous test that leaves a task running when its other fixtures have ended."""
    yield
    left = await tasks_left()
    if left:
        pytest.fail("the test leaves behind: " + "; ".join(left), pytrace=False)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A function that gives a free TCP port of 127.0.0.1 at each call."""
    return _free_port


@pytest.fixture
def tmp_state() -> Iterator[Path]:
    """A state folder with a path short enough for local sockets, which may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="gc-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that only the test moves."""
    return VirtualClock()


@pytest.fixture
def config_on_free_ports() -> Callable[[str], GarageConfig]:
    """A function that loads a shipped garage by name, as ``tower-small``, on free TCP ports."""

    def load(name: str) -> GarageConfig:
        return with_endpoints(load_config(CONFIG_FOLDER / f"{name}.toml"), lambda _host, _port: _free_port())

    return load
