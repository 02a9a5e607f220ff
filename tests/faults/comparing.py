"""The ledger beside the logs: what is lost, what is doubled, what is out of order."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tests.faults.ledger import FEVER_C, Entry


@dataclass(frozen=True)
class Comparison:
    """What was accepted; how often each screening stands in intake's log, and its fever in that
    of alerts.

    A Counter keeps the order in which it met its keys, which is the log's.
    """

    accepted: Mapping[str, Entry]
    logged: Counter[str]
    fevers: Counter[str]

    @property
    def sent(self) -> set[str]:
        """The fevers among what was accepted."""
        return {id_ for id_, entry in self.accepted.items() if entry.temperature == FEVER_C}

    @property
    def missing(self) -> set[str]:
        """What intake's log lacks."""
        return self.accepted.keys() - self.logged.keys()

    @property
    def lost(self) -> int:
        """How many were accepted and are not in the log, or are a fever that was not found."""
        return len(self.missing | (self.sent - self.fevers.keys()))

    @property
    def doubled(self) -> int:
        """How many more there are than one of each."""
        both = (self.logged, self.fevers)
        return sum(times - 1 for counted in both for times in counted.values())

    def judge(self, *, fevers_in_order: bool = True) -> None:
        """Fails when the logs are not what the ledger says, in its order."""
        lost, missing = self.lost, len(self.missing)
        assert not lost, f"{missing} of {lost} are not in the log, others not found"
        assert not self.doubled, f"{self.doubled} records are in a log more than once"
        assert self.logged.keys() == self.accepted.keys(), "the log holds what nobody was told of"
        assert self.fevers.keys() == self.sent, "the fevers found are not those sent"
        assert _of_each_caller(self.accepted, self.accepted) == _of_each_caller(
            self.accepted, self.logged
        ), "a caller's records are out of order"
        sent = self.sent
        in_order = list(self.fevers) == [id_ for id_ in self.logged if id_ in sent]
        assert in_order or not fevers_in_order, "fevers are out of order"


def _of_each_caller(
    accepted: Mapping[str, Entry], order: Mapping[str, object]
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for id_ in order:
        found[accepted[id_].caller].append(id_)
    return found
