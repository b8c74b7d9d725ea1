"""``garagectl``, the one entry point: puts the parts together.

Owns the list of commands and the exit codes: 0 done, 1 the operation failed, 2 wrong usage. Must never hold logic of
its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import typer

from cli import (
    alarms,
    backup,
    black_box,
    booking_commands,
    check_config,
    contract,
    demo,
    diag,
    emulate,
    explain,
    fault,
    interlocks,
    journal,
    manual,
    operate,
    order_commands,
    plan_capacity,
    prove,
    recover,
    replay,
    run,
    status,
    zones,
)
from cli import verify as verify_command
from cli.campaign import command as campaign_command
from cli.failure import Failure

EXIT_FAILED = 1

app = typer.Typer(
    name="garagectl",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Controller of automated car towers. Try: garagectl demo",
)

_COMMANDS: tuple[tuple[str, Callable[..., None], str], ...] = (
    ("demo", demo.demo, "garagectl demo --config config/garage-shuttle.toml --speed 5"),
    ("check-config", check_config.check_config, "garagectl check-config config/tower-small.toml"),
    ("contract", contract.contract, "garagectl contract --config config/tower-small.toml --device lift1"),
    ("interlocks", interlocks.interlocks, "garagectl interlocks --config config/tower-small.toml"),
    ("prove", prove.prove, "garagectl prove --config config/tower-small.toml --hazard H02"),
    ("verify", verify_command.verify, "garagectl verify --variant tower --jobs 2"),
    ("campaign", campaign_command.campaign, "garagectl campaign --seeds 2 --hours 6 --config config/tower-small.toml"),
    (
        "plan-capacity",
        plan_capacity.plan_capacity,
        "garagectl plan-capacity --config config/tower-guangzhou.toml --demand config/demand/retail.toml",
    ),
    ("emulate", emulate.emulate, "garagectl emulate --config config/tower-small.toml --speed 5"),
    ("run", run.run, "garagectl run --config config/tower-small.toml --state /var/lib/garage"),
    ("status", status.status, "garagectl status --url http://127.0.0.1:8082"),
    ("explain", explain.explain, "garagectl explain lift1.travel"),
    ("orders", order_commands.orders, "garagectl orders --json"),
    ("retrieve", order_commands.retrieve, "garagectl retrieve mustang-01 --cabin cabin1 --wait"),
    ("store", order_commands.store, "garagectl store kuga-09 --model 'Ford Kuga' --cabin cabin2"),
    ("relocate", order_commands.relocate, "garagectl relocate mustang-01 --target l3-c2-left"),
    ("withdraw", order_commands.withdraw, "garagectl withdraw ORDER"),
    ("start", operate.start, "garagectl start"),
    ("stop", operate.stop, "garagectl stop"),
    ("clear", operate.clear, "garagectl clear lift1"),
    ("zones", zones.zones, "garagectl zones --json"),
    ("lock", zones.lock, "garagectl lock 1 --person 'Mia Chen' --note 'rope inspection'"),
    ("unlock", zones.unlock, "garagectl unlock 1 --person 'Mia Chen'"),
    ("end-fire", zones.end_fire, "garagectl end-fire --person 'Mia Chen'"),
    ("occupancy", zones.occupancy, "garagectl occupancy --json"),
    ("confirm", zones.confirm, "garagectl confirm shuttle1-deck --empty --person 'Mia Chen'"),
    ("backup", backup.backup, "garagectl backup /mnt/backup/journal.sqlite --state /var/lib/garage"),
    ("restore", backup.restore, "garagectl restore /mnt/backup/journal.sqlite --person 'Mia Chen'"),
    ("replay", replay.replay, "garagectl replay /var/lib/garage/black-box/frozen/20260501T0412Z-zone1.estop.gbx"),
    ("recover", recover.recover, "garagectl recover --person 'Mia Chen'"),
    ("manual", manual.manual, "garagectl manual lift1 travel forward --person 'Mia Chen' --seconds 2"),
)

for _name, _function, _example in _COMMANDS:
    app.command(_name, epilog=f"Example: {_example}")(_function)
app.add_typer(alarms.app, name="alarms", epilog="Example: garagectl alarms --json")
app.add_typer(black_box.app, name="black-box", epilog="Example: garagectl black-box list --json")
app.add_typer(booking_commands.app, name="booking", epilog="Example: garagectl booking list --json")
app.add_typer(diag.app, name="diag", epilog="Example: garagectl diag link --config config/tower-small.toml")
app.add_typer(journal.app, name="journal", epilog="Example: garagectl journal verify --json")
app.add_typer(fault.app, name="fault", epilog="Example: garagectl fault inject lift1.rope_taut --kind inverted")


def main() -> None:
    """Run one command and end the process with its exit code."""
    try:
        app(prog_name="garagectl")
    except Failure as failure:
        # A failure can come before a command has read its options, so the arguments themselves are asked.
        if "--json" in sys.argv[1:] and not failure.is_reported:
            sys.stdout.write(json.dumps(failure.as_json(), indent=2, ensure_ascii=False) + "\n")
        sys.stderr.write(f"{failure}\n")
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
