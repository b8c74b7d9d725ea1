"""From a TOML file to a checked ``GarageConfig``, or to everything that is wrong with the file.

Owns reading the file and turning the models' complaints into findings that name file, key, value and what would
be right. Must never let an unchecked configuration out.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from controller.config import schema
from controller.config.check import check
from controller.config.finding import ConfigError, Finding, shown, suggestion
from controller.config.links import OpcUaLink
from controller.config.model import Model
from controller.config.models import CabinSection, GarageConfig, LiftSection, SafetySection, ShuttleSection
from controller.config.sections import definition_of, devices
from plc_drivers.profile import ProfileError, load_profile

_FILE_BYTES_MAX = 4_000_000
_FILE_KEYS = frozenset({"profile", "certificate", "private_key", "server_certificate", "password_file"})
"""Keys that name a file of this machine; a relative path is taken from the configuration's own folder."""

_MISSING = object()

_Section = TypeVar("_Section", bound=Model)
_Device = TypeVar("_Device", LiftSection, ShuttleSection, CabinSection, SafetySection)


def load_config(path: Path, *, memory_links: bool = False, today: date | None = None) -> GarageConfig:
    """Read, type and check one garage. ``memory_links`` allows links without a wire, which only tests may.

    Relative paths of profiles and certificates become absolute, taken from the folder of ``path``; what a profile
    calls absent is added to the device's own ``absent``. ``today`` (UTC) is the day by which waivers are judged,
    the machine's own when not given.

    Raises:
        ConfigError: with a finding for each mistake.
    """
    data = read_file(path)
    config = _anchored(_typed(data, str(path)), path.parent)
    findings = [*_missing_files(config, str(path)), *_bad_profiles(config, str(path))]
    if not findings:
        config = _without_what_profiles_lack(config)
    checked = check(config, memory_links=memory_links, today=today or datetime.now(UTC).date())
    findings = [*(replace(finding, file=str(path)) for finding in checked), *findings]
    if findings:
        raise ConfigError(findings)
    return config


def save_config(config: GarageConfig, path: Path) -> None:
    """Write a configuration as JSON, which ``load_config`` reads like TOML where the file is called ``.json``.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(config.model_dump_json(indent=1, exclude_none=True), encoding="utf-8")


def read_file(path: Path) -> dict[str, Any]:
    """The file as it stands: TOML, or JSON where it is called ``.json``.

    Raises:
        ConfigError: not there, not readable, too large, not UTF-8, or not TOML or JSON.
    """
    file = str(path)
    try:
        if path.stat().st_size > _FILE_BYTES_MAX:
            raise ConfigError(
                [_whole(file, "FILE_TOO_LARGE", "The file is larger than 4 MB.", "Is it the right file?")]
            )
        text = path.read_text(encoding="utf-8")
        return _read_json(text) if path.suffix == ".json" else tomllib.loads(text)
    except FileNotFoundError as error:
        remedy = "Give the path of a configuration, as config/tower-small.toml."
        raise ConfigError([_whole(file, "FILE_MISSING", "There is no such file.", remedy)]) from error
    except UnicodeDecodeError as error:
        text = f"The file is not UTF-8 (byte {error.start})."
        raise ConfigError([_whole(file, "FILE_NOT_UTF8", text, "Save it as UTF-8.")]) from error
    except tomllib.TOMLDecodeError as error:
        remedy = "Correct the syntax (https://toml.io)."
        raise ConfigError([_whole(file, "TOML_SYNTAX", f"The file is not valid TOML: {error}.", remedy)]) from error
    except json.JSONDecodeError as error:
        raise ConfigError(
            [_whole(file, "JSON_SYNTAX", f"The file is not valid JSON: {error}.", "Correct it.")]
        ) from error
    except OSError as error:
        text = f"The file cannot be read: {error.strerror}."
        raise ConfigError([_whole(file, "FILE_UNREADABLE", text, "Check its type and its rights.")]) from error


def parse_config(data: Mapping[str, Any], *, file: str = "", memory_links: bool = False) -> GarageConfig:
    """A checked configuration from plain data, typed strictly: a number in quotes is no number.

    Profiles are not opened and the dates of waivers are not judged; ``load_config`` does both.

    Raises:
        ConfigError: with a finding for each mistake.
    """
    config = _typed(data, file)
    findings = check(config, memory_links=memory_links)
    if findings:
        raise ConfigError([replace(finding, file=file) for finding in findings])
    return config


def _typed(data: Mapping[str, Any], file: str) -> GarageConfig:
    try:
        # Through JSON, because only there strict typing still takes a list for a tuple and a text for a path.
        return GarageConfig.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        details = _causes(error.errors(include_url=False))
        raise ConfigError([_finding(detail, data, file) for detail in details]) from error


def config_hash(config: GarageConfig) -> str:
    """SHA-256 of the whole configuration, hexadecimal; the same on every machine and for every order of keys."""
    plain = _without_folders(config.model_dump(mode="json"))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without the complaints that a list is too short when that is so only because entries of it are wrong."""
    paths = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(len(path) > len(detail["loc"]) and path[: len(detail["loc"])] == detail["loc"] for path in paths)
    ]


