"""Signed tokens: who calls, in which role, within which area; and grants, one permission each.

A token is a JWT (RFC 7519) signed with HS256 and no other algorithm. Its audience tells a
caller's token from a grant, so that neither passes as the other. Expiry is judged by the clock
port alone.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal, TypeVar
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import OctKey
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.areas.tree import is_code
from shared.clock.clock import CST, Clock
from shared.security.key_files import KEY_BYTES
from shared.security.roles import Role

ALGORITHM = "HS256"
ISSUER: Literal["bulwark"] = "bulwark"
CALLER: Literal["bulwark.caller"] = "bulwark.caller"
GRANT: Literal["bulwark.grant"] = "bulwark.grant"
MAX_DAYS = 3660
MAX_GRANT_MINUTES = 24 * 60
MAX_NAME_CHARACTERS = 100
MAX_TOKEN_CHARACTERS = 4096
REMEMBERED_TOKENS = 4096
LAST_INSTANT = 253_370_764_800


class TokenFault(StrEnum):
    """Why a token is rejected."""

    MISSING = "missing"
    MALFORMED = "malformed"
    BAD_SIGNATURE = "bad_signature"
    WRONG_KIND = "wrong_kind"
    UNKNOWN_ROLE = "unknown_role"
    EXPIRED = "expired"


class InvalidToken(Exception):
    """A token or grant that is not accepted; `reason` says why."""

    def __init__(self, reason: TokenFault, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else str(reason))


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request: a name for the audit log, a role, and the area of its rights.

    `area` is a code of any level, or empty for the whole site. `token_id` is the token's `jti`.
    """

    name: str
    role: Role
    area: str
    token_id: str

    def may_access(self, area_code: str) -> bool:
        """Whether an area is the caller's own or lies within it."""
        return area_code.startswith(self.area)


@dataclass(frozen=True, slots=True)
class Grant:
    """A holder's permission to read one person's address for one request, until `expires_at`.

    `area` is the request's; None when the signer did not state it.
    """

    holder: str
    person_id: str
    request_id: str
    expires_at: datetime
    area: str | None = None


def _area_prefix(code: str) -> str:
    if code and not is_code(code):
        raise ValueError(f"area: {code!r} is not an area code (2, 4, 6, 9, 12 or 15 digits)")
    return code


class _Claims(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    iss: Literal["bulwark"]
    aud: str
    sub: str
    jti: str
    iat: int
    exp: Annotated[int, Field(ge=0, le=LAST_INSTANT)]

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.exp, CST)


class _CallerClaims(_Claims):
    aud: Literal["bulwark.caller"]
    role: Annotated[Role, Field(strict=False)]
    area: Annotated[str, AfterValidator(_area_prefix)]


class _GrantClaims(_Claims):
    aud: Literal["bulwark.grant"]
    person: str
    request: str
    area: Annotated[str, AfterValidator(_area_prefix)] | None = None


_FAULT_OF_CLAIM = {
    "iss": TokenFault.WRONG_KIND,
    "aud": TokenFault.WRONG_KIND,
    "role": TokenFault.UNKNOWN_ROLE,
}
C = TypeVar("C", bound=_Claims)


