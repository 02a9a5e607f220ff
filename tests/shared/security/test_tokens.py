"""Callers' tokens and grants: what is accepted, what is refused, and why."""

import base64
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from shared.clock.clock import CST, VirtualClock
from shared.security.roles import Role
from shared.security.tokens import InvalidToken, TokenFault, Tokens

KEY = bytes(range(32))
START = datetime(2021, 1, 18, 8, 0, tzinfo=CST)
COUNTY = "220581"
LEVELS = (0, 2, 4, 6, 9, 12, 15)
AREAS = st.builds(
    lambda code, level: code[:level],
    st.sampled_from(["220581001003001", "220581001003002", "220581001004001", "220582002003001"]),
    st.sampled_from(LEVELS),
)


def tokens_at(instant: datetime = START, key: bytes = KEY) -> tuple[Tokens, VirtualClock]:
    clock = VirtualClock(instant)
    return Tokens(key, clock), clock


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4))
    )
    return decoded


def signed(claims: dict[str, Any], algorithm: str = "HS256", key: bytes = KEY) -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(key), algorithms=[algorithm])


def fault(tokens: Tokens, token: str | None) -> TokenFault:
    with pytest.raises(InvalidToken) as caught:
        tokens.verify(token)
    return caught.value.reason


@pytest.mark.parametrize("role", list(Role))
def test_caller_comes_back_whole_when_a_token_is_verified(role: Role) -> None:
    tokens, _ = tokens_at()
    token = tokens.mint(role, COUNTY, name="王芳", days=30)
    caller = tokens.verify(token)
    assert (caller.name, caller.role, caller.area) == ("王芳", role, COUNTY)
    assert caller.token_id == claims_of(token)["jti"]


def test_standard_claims_are_present_when_a_token_is_minted() -> None:
    tokens, _ = tokens_at()
    claims = claims_of(tokens.mint(Role.HEALTH, COUNTY, name="clinic", days=2))
    assert claims["iss"] == "bulwark"
    assert claims["iat"] == int(START.timestamp())
    assert claims["exp"] - claims["iat"] == 2 * 86_400
    assert {"sub", "role", "area", "jti", "aud"} <= claims.keys()


def test_token_ids_differ_when_the_same_token_is_minted_twice() -> None:
    tokens, _ = tokens_at()
    first, second = (tokens.mint(Role.IT, "", name="it", days=1) for _ in range(2))
    assert tokens.verify(first).token_id != tokens.verify(second).token_id


def test_the_eleven_roles_of_the_contract_exist_when_listed() -> None:
    assert set(Role) == {
        *("recorder", "health", "command", "election", "lead", "coordinator"),
        *("helper", "counsellor", "resident", "it", "subscriber"),
    }


@given(own=AREAS, other=AREAS)
def test_caller_may_touch_exactly_its_subtree_when_areas_are_codes(own: str, other: str) -> None:
    tokens, _ = tokens_at()
    caller = tokens.verify(tokens.mint(Role.LEAD, own, name="lead", days=1))
    itself_and_above = {other[:level] for level in LEVELS if level <= len(other)}
    assert caller.may_access(other) is (own in itself_and_above)


def test_neighbours_and_parents_are_refused_when_a_caller_belongs_to_a_township() -> None:
    tokens, _ = tokens_at()
    caller = tokens.verify(tokens.mint(Role.RECORDER, "220581001", name="a", days=1))
    assert caller.may_access("220581001")
    assert caller.may_access("220581001003001")
    assert not caller.may_access("220581002003")
    assert not caller.may_access("220581")
    assert not caller.may_access("")


def test_token_is_refused_when_the_virtual_clock_reaches_its_end() -> None:
    tokens, clock = tokens_at()
    token = tokens.mint(Role.COMMAND, COUNTY, name="desk", days=1)
    clock.step_to(START + timedelta(days=1) - timedelta(seconds=1))
    assert tokens.verify(token).name == "desk"
    clock.step_to(START + timedelta(days=1))
    assert fault(tokens, token) is TokenFault.EXPIRED
    assert fault(Tokens(KEY, clock), token) is TokenFault.EXPIRED


def test_machine_time_does_not_matter_when_the_clock_is_virtual() -> None:
    past, _ = tokens_at(datetime(2001, 1, 1, tzinfo=CST))
    future, _ = tokens_at(datetime(2090, 1, 1, tzinfo=CST))
    assert past.verify(past.mint(Role.IT, "", name="it", days=1)).role is Role.IT
    assert future.verify(future.mint(Role.IT, "", name="it", days=1)).role is Role.IT


