"""``python -m cli.pages [--check]``: write the generated pages of ``docs/``, or tell which are not current.

Owns the list of generated pages. Must never hold a page's content; each comes from the code that it describes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import msgspec

from api import reference as api_reference
from cli import fault_pages
from cli.hazard_tests import hazard_tests
from controller.alarms import document as alarm_document
from controller.config import reference
from controller.config.load import load_config
from controller.core import mode_table
from controller.core.events import CoreEvent
from controller.core.publish import HIDDEN
from controller.garage import Layout
from controller.garage.topology import topology_of
from plc_drivers import contract_tables
from safety import interlock_table, safety_case
from safety.interlocks.hand import HOLD_MS
from safety.matrix import matrix_of
from safety.matrix_document import FORMATS, render
from safety.proof.predicates import PREDICATES

ROOT = Path(__file__).parent.parent
MATRICES = Path("docs/cause-and-effect")


@cache
def pages() -> Mapping[Path, str]:
    """Every generated page by its path below the project's root."""
    contract = {contract_tables.DOCUMENTS / name: text for name, text in contract_tables.documents().items()}
    found = {
        Path("docs/alarms.md"): alarm_document.markdown(),
        Path("docs/api.md"): api_reference.markdown(event_kinds()),
        Path("docs/configuration.md"): reference.markdown(),
        Path("docs/faults.md"): fault_pages.document(),
        Path("docs/interlocks.md"): interlock_table.document(),
        Path("docs/safety-case.md"): safety_case.document(evidence()),
        **matrices(),
        Path("docs/modes.md"): mode_table.document(HOLD_MS),
        **contract,
    }
    return MappingProxyType(found)


def evidence() -> safety_case.Evidence:
    """What the safety case brings forward beside the declarations; the search adds its own list here."""
    proved = [safety_case.Claim(one.id, one.never, one.source) for one in PREDICATES]
    return safety_case.Evidence(proved=proved, tests=hazard_tests(ROOT))


def matrices() -> dict[Path, str]:
    """The cause-and-effect matrices of the shipped garages, in every form."""
    found: dict[Path, str] = {}
    for config in sorted((ROOT / "config").glob("*.toml")):
        garage = load_config(config)
        topology = topology_of(Layout(garage))
        matrix = matrix_of(topology)
        for form in FORMATS:
            page = MATRICES / f"{config.stem}.{form}"
            found[page] = render(form, garage.garage.name, matrix, topology.waivers)
    return found


def event_kinds() -> list[api_reference.EventKind]:
    """Every kind of event as the API tells it, from the core's definitions."""
    return [
        api_reference.EventKind(
            name=str(type_.__struct_config__.tag),
            meaning=(type_.__doc__ or "").strip(),
            fields=tuple(field.name for field in msgspec.structs.fields(type_) if field.name not in HIDDEN),
        )
        for type_ in get_args(CoreEvent)
    ]


def stale(root: Path = ROOT) -> list[Path]:
    """The pages that are absent or not as the code would write them now."""
    return [path for path, text in pages().items() if not _current(root / path, text)]


def write(root: Path = ROOT) -> list[Path]:
    """Write the pages that are not current; returns those."""
    changed = stale(root)
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(pages()[path], encoding="utf-8")
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, or with ``--check`` compare: then 1 when a page is not current."""
    parser = argparse.ArgumentParser(prog="python -m cli.pages", description="The generated pages of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is not current")
    options = parser.parse_args(arguments)
    changed = stale() if options.check else write()
    for path in changed:
        sys.stdout.write(f"{path} {'is not current: run make docs' if options.check else 'written'}\n")
    return int(bool(options.check and changed))


def _current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
