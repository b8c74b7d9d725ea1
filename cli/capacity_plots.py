"""Pictures of a capacity plan: PNG files, and one HTML page with everything in it.

Owns the drawings. matplotlib comes with the extra ``plots`` and is loaded only here, when a folder is asked for. Must
never work out a figure.
"""

from __future__ import annotations

from html import escape
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from cli.failure import Failure
from controller.planning.capacity import Capacity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE = "body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em}svg{width:100%;height:auto}"


def write_plots(capacity: Capacity, folder: Path, title: str, sentences: list[str]) -> list[Path]:
    """``waits.png``, ``utilisation.png`` and ``report.html``.

    Raises:
        Failure: ``PLOTS_MISSING`` without matplotlib, ``FOLDER_UNWRITABLE`` when the folder cannot be written.
    """
    if find_spec("matplotlib") is None:
        raise Failure(
            "PLOTS_MISSING",
            "matplotlib is not installed.",
            "Install the extra: pip install 'garage-controller[plots]'.",
        )
    figures = {"waits": _waits(capacity), "utilisation": _utilisation(capacity)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, figure in figures.items():
            path = folder / f"{name}.png"
            figure.savefig(path, dpi=120)
            written.append(path)
        page = folder / "report.html"
        page.write_text(_page(title, sentences, [_svg(figure) for figure in figures.values()]), encoding="utf-8")
    except OSError as error:
        raise Failure("FOLDER_UNWRITABLE", f"{folder} cannot be written: {error}.", "Name another folder.") from error
    return [*written, page]


def _waits(capacity: Capacity) -> Figure:
    figure, hours = _empty(), [one.hour for one in capacity.hours]
    axes = figure.subplots()
    means = [one.mean_wait_s.value for one in capacity.hours]
    halves = [one.mean_wait_s.half or 0.0 for one in capacity.hours]
    axes.bar(hours, means, yerr=halves, capsize=3, color="#4477aa", label="mean, with its 95 % confidence interval")
    axes.plot(hours, [one.p95_wait_s for one in capacity.hours], "o-", color="#cc6677", label="95 of 100 wait at most")
    axes.set(title="Wait by the hour in which customers ask", xlabel="hour of the day", ylabel="s")
    axes.legend()
    return figure


def _utilisation(capacity: Capacity) -> Figure:
    figure, names = _empty(), [unit.unit for unit in capacity.units]
    axes = figure.subplots()
    axes.barh(names, [unit.busiest for unit in capacity.units], color="#ddcc77", label="in its busiest hour")
    axes.barh(names, [unit.busy.value for unit in capacity.units], height=0.4, color="#4477aa", label="on average")
    axes.set(title="How busy each unit is", xlabel="% of the time", xlim=(0, 100))
    axes.invert_yaxis()
    axes.legend()
    return figure


def _empty() -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(8, 4.5), layout="constrained")


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    whole = text.getvalue()
    return whole[whole.index("<svg") :]


def _page(title: str, sentences: list[str], drawings: list[str]) -> str:
    paragraphs = "\n".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n<h1>{escape(title)}</h1>\n{paragraphs}\n" + "\n".join(drawings)
    ) + "\n</body></html>\n"
