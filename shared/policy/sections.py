"""The base of the sections of a policy pack, and the types of their values.

Each section says what it sets, in which unit, and which notice asks for it. Numbers that no notice
gives are the county's choice; the packs mark them as chosen.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

Days = Annotated[int, Field(ge=1, le=366)]
Hours = Annotated[int, Field(ge=1, le=720)]
People = Annotated[int, Field(ge=0, le=1_000_000)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class Section(BaseModel):
    """A part of a pack: without unknown keys, strictly typed, immutable."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True
    )


def complete(value: dict[str, int], keys: Iterable[str]) -> dict[str, int]:
    """The value itself, when it has all keys; otherwise a validation error that names them."""
    absent = [key for key in keys if key not in value]
    if absent:
        raise PydanticCustomError("keys_missing", "{keys} missing", {"keys": ", ".join(absent)})
    return value
