"""Rules of which the search does not show that they are needed, and why they stand all the same.

Owns the list. A rule that is not found necessary and is not listed here makes the verification fail, and so does one
that is listed and found necessary.
"""

from __future__ import annotations

UNPROVEN: dict[str, str] = {}
"""By rule: why the search cannot show it, and where it is shown instead."""
