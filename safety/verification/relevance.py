"""Which troubles a lie, or an interlock, has to be searched together with.

Owns the rule. A trouble takes permits away through the tags that show it. A lie about another tag can only undo that
in a condition that reads both; where no condition does, the trouble's interlocks are whole, and what else the lie can
lead to it leads to without the trouble. So a lie is searched with the troubles that share a condition with it, but
for those that are a second fault by themselves, or a person's work under a hand of her own (``honest_only``).
"""

from __future__ import annotations

from collections.abc import Iterable

from safety.expression import Tag, leaves
from safety.interlock import Interlock
from safety.verification.trouble import Trouble, number_of

TagName = tuple[str, str]


def tags_of(interlock: Interlock) -> frozenset[TagName]:
    """Every tag that an interlock's condition reads, as (device, name)."""
    return frozenset((leaf.device, leaf.name) for leaf in leaves(interlock.condition) if isinstance(leaf, Tag))


def beside(interlocks: Iterable[Interlock]) -> dict[TagName, frozenset[TagName]]:
    """For every tag the tags that stand in one condition with it, itself among them."""
    found: dict[TagName, set[TagName]] = {}
    for interlock in interlocks:
        tags = tags_of(interlock)
        for tag in tags:
            found.setdefault(tag, set()).update(tags)
    return {tag: frozenset(others) for tag, others in found.items()}


def troubles_with(tags: frozenset[TagName], troubles: tuple[Trouble, ...]) -> frozenset[int]:
    """Numbers of the troubles that any of these tags shows, and of those that follow from them."""
    found: set[int] = set()
    for number, trouble in enumerate(troubles, start=1):
        if trouble.honest_only or tags.isdisjoint(trouble.readings):
            continue
        found.add(number)
        if trouble.then is not None:
            found.add(number_of(troubles, trouble.then))
    return frozenset(found)