def test_token_is_accepted_when_a_drills_clock_lies_behind_its_making() -> None:
    later, _ = tokens_at(START + timedelta(days=10))
    behind, _ = tokens_at()
    assert behind.verify(later.mint(Role.IT, "", name="it", days=1)).name == "it"


def test_the_same_caller_is_answered_without_decoding_when_a_token_is_seen_again() -> None:
    tokens, _ = tokens_at()
    token = tokens.mint(Role.HELPER, COUNTY, name="h", days=1)
    assert tokens.verify(token) is tokens.verify(token)


def test_token_is_refused_when_signed_with_another_key() -> None:
    tokens, _ = tokens_at()
    stranger, _ = tokens_at(key=b"x" * 32)
    assert fault(tokens, stranger.mint(Role.IT, "", name="it", days=1)) is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize("name", ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256"])
def test_token_is_refused_when_its_header_names_another_algorithm(name: str) -> None:
    tokens, _ = tokens_at()
    _, claims, signature = tokens.mint(Role.IT, "", name="it", days=1).split(".")
    header = part({"typ": "JWT", "alg": name})
    assert fault(tokens, f"{header}.{claims}.") is TokenFault.BAD_SIGNATURE
    assert fault(tokens, f"{header}.{claims}.{signature}") is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_token_is_refused_when_truly_signed_with_another_algorithm(algorithm: str) -> None:
    tokens, _ = tokens_at()
    claims = claims_of(tokens.mint(Role.IT, "", name="it", days=1))
    assert tokens.verify(signed(claims)).role is Role.IT
    assert fault(tokens, signed(claims, algorithm)) is TokenFault.BAD_SIGNATURE


@given(data=st.data())
def test_token_is_refused_when_any_character_of_it_changes(data: st.DataObject) -> None:
    tokens, _ = tokens_at()
    token = tokens.mint(Role.RESIDENT, COUNTY, name="居民", days=1)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != token[at]))
    with pytest.raises(InvalidToken):
        tokens.verify(token[:at] + other + token[at + 1 :])


@given(claims=st.fixed_dictionaries({"area": st.just(""), "role": st.sampled_from(list(Role))}))
def test_rights_cannot_be_widened_when_the_claims_are_rewritten(claims: dict[str, str]) -> None:
    tokens, _ = tokens_at()
    token = tokens.mint(Role.RECORDER, COUNTY, name="r", days=1)
    header, _, signature = token.split(".")
    forged = f"{header}.{part(claims_of(token) | claims)}.{signature}"
    assert fault(tokens, forged) is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"role": "mayor"}, TokenFault.UNKNOWN_ROLE),
        ({"role": None}, TokenFault.UNKNOWN_ROLE),
        ({"role": ["it"]}, TokenFault.UNKNOWN_ROLE),
        ({"iss": "elsewhere"}, TokenFault.WRONG_KIND),
        ({"aud": ["bulwark.caller", "bulwark.grant"]}, TokenFault.WRONG_KIND),
        ({"area": "22058"}, TokenFault.MALFORMED),
        ({"area": "220581*"}, TokenFault.MALFORMED),
        ({"area": None}, TokenFault.MALFORMED),
        ({"exp": None}, TokenFault.MALFORMED),
        ({"exp": "tomorrow"}, TokenFault.MALFORMED),
        ({"exp": 10**15}, TokenFault.MALFORMED),
        ({"exp": 0}, TokenFault.EXPIRED),
        ({"jti": 7}, TokenFault.MALFORMED),
    ],
)
def test_token_is_refused_when_a_signed_claim_does_not_fit(
    change: dict[str, Any], expected: TokenFault
) -> None:
    tokens, _ = tokens_at()
    claims = claims_of(tokens.mint(Role.RECORDER, COUNTY, name="r", days=1))
    assert fault(tokens, signed(claims | change)) is expected


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "iat", "exp", "jti", "role", "area"])
def test_token_is_refused_when_a_signed_claim_is_absent(claim: str) -> None:
    tokens, _ = tokens_at()
    claims = claims_of(tokens.mint(Role.RECORDER, COUNTY, name="r", days=1))
    del claims[claim]
    with pytest.raises(InvalidToken):
        tokens.verify(signed(claims))


