"""Findings of the doctor: each is ok, or says what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence, Chinese first, English second."""

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `steps` say what a person must do, empty when it is ok."""

    check: str
    words: Words
    steps: tuple[Words, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    def lines(self) -> list[str]:
        """The finding as it is printed."""
        first = f"[{'好 ok' if self.ok else '要办 DO'}] {self.words}"
        lines = [first]
        for step in self.steps:
            lines.append(f"   → {step.zh}")
            lines += [f"     {step.en}"] if step.en != step.zh else []
        return lines

    def document(self) -> dict[str, object]:
        """The finding as JSON."""
        return {
            "check": self.check,
            "ok": self.ok,
            "zh": self.words.zh,
            "en": self.words.en,
            "steps": [{"zh": step.zh, "en": step.en} for step in self.steps],
        }


def fine(check: str, zh: str, en: str) -> Finding:
    """A check that found nothing wrong."""
    return Finding(check, Words(zh, en))


def problem(check: str, zh: str, en: str, *steps: tuple[str, str]) -> Finding:
    """A check that found a problem, with the steps to solve it."""
    return Finding(check, Words(zh, en), tuple(Words(*step) for step in steps))
