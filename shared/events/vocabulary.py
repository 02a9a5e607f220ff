"""The values that the events of several nouns share, and the names of all vocabularies.

A vocabulary is a `Literal` alias in the module of the noun that owns it, here where several nouns
share it. `name_vocabularies` gives each its name, under which the `.po` pair beside the module has
a label for every value, as `<vocabulary>.<value>`.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

# Bounded kinds of value. No text of an event may name a resident.
Temperature = Annotated[float, Field(ge=30, le=45)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Quantity = Annotated[float, Field(gt=0, le=1e12)]
Hours = Annotated[float, Field(gt=0, le=8760)]
Days = Annotated[float, Field(ge=0, le=10_000)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Actor = Annotated[str, StringConstraints(min_length=1, max_length=120)]
PlaceId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._:-]{0,63}$")]

# People and what they need
Category = Literal[
    "living_alone_elderly",
    "scattered_orphan",
    "unattended_child",
    "left_behind_child",
    "child_in_difficulty",
    "disabled",
    "pregnant",
    "special_hardship",
    "low_income",
    "tenant",
    "dormitory",
    "chronic_illness",
    "medical_family",
    "migrant_staying",
    "homeless",
    "cold_chain_worker",
    "returnee",
    "from_risk_area",
    "inbound_traveller",
    "recovered",
]
Need = Literal["medicine", "food", "care", "transport", "language", "company"]
Symptom = Literal[
    "fever", "cough", "fatigue", "sore_throat", "diarrhoea", "loss_of_smell", "breathless"
]

# How records come in, where, and how grave it is
Channel = Literal["app", "web", "api", "self", "paper", "telephone", "device", "import"]
CheckOutcome = Literal["reached", "absent", "refused"]
AreaLevel = Literal["province", "city", "county", "township", "community", "grid"]
Situation = Literal["no_cases", "cases_or_outbreak", "spread"]
Level = Literal["low", "medium", "high"]
RequestKind = Literal[
    "goods",
    "medicine",
    "elder_care",
    "child_care",
    "visit",
    "errand",
    "farm_work",
    "psychological",
    "relief",
    "other",
]
CATEGORIES: tuple[Category, ...] = get_args(Category)
NEEDS: tuple[Need, ...] = get_args(Need)
SYMPTOMS: tuple[Symptom, ...] = get_args(Symptom)
LEVELS: tuple[Level, ...] = get_args(Level)
SITUATIONS: tuple[Situation, ...] = get_args(Situation)
REQUEST_KINDS: tuple[RequestKind, ...] = get_args(RequestKind)

VOCABULARIES: dict[str, object] = {}


def name_vocabularies(**vocabularies: object) -> None:
    """Give vocabularies their names, as `level=Level`."""
    VOCABULARIES.update(vocabularies)


name_vocabularies(
    category=Category,
    need=Need,
    symptom=Symptom,
    channel=Channel,
    check_outcome=CheckOutcome,
    area_level=AreaLevel,
    situation=Situation,
    level=Level,
    request_kind=RequestKind,
)
