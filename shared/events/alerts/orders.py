"""The command's orders, which events of several nouns carry (指挥部命令)."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.vocabulary import Actor, ShortText, Text


class Order(BaseModel):
    """The command's order (指挥部命令): who issued it, under which number, from when until when."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    text: Text
    issuer: Actor | None = None
    document: ShortText | None = None
    effective_at: AwareDatetime | None = None
    until: AwareDatetime | None = None
