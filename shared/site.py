"""The site: the ports that every service of a process shares."""

from dataclasses import dataclass, field

from shared.areas.tree import Areas
from shared.clock.clock import Clock
from shared.policy.pack import Packs, PolicyPack
from shared.priority import PublishPriority
from shared.security.tokens import Tokens
from shared.security.vault import Vault


@dataclass(slots=True)
class Site:
    """The ports that every service of a process shares; `drill` marks every event of a drill."""

    name: str
    clock: Clock
    areas: Areas
    packs: Packs
    tokens: Tokens
    vault: Vault
    secret: bytes
    drill: bool = False
    priority: PublishPriority = field(default_factory=PublishPriority)

    def pack(self) -> PolicyPack:
        """The policy pack in force now."""
        return self.packs.in_force(self.clock.now().date())
