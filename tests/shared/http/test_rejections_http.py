"""What a refused request is told, whatever was wrong with it, through HTTP on a running node."""

import base64
import json
import socket
import urllib.error
import urllib.request
from typing import Any

import httpx
import pytest
import sqlalchemy

from services.intake.screenings import handlers
from shared.events.intake.screenings import ScreeningRecorded
from shared.security.roles import Role
from tests.support.harness import PATIENCE, Node, new_id

AREA = "220581002001"
ENGLISH = {"accept-language": "en"}
SECRET = "13800138000"


def body(**changes: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "area": AREA,
        "temperature_c": 36.5,
        "place_kind": "checkpoint",
        **changes,
    }


def in_chinese(text: str) -> bool:
    """Whether a text for people is Chinese: it has Chinese characters, and no English sentence."""
    chinese = any("\u4e00" <= character <= "\u9fff" for character in text)
    return chinese and not {"input", "should", "not", "found", "or", "lines"} & set(text.split())


def refused(node: Node, path: str, content: bytes, token: str | None) -> tuple[int, dict[str, Any]]:
    """The answer as the plainest of clients gets it: it sends everything before it reads."""
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    url = f"http://127.0.0.1:{node.instance.port}{path}"
    asked = urllib.request.Request(url, data=content, headers=headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as caught:
        opener.open(asked, timeout=PATIENCE)
    with caught.value as answer:
        return answer.code, json.loads(answer.read())


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every screening's statement fail in the database."""
    statement = sqlalchemy.text(f"INSERT INTO no_such_table VALUES ('{SECRET}')")
    monkeypatch.setattr(handlers, "add_screenings", lambda to, _rows: to.execute(statement))


@pytest.mark.parametrize("headers", [{}, ENGLISH])
def test_nothing_inside_is_told_when_the_server_fails(
    node: Node, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    broken(monkeypatch)
    answer = node.client("recorder", AREA).post("/intake/screenings", body(), headers=headers)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["type"], found["status"]) == ("failed", 500)
    told = "internal error, noted in the log" if headers else "系统内部错误,已记入日志"
    assert found["detail"] == told
    for inside in ("INSERT", "SQL", "no_such_table", SECRET, AREA, "sqlalche", "Error"):
        assert inside not in answer.text


def test_line_tells_nothing_inside_when_the_server_fails(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    recorder = node.client("recorder", AREA)
    lines = "\n".join(json.dumps(body()) for _ in range(2))
    answer = recorder.request("POST", "/intake/screenings/bulk", content=lines)
    rejected = answer.json()["rejected"]
    assert [one["error"] for one in rejected] == ["系统内部错误,已记入日志"] * 2
    assert "INSERT" not in answer.text


@pytest.mark.parametrize(
    ("path", "megabytes", "limit"),
    [
        ("/intake/screenings", 2, "超过上限 1024 KiB"),
        ("/intake/screenings", 40, "超过上限 1024 KiB"),
        ("/intake/screenings/bulk", 9, "超过上限 8192 KiB"),
    ],
)
def test_413_is_read_when_the_client_sends_everything_first(
    node: Node, path: str, megabytes: int, limit: str
) -> None:
    token = node.client("recorder", AREA).token
    for _ in range(3):
        status, found = refused(node, path, b"x" * (megabytes * 1024 * 1024), token)
        assert (status, found["detail"], found["field"]) == (413, limit, "body")


def test_refusal_is_read_when_the_large_body_has_no_place_to_go(node: Node) -> None:
    large = b"x" * (4 * 1024 * 1024)
    assert refused(node, "/intake/screenings", large, None)[0] == 401
    helper = node.client("helper", AREA).token
    assert refused(node, "/intake/screenings", large, helper)[0] == 403
    assert refused(node, "/intake/nowhere", large, helper)[0] == 404


def test_413_is_told_at_once_when_the_client_waits_for_leave_to_send(node: Node) -> None:
    head = (
        "POST /intake/screenings HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n"
        f"authorization: Bearer {node.client('recorder', AREA).token}\r\n"
        f"content-length: {2 * 1024 * 1024}\r\n\r\n"
    )
    with socket.create_connection(
        ("127.0.0.1", node.instance.port), timeout=PATIENCE
    ) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/intake/nowhere", 404, "not-found"),
        ("DELETE", "/intake/screenings", 405, "method-not-allowed"),
    ],
)
def test_addresses_are_refused_in_the_callers_language_when_they_are_wrong(
    node: Node, method: str, path: str, status: int, kind: str
) -> None:
    recorder = node.client("recorder", AREA)
    answer = recorder.request(method, path)
    found = answer.json()
    assert (answer.status_code, found["type"], found["status"]) == (status, kind, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert in_chinese(found["title"])
    assert in_chinese(found["detail"])
    in_english = recorder.request(method, path, headers=ENGLISH).json()
    assert in_english["title"].isascii()
    assert in_english["detail"].isascii()
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("token", "told"), [(None, "没有附令牌"), ("x.y.z", "令牌"), ("x" * 5000, "令牌格式不对")]
)
def test_401_is_in_chinese_when_the_token_is_not_good(
    node: Node, token: str | None, told: str
) -> None:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    detail = node.anyone.post("/intake/screenings", body(), headers=headers).json()["detail"]
    assert detail.startswith("请在 Authorization 中附上有效的令牌：")
    assert told in detail
    for word in ("missing", "malformed", "signature"):
        assert word not in detail