@pytest.mark.parametrize("token", [None, ""])
def test_token_is_named_missing_when_there_is_none(token: str | None) -> None:
    tokens, _ = tokens_at()
    assert fault(tokens, token) is TokenFault.MISSING
    with pytest.raises(InvalidToken, match="missing"):
        tokens.verify_grant(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@given(
    header=JSON
    | st.fixed_dictionaries({"alg": JSON | st.just("HS256")}, optional={"crit": JSON, "b64": JSON}),
    body=JSON,
    end=st.text(max_size=5),
)
def test_only_invalid_token_is_raised_when_anything_is_sent(
    header: Any, body: Any, end: str
) -> None:
    tokens, _ = tokens_at()
    with pytest.raises(InvalidToken):
        tokens.verify(f"{part(header)}.{part(body)}.{end}")


@given(text=st.text(alphabet=st.characters(), min_size=1) | st.just("a" * 200_000))
def test_only_invalid_token_is_raised_when_the_token_is_no_token(text: str) -> None:
    tokens, _ = tokens_at()
    assert fault(tokens, text) is TokenFault.MALFORMED


def test_only_invalid_token_is_raised_when_a_signed_header_claims_raw_content() -> None:
    tokens, _ = tokens_at()
    head = part({"alg": "HS256", "b64": False, "crit": ["b64"]})
    body = json.dumps({"role": "it"})
    signature = hmac.digest(KEY, f"{head}.{body}".encode(), "sha256")
    end = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    with pytest.raises(InvalidToken):
        tokens.verify(f"{head}.{body}.{end}")


@pytest.mark.parametrize(
    ("field", "given_values"),
    [
        ("area", {"area": "22058"}),
        ("area", {"area": "２２"}),
        ("area", {"area": "22\n"}),
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 101}),
        ("name", {"name": "a\nb"}),
        ("name", {"name": "\ud800"}),
        ("days", {"days": 0}),
        ("days", {"days": 3661}),
        ("role", {"role": "mayor"}),
    ],
)
def test_minting_names_the_field_when_it_does_not_fit(
    field: str, given_values: dict[str, Any]
) -> None:
    tokens, _ = tokens_at()
    values: dict[str, Any] = {"role": Role.IT, "area": COUNTY, "name": "it", "days": 1}
    with pytest.raises(ValueError, match=f"^{field}: "):
        tokens.mint(**(values | given_values))


def test_construction_fails_when_the_key_is_short() -> None:
    with pytest.raises(ValueError, match="key: 31 bytes"):
        Tokens(KEY[:31], VirtualClock(START))


def test_grant_names_holder_person_and_request_when_verified() -> None:
    tokens, _ = tokens_at()
    grant = tokens.verify_grant(tokens.mint_grant("helper-1", "person-1", "request-1", 30))
    assert (grant.holder, grant.person_id, grant.request_id) == (
        "helper-1",
        "person-1",
        "request-1",
    )
    assert (grant.expires_at, grant.area) == (START + timedelta(minutes=30), None)
    placed = tokens.mint_grant("helper-1", "person-1", "request-1", 30, area=COUNTY)
    assert tokens.verify_grant(placed).area == COUNTY


def test_grant_is_refused_when_its_minutes_are_over() -> None:
    tokens, clock = tokens_at()
    token = tokens.mint_grant("h", "p", "r", 30)
    clock.step_to(START + timedelta(minutes=30))
    with pytest.raises(InvalidToken) as caught:
        tokens.verify_grant(token)
    assert caught.value.reason is TokenFault.EXPIRED


def test_grant_is_refused_when_shown_as_a_callers_token() -> None:
    tokens, _ = tokens_at()
    assert fault(tokens, tokens.mint_grant("h", "p", "r", 30)) is TokenFault.WRONG_KIND


def test_callers_token_is_refused_when_shown_as_a_grant() -> None:
    tokens, _ = tokens_at()
    with pytest.raises(InvalidToken) as caught:
        tokens.verify_grant(tokens.mint(Role.IT, "", name="it", days=1))
    assert caught.value.reason is TokenFault.WRONG_KIND


def test_grant_is_refused_when_signed_with_another_key() -> None:
    tokens, _ = tokens_at()
    stranger, _ = tokens_at(key=b"x" * 32)
    with pytest.raises(InvalidToken) as caught:
        tokens.verify_grant(stranger.mint_grant("h", "p", "r", 30))
    assert caught.value.reason is TokenFault.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("field", "given_values"),
    [
        ("holder", {"holder": ""}),
        ("person_id", {"person_id": " "}),
        ("request_id", {"request_id": "r" * 101}),
        ("minutes", {"minutes": 0}),
        ("minutes", {"minutes": 1441}),
        ("area", {"area": "2205811"}),
    ],
)
def test_granting_names_the_field_when_it_does_not_fit(
    field: str, given_values: dict[str, Any]
) -> None:
    tokens, _ = tokens_at()
    values: dict[str, Any] = {"holder": "h", "person_id": "p", "request_id": "r", "minutes": 1}
    with pytest.raises(ValueError, match=f"^{field}: "):
        tokens.mint_grant(**(values | given_values))
