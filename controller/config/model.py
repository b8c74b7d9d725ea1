"""What all models of the configuration have in common.

Owns the rules that hold for every key. Must never hold a key.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""Name of a device, link, vehicle or position: lower case, digits and hyphens; it appears in tag paths."""


class Model(BaseModel):
    """Base of all models: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
