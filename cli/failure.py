"""An operation that failed: one line for a person, one object for a program, exit code 1.

Owns the form of a failure. Must never carry a traceback: a defect is not a failure and shows itself.
"""

from __future__ import annotations


class Failure(Exception):  # noqa: N818 - the operation failed; the program did not
    """``code`` is stable, ``text`` says what is wrong, ``remedy`` what to do; ``facts`` go into the JSON form."""

    def __init__(self, code: str, text: str, remedy: str, **facts: object) -> None:
        super().__init__(f"{code}: {text} {remedy}".strip())
        self.code = code
        self.text = text
        self.remedy = remedy
        self.facts = facts
        self.is_reported = False
        """Standard output already holds the JSON document that tells it."""

    def reported(self) -> Failure:
        """This failure after the command has printed its own document: only the line for a person is left to say."""
        self.is_reported = True
        return self

    def as_json(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        return {"error": {"code": self.code, "text": self.text, "remedy": self.remedy, **self.facts}}