class Tokens:
    """Makes and checks the tokens of one instance.

    `key` is at least 32 bytes, the same for every service; raises ValueError when it is shorter.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"key: {len(key)} bytes, at least {KEY_BYTES} are needed")
        self._key = OctKey.import_key(key)
        self._clock = clock
        # Caches the signature check and the claims, which never change; expiry is checked anew.
        self._read_caller = lru_cache(maxsize=REMEMBERED_TOKENS)(self._decode_caller)

    def mint(self, role: Role, area: str, *, name: str, days: int) -> str:
        """Sign a token for a role within an area; an empty `area` is the whole site.

        Raises ValueError naming the field: an unknown role, an area that is no code, a name that
        is blank or longer than 100 characters, days outside 1 to 3,660.
        """
        if role not in set(Role):
            raise ValueError(f"role: {role!r} is none of {', '.join(Role)}")
        lifetime = timedelta(days=_within("days", days, MAX_DAYS))
        issued, expires = self._span(lifetime)
        claims = _CallerClaims(
            iss=ISSUER,
            aud=CALLER,
            sub=_text("name", name),
            jti=str(uuid4()),
            iat=issued,
            exp=expires,
            role=Role(role),
            area=_area_prefix(area),
        )
        return self._sign(claims)

    def verify(self, token: str | None) -> Caller:
        """The caller of a token; raises InvalidToken.

        For a token seen before, only its expiry is checked again.
        """
        if not token:
            raise InvalidToken(TokenFault.MISSING)
        caller, expires_at = self._read_caller(token)
        if self._clock.now() >= expires_at:
            raise InvalidToken(TokenFault.EXPIRED, f"at {expires_at.isoformat()}")
        return caller

    def mint_grant(
        self,
        holder: str,
        person_id: str,
        request_id: str,
        minutes: int,
        *,
        area: str | None = None,
    ) -> str:
        """Sign a grant for a holder, for 1 to 1,440 minutes, for people of an area.

        Raises ValueError naming the invalid field.
        """
        lifetime = timedelta(minutes=_within("minutes", minutes, MAX_GRANT_MINUTES))
        issued, expires = self._span(lifetime)
        claims = _GrantClaims(
            iss=ISSUER,
            aud=GRANT,
            sub=_text("holder", holder),
            jti=str(uuid4()),
            iat=issued,
            exp=expires,
            person=_text("person_id", person_id),
            request=_text("request_id", request_id),
            area=area if area is None else _area_prefix(area),
        )
        return self._sign(claims)

    def verify_grant(self, token: str | None) -> Grant:
        """The permission in a grant; raises InvalidToken.

        The code that accepts it must also check that the caller is the holder.
        """
        if not token:
            raise InvalidToken(TokenFault.MISSING)
        claims = self._decode(token, _GrantClaims)
        if self._clock.now() >= claims.expires_at:
            raise InvalidToken(TokenFault.EXPIRED, f"at {claims.expires_at.isoformat()}")
        return Grant(claims.sub, claims.person, claims.request, claims.expires_at, claims.area)

    def _span(self, lifetime: timedelta) -> tuple[int, int]:
        now = self._clock.now()
        return int(now.timestamp()), int((now + lifetime).timestamp())

    def _sign(self, claims: _Claims) -> str:
        return jwt.encode(
            {"alg": ALGORITHM},
            claims.model_dump(mode="json", exclude_none=True),
            self._key,
            algorithms=[ALGORITHM],
        )

    def _decode_caller(self, token: str) -> tuple[Caller, datetime]:
        claims = self._decode(token, _CallerClaims)
        return Caller(claims.sub, claims.role, claims.area, claims.jti), claims.expires_at

    def _decode(self, token: str, kind: type[C]) -> C:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise InvalidToken(TokenFault.MALFORMED, "too long")
        try:
            return kind.model_validate(jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims)
        except (BadSignatureError, UnsupportedAlgorithmError) as error:
            raise InvalidToken(TokenFault.BAD_SIGNATURE) from error
        except ValidationError as error:
            claim = str(error.errors()[0]["loc"][0])
            raise InvalidToken(_FAULT_OF_CLAIM.get(claim, TokenFault.MALFORMED), claim) from error
        except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
            # A header may be any JSON; what joserfc does not expect it meets as these.
            raise InvalidToken(TokenFault.MALFORMED) from error


def _within(field: str, value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise ValueError(f"{field}: {value} is not between 1 and {most}")
    return value


def _text(field: str, value: str) -> str:
    text = value.strip()
    if not 1 <= len(text) <= MAX_NAME_CHARACTERS:
        raise ValueError(f"{field}: {len(text)} characters, 1 to {MAX_NAME_CHARACTERS} are needed")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError(f"{field}: holds a control character")
    return text
