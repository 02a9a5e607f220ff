"""A reader that was away for longer than the stream keeps says so, and is filled by a command."""

from typing import Any

from tests.faults.site import Site
from tests.faults.table import Fault
from tests.support.harness import eventually

MAX_AGE_SECONDS = 6.0
AWAY = ("alerts", "rollup")


def _reader(site: Site, service: str) -> dict[str, Any]:
    """What a service says of its reader of intake; empty while it does not answer."""
    found: dict[str, Any] = site.health(service).get("readers", {}).get("intake", {})
    return found


def _wait_until_behind(site: Site, service: str) -> None:
    eventually(lambda: _reader(site, service).get("behind"))


def test_absent_reader_is_filled_by_command_when_its_messages_have_aged_out(
    site: Site, rounds: int, fault: Fault
) -> None:
    """A reader away longer than the stream keeps, refilled by command."""
    for round_ in range(rounds // 2):
        site.post_some(100, seed=50 + round_)
        eventually(site.at_rest)
        known = site.head("intake")
        for name in AWAY:
            site.processes[name].end()
        site.post_some(700, seed=70 + round_)
        eventually(lambda: site.stream_end("intake") == site.head("intake"))
        eventually(lambda: site.stream_state("intake")["state"]["messages"] == 0)
        fault.times += 1
        for name in AWAY:
            site.processes[name].start()
        for name in AWAY:
            _wait_until_behind(site, name)
            assert site.health(name)["status"] == 503
            assert _reader(site, name)["place"] == known
            assert site.metric(name, "bulwark_reader_behind", "intake") == 1
        with fault.recovering():
            done = site.command("refill", "intake", "--from", str(known + 1))
            assert done.returncode == 0, done.stderr
            for name in AWAY:
                site.wait_ready(name)
            eventually(site.at_rest)
        for name in AWAY:
            assert site.metric(name, "bulwark_reader_behind", "intake") == 0
        site.check(whole_stream=False)
    assert not any(site.dead(name) for name in AWAY)
