"""Who asks, and what they may do.

Owns the permissions that routes name and the place where they are checked. For now everybody who reaches the
API is one actor that may do everything it offers; the roles will be told apart here, and no route will change.
Must never grant what safety forbids: nothing here reaches an interlock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from fastapi import Depends, Request

from api.problem import ProblemError
from controller.local_link.messages import Reason


class Permission(Enum):
    """What a route needs."""

    VIEW = "view"
    ORDER = "order"
    OPERATE = "operate"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks; ``name`` goes into the journal with every intervention."""

    name: str
    permissions: frozenset[Permission]


LOCAL = Actor("api", frozenset(Permission))
"""Everybody who reaches the API, as long as there are no roles."""


def identify(_request: Request) -> Actor:
    """The actor behind a request. The one place that roles will replace."""
    return LOCAL


def require(permission: Permission) -> Callable[[Actor], Actor]:
    """A dependency that lets only actors with ``permission`` pass and gives the route the actor."""

    def check(actor: Annotated[Actor, Depends(identify)]) -> Actor:
        if permission not in actor.permissions:
            raise ProblemError(
                403,
                Reason(
                    code="NOT_ALLOWED",
                    text=f"{actor.name} may not do this; it needs the permission {permission.value!r}.",
                    remedy="Ask somebody who has that permission.",
                ),
            )
        return actor

    return check


Viewer = Annotated[Actor, Depends(require(Permission.VIEW))]
Orderer = Annotated[Actor, Depends(require(Permission.ORDER))]
Operator = Annotated[Actor, Depends(require(Permission.OPERATE))]
Clearer = Annotated[Actor, Depends(require(Permission.CLEAR))]