def test_413_is_in_one_language_when_a_bulk_has_too_many_lines(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    path, lines = "/intake/screenings/bulk", b"{}\n" * 10_001
    detail = recorder.request("POST", path, content=lines).json()["detail"]
    assert detail == "超过上限 10000 行"
    answer = recorder.request("POST", path, content=lines, headers=ENGLISH)
    assert answer.json()["detail"] == "more than the limit of 10000 lines"


def test_choice_is_told_in_chinese_when_a_word_is_not_among_those_allowed(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    wrong = body(health_code="blue")
    found = recorder.post("/intake/screenings", wrong).json()
    assert found["detail"] == "health_code: 只能是 green、yellow、red 或 none"
    english = recorder.post("/intake/screenings", wrong, headers=ENGLISH).json()
    assert english["detail"] == "health_code: must be green, yellow, red or none"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/alerts/alerts?aera=220581001001", "aera"),
        ("/intake/cases?area=220581001&statsu=confirmed", "statsu"),
        ("/alerts/areas/220581002001?code=220581001001", "code"),
        ("/stream?aera=220581001001", "aera"),
        ("/public/areas/220581002001?aera=1", "aera"),
    ],
)
def test_query_parameter_is_refused_by_name_when_it_is_mistyped(
    node: Node, path: str, parameter: str
) -> None:
    answer = node.client("command").request("GET", path)
    found = answer.json()
    assert (answer.status_code, found["field"]) == (422, parameter)
    assert in_chinese(found["errors"][0]["message"])


def test_parameters_are_taken_when_they_belong_there(node: Node) -> None:
    command = node.client("command")
    asked = {"area": AREA, "status": "open", "limit": 5}
    assert command.get("/alerts/alerts", **asked).status_code == 200
    url = f"http://127.0.0.1:{node.instance.port}/stream"
    query = {"access_token": str(command.token), "area": AREA}
    with httpx.stream("GET", url, params=query, trust_env=False) as watched:
        assert watched.status_code == 200
    # A link that was passed on in a chat carries what the chat added.
    page = node.anyone.request(
        "GET", f"/public/areas/{AREA}?from=singlemessage", headers={"accept": "text/html"}
    )
    assert page.status_code == 200


def test_request_is_known_again_when_its_id_comes_in_upper_case(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    wanted = body()
    first = recorder.post("/intake/screenings", wanted)
    upper = {**wanted, "id": wanted["id"].upper()}
    again = recorder.post("/intake/screenings", upper)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() == {"id": wanted["id"]}
    lines = "\n".join(json.dumps(one) for one in (wanted, upper))
    done = recorder.request("POST", "/intake/screenings/bulk", content=lines).json()
    assert done == {"recorded": 0, "duplicates": 2, "rejected": []}
    void = {"id": new_id(), "reason": "输错"}
    path = "/intake/screenings/{}/void"
    assert recorder.post(path.format(wanted["id"]), void).status_code == 200
    assert recorder.post(path.format(upper["id"]), void).status_code == 200
    other = {**upper, "temperature_c": 36.6}
    assert recorder.post("/intake/screenings", other).status_code == 409


def test_first_line_is_kept_when_a_byte_order_mark_stands_before_it(node: Node) -> None:
    recorder = node.client("recorder", AREA)
    sent = [body(), body()]
    lines = "\ufeff" + "\n".join(json.dumps(one) for one in sent)
    answer = recorder.request("POST", "/intake/screenings/bulk", content=lines.encode())
    assert answer.json() == {"recorded": 2, "duplicates": 0, "rejected": []}
    logged = {one.data.screening_id for one in node.logged("intake", ScreeningRecorded)}
    assert {one["id"] for one in sent} <= logged
    single = ("\ufeff" + json.dumps(body())).encode()
    assert recorder.request("POST", "/intake/screenings", content=single).status_code == 201


@pytest.mark.parametrize("year", ["0000", "0001", "1899", "2200", "9999"])
@pytest.mark.parametrize("offset", ["Z", "+23:59", "-23:59"])
def test_time_is_refused_by_field_when_no_calendar_counts_on_from_it(
    node: Node, year: str, offset: str
) -> None:
    instant = f"{year}-06-30T23:59:59{offset}"
    command = node.client(Role.COMMAND)
    order = {"level": "low", "reason": "核定"}
    meeting = {
        "area": AREA,
        "kind": "meeting",
        "name": "村民会议",
        "people": 20,
        "starts_at": "2199-01-01T08:00:00+08:00",
        "ends_at": instant,
    }
    level = f"/alerts/areas/{AREA}/risk-level"
    answers = {
        "effective_at": command.put(level, {**order, "effective_at": instant}),
        "until": command.put(level, {**order, "until": instant}),
        "ends_at": command.post("/alerts/activities", meeting),
        "due_at": command.post(
            "/volunteers/requests", {"area": AREA, "kind": "goods", "due_at": instant}
        ),
        "occurred_at": command.post("/intake/screenings", body(occurred_at=instant)),
        "polling_on": command.post(
            "/alerts/elections", {"area": AREA, "name": "换届选举", "polling_on": instant[:10]}
        ),
    }
    for field, answer in answers.items():
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
        assert in_chinese(answer.json()["errors"][0]["message"])
    lines = json.dumps(body(occurred_at=instant))
    bulk = node.client("recorder", AREA).request("POST", "/intake/screenings/bulk", content=lines)
    (rejected,) = bulk.json()["rejected"]
    assert rejected["field"] == "occurred_at"
    assert rejected["error"].startswith("occurred_at: 不能")


def test_cursor_is_refused_when_its_time_has_no_place_in_the_calendar(node: Node) -> None:
    key = json.dumps(["0001-01-01T00:00:00+23:59", new_id()]).encode()
    cursor = base64.urlsafe_b64encode(key).decode().rstrip("=")
    answer = node.client("command").get("/alerts/alerts", cursor=cursor)
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")
