"""Questions put to the running garage: core and explainer as the cycle asks them.

Owns nothing but the pairing. Must never be asked while a cycle still decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.core.core import GarageCore
from controller.core.explainer import Explainer
from controller.core.interface import Instant
from controller.local_link.messages import Answer
from plc_drivers.reading import ProcessImage
from safety.memory import SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Verdict


class GarageQuestions:
    """Answers from the core's state and the explainer's interlocks."""

    def __init__(self, core: GarageCore, explainer: Explainer) -> None:
        self._core = core
        self._explainer = explainer

    def answer(
        self,
        what: str,
        moment: tuple[ProcessImage, Verdict, SafetyMemory, Instant],
        shell: Sequence[Refusal],
    ) -> Answer:
        """The explanation, or the refusal of a name that nothing has."""
        return self._core.explain(what, moment, self._explainer, shell)
