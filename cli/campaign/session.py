"""A campaign from beginning to end: its jobs, its progress, its failures and what it came to.

Owns how progress and failures are told. Must never decide what a failure is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import settings
from cli.campaign import recording
from cli.campaign.report import Report
from cli.campaign.run import Run, Settings
from cli.campaign.story import Shortener
from cli.campaign.worker import Done, Job, work_all
from cli.failure import Failure
from cli.printing import print_json, print_line

_TELL_EVERY_S = 5.0
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be run."""

    seeds: range
    hours: float
    configs: Sequence[Path]
    fault_rate: float
    order_rate: float
    processes: int
    out: Path | None
    shorten: bool
    as_json: bool


def run_campaign(wanted: Wanted) -> None:
    """Run every seed of every garage.

    Raises:
        Failure: at least one run failed, or a configuration cannot be used.
    """
    jobs = [
        Job(path, settings.load(path), Settings(seed, wanted.hours, wanted.fault_rate, wanted.order_rate))
        for seed in wanted.seeds
        for path in wanted.configs
    ]
    report = Report()
    progress = _Progress(len(jobs))
    for done in work_all(jobs, wanted.processes):
        report.add(done)
        if done.outcome.findings:
            report.failures.append(_failed(done, wanted.out, shorten=wanted.shorten))
        progress.tell(report)
    if wanted.as_json:
        seeds = [wanted.seeds.start, wanted.seeds.stop - 1]
        print_json({**report.as_json(), "commit": recording.commit(), "seeds": seeds, "hours": wanted.hours})
    else:
        for line in report.lines():
            print_line(line)
    if report.failures:
        first = report.failures[0]
        text = f"{len(report.failures)} of {report.runs} runs failed, first seed {first['seed']} with {first['kind']}."
        raise Failure("CAMPAIGN_FAILED", text, "Read its story above; --out records it for --replay.").reported()


class _Progress:
    """Tells on standard error how far it is."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began_s = time.monotonic()
        self._told_s = 0.0

    def tell(self, report: Report) -> None:
        """A run has ended."""
        now_s = time.monotonic()
        if now_s - self._told_s < _TELL_EVERY_S and report.runs < self._total:
            return
        self._told_s = now_s
        left_s = (now_s - self._began_s) / report.runs * (self._total - report.runs)
        faults = ", ".join(f"{kind} {count}" for kind, count in report.injected.most_common(_SHOWN))
        rate = report.simulated_ms / 1000 / max(0.001, now_s - self._began_s)
        sys.stderr.write(
            f"{report.runs}/{self._total} runs, {rate:,.0f} times real time, {left_s:.0f} s left, "
            f"{len(report.failures)} failed; {sum(report.injected.values())} faults ({faults})\n"
        )


def _failed(done: Done, out: Path | None, *, shorten: bool) -> dict[str, Any]:
    """Tell a failure with its story on standard error, and record it."""
    job, outcome = done.job, done.outcome
    told = [one.told() for one in outcome.placed]
    last = outcome.findings[0]
    if shorten:
        story = Shortener(job.config, outcome).story()
        outcome, told, last = story.outcome, story.lines(), story.finding
    name = f"{job.path.stem}-seed-{job.settings.seed}"
    only = outcome.settings.only
    head = f"FAILED {job.path} seed {job.settings.seed} hours {job.settings.hours:g}: {last.kind}: {last.text}"
    sys.stderr.write("\n".join([head, *(f"  {line}" for line in told), ""]))
    file = None if out is None else out / f"{name}.jsonl"
    if file is not None:
        recording.write(file, job.path, job.config, outcome)
        sys.stderr.write(f"  recorded: garagectl campaign --replay {file}\n")
    return {
        "seed": job.settings.seed,
        "config": str(job.path),
        "kind": last.kind,
        "text": last.text,
        "at_s": last.at_ms / 1000,
        "faults": None if only is None else sorted(only),
        "story": told,
        "recording": None if file is None else str(file),
    }


def replay_recording(file: Path, *, as_json: bool) -> None:
    """Run a recording again and say whether it came out the same."""
    head = recording.read(file)
    garage = settings.load(Path(head["config"]))
    run = Run(garage, recording.settings_of(head), tell=None if as_json else _say)
    outcome = run.run()
    same = outcome.digest == head["digest"]
    findings = [f"{finding.kind}: {finding.text}" for finding in outcome.findings]
    if as_json:
        print_json({"same": same, "digest": outcome.digest, "findings": findings, "commit": recording.commit()})
    else:
        for line in (*findings, "The same, bit by bit." if same else "Not the same as recorded."):
            print_line(line)
    if not same:
        text = f"{file} was recorded with commit {head['commit'] or 'unknown'} and comes out otherwise now."
        raise Failure("REPLAY_DIFFERS", text, "Check out that commit, or record it anew.").reported()
    if findings:
        raise Failure("CAMPAIGN_FAILED", f"{findings[0]}.", "Mend what the story shows.").reported()


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
