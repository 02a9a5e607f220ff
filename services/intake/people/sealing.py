"""People's details, sealed and opened: the vault, with the refusals that callers understand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.intake.people.tables import Person
from shared.exceptions import Gone, Unavailable
from shared.i18n.catalogue import Catalogue
from shared.security.key_store import KeyStoreUnavailable
from shared.security.vault import KeyDestroyed, Vault

TEXTS = Catalogue.beside(__file__)


def sealed(vault: Vault, details: Mapping[str, Mapping[str, str]]) -> dict[str, bytes]:
    """Each person's details under their own key; raises Gone (erased) or Unavailable."""
    with _refusing():
        return vault.seal_many(details)


def opened(vault: Vault, person: Person) -> dict[str, str]:
    """A person's details; raises Gone (erased) or Unavailable."""
    if person.sealed is None:
        raise Gone(TEXTS, "person_erased", field="person_id")
    with _refusing():
        return vault.open(person.id, person.sealed)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except KeyDestroyed as error:
        # Also so where a backup brought the row back: the key stays away.
        raise Gone(TEXTS, "person_erased", field="person_id") from error
    except KeyStoreUnavailable as error:
        raise Unavailable(str(error)) from error
