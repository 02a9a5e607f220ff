"""The events that a command line names, as subscribers and webhooks take them."""

from bulwark.console import complain


def wanted_types(named: list[str]) -> dict[str, list[str]]:
    """The events named on the command line, by service; exits with a message if one is unknown."""
    from bulwark.broker.accounts import parse_types
    from shared.events.schema import by_service

    known = {service: [model.name for model in models] for service, models in by_service().items()}
    try:
        return parse_types(named, known)
    except ValueError as error:
        complain(f"--types: 没有这些事件 / no such events: {error} (bulwark contracts DIR, all)")