def _finding(detail: ErrorDetails, data: Mapping[str, Any], file: str) -> Finding:
    path = detail["loc"]
    real = _without_tags(path)
    value = _value_at(data, real)
    written = "" if value is _MISSING else shown(value)
    key = key_path(real)
    kind = detail["type"]
    if kind == "extra_forbidden":
        remedy = suggestion(path[-1], schema.known_keys(path[:-1]))
        return Finding("UNKNOWN_KEY", key, written, "There is no such key.", remedy, file)
    if kind == "missing":
        node = schema.at(path)
        remedy = "Add it" if node is None else f"Give {schema.described(node)}"
        return Finding("MISSING_KEY", key, "", "The key is missing.", f"{remedy}.", file)
    if kind.startswith("union_tag"):
        protocols = suggestion((value or {}).get("protocol", "") if isinstance(value, dict) else "", _protocols())
        text = "A link needs a protocol that the controller speaks."
        return Finding("BAD_VALUE", f"{key}.protocol", written, text, protocols, file)
    node = schema.at(path)
    remedy = detail["msg"] if node is None else f"Give {schema.described(node)}"
    return Finding("BAD_VALUE", key, written, "This value is not allowed.", f"{remedy}.", file)


def _protocols() -> list[str]:
    node = schema.at(("links", 0))
    return [] if node is None else list(node["discriminator"]["mapping"])


def _without_tags(path: Sequence[str | int]) -> tuple[str | int, ...]:
    """The path as it is in the file: pydantic puts a link's protocol behind its index."""
    if len(path) > 2 and path[0] == "links":
        return (*path[:2], *path[3:])
    return tuple(path)


def key_path(path: Sequence[str | int]) -> str:
    """A path as it is written in messages: ``lifts[0].levels[2]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _value_at(data: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return data


def _read_json(text: str) -> dict[str, Any]:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise json.JSONDecodeError("a table is expected", text, 0)
    return data


def _whole(file: str, code: str, text: str, remedy: str) -> Finding:
    return Finding(code, "", "", text, remedy, file)


def _anchored(config: GarageConfig, folder: Path) -> GarageConfig:
    return config.model_copy(
        update={
            "links": tuple(_with_absolute_files(link, folder) for link in config.links),
            "lifts": tuple(_with_absolute_files(lift, folder) for lift in config.lifts),
            "shuttles": tuple(_with_absolute_files(shuttle, folder) for shuttle in config.shuttles),
            "cabins": tuple(_with_absolute_files(cabin, folder) for cabin in config.cabins),
            "safety": _with_absolute_files(config.safety, folder),
        }
    )


def _with_absolute_files(section: _Section, folder: Path) -> _Section:
    files = {
        key: (folder / value).resolve()
        for key in _FILE_KEYS & set(type(section).model_fields)
        if isinstance(value := getattr(section, key), Path)
    }
    return section.model_copy(update=files) if files else section


def _missing_files(config: GarageConfig, file: str) -> list[Finding]:
    sections: list[tuple[str, Model]] = [(f"links[{i}]", link) for i, link in enumerate(config.links)]
    sections += devices(config)
    return [
        Finding("FILE_MISSING", f"{place}.{key}", shown(str(path)), "There is no such file.", "Correct the path.", file)
        for place, section in sections
        for key in sorted(_FILE_KEYS & set(type(section).model_fields))
        if (path := getattr(section, key)) is not None and not path.is_file()
    ]


def _bad_profiles(config: GarageConfig, file: str) -> list[Finding]:
    findings = []
    for place, device in devices(config):
        if device.profile is None or not device.profile.is_file():
            continue
        key, value = f"{place}.profile", shown(str(device.profile))
        kind = definition_of(device).kind
        try:
            if not load_profile(device.profile).covers(kind):
                text = f"This profile is not for a {kind.name.lower()}."
                findings.append(Finding("BAD_PROFILE", key, value, text, "Give one whose kinds name it.", file))
        except ProfileError as error:
            findings.append(Finding("BAD_PROFILE", key, value, f"{error}.", "Correct the profile.", file))
    return findings


def _without_what_profiles_lack(config: GarageConfig) -> GarageConfig:
    """The same with every tag that a device's profile calls absent among the device's own, for the link it is on."""
    over_opcua = {link.id for link in config.links if isinstance(link, OpcUaLink)}

    def known(section: _Device) -> _Device:
        if section.profile is None:
            return section
        profile = load_profile(section.profile)
        lacking = profile.opcua.absent if section.link in over_opcua else profile.modbus.absent
        own = {tag.name for tag in definition_of(section).status}
        added: list[str] = sorted((lacking & own) - set(section.absent))
        return section.model_copy(update={"absent": (*section.absent, *added)}) if added else section

    return config.model_copy(
        update={
            "lifts": tuple(known(lift) for lift in config.lifts),
            "shuttles": tuple(known(shuttle) for shuttle in config.shuttles),
            "cabins": tuple(known(cabin) for cabin in config.cabins),
            "safety": known(config.safety),
        }
    )


def _without_folders(node: Any, key: str = "") -> Any:
    """File names without their folder, so that the hash does not depend on where a configuration lies."""
    if isinstance(node, dict):
        return {name: _without_folders(value, name) for name, value in node.items()}
    if isinstance(node, list):
        return [_without_folders(value, key) for value in node]
    return Path(node).name if key in _FILE_KEYS and isinstance(node, str) else node
