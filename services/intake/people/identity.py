"""Card numbers and telephone numbers in one form each, so that equal ones are found equal. I4."""


def normal_id_card(text: str) -> str | None:
    """A resident's card number (公民身份号码) [GB11643] as 18 characters; None when it is none.

    Its region, its date and its check digit are looked at.
    """
    # Imported when used: most starts never see a card number.
    from stdnum.cn import ric

    return str(ric.compact(text)) if ric.is_valid(text) else None


def normal_phone(text: str) -> str | None:
    """A telephone number in one form: 13812345678, 04354222222, 04354222222-801, +82….

    None when it is no number that could be called from China.
    """
    import phonenumbers

    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    extension, number.extension = number.extension, None
    if number.country_code == phonenumbers.country_code_for_region("CN"):
        national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        plain = "".join(character for character in national if character.isdigit())
    else:
        plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain}-{extension}" if extension else plain
