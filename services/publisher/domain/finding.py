"""What a test of a connection found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from services.publisher.domain.cause import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: its cause, and a sentence with the way out. What does not block is a warning."""

    cause: Cause
    sentence: str
    blocks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that was found. `about` says in a sentence who answered: "WordPress 6.1 at garden.example, as author."."""

    findings: tuple[Finding, ...] = ()
    about: str = ""

    @classmethod
    def of(cls, *findings: Finding, about: str = "") -> Self:
        return cls(findings=findings, about=about)

    @property
    def blocking(self) -> Sequence[Finding]:
        """What keeps content from being published; the first one is told first."""
        return [finding for finding in self.findings if finding.blocks]
