"""What is shown of a person's details to those who need not know them whole."""

HIDDEN = "****"
ID_CARD_DIGITS = 18
LONG_PHONE = 11


def masked_name(name: str) -> str:
    """The first character, and nothing of how many follow: 张*."""
    return name[0] + "*" if len(name) > 1 else "*"


def masked_id_card(id_card: str) -> str:
    """The region and the last four of a card number: 220581********1234."""
    if len(id_card) != ID_CARD_DIGITS:
        return HIDDEN
    return id_card[:6] + HIDDEN + HIDDEN + id_card[-4:]


def masked_phone(phone: str) -> str:
    """The first three and the last four digits: 138****5678; of a short number the last two."""
    if len(phone) < LONG_PHONE:
        return HIDDEN + phone[-2:]
    return phone[:3] + HIDDEN + phone[-4:]
