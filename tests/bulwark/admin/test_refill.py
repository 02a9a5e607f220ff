"""`bulwark refill` says what became of it."""

import asyncio
import json
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg

from bulwark.admin.operations import ask_refill
from bulwark.broker.nats_server import Broker
from tests.support.harness import PATIENCE


@pytest.mark.parametrize("granted", [True, False])
def test_refusal_is_told_when_the_owner_does_not_make_its_stream_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    granted: bool,
) -> None:
    broker = Broker(tmp_path / "nats")

    async def ask() -> int:
        await broker.start()
        owner = await nats.connect(broker.url, connect_timeout=PATIENCE)
        try:

            async def answer(message: Msg) -> None:
                await message.respond(json.dumps({"remade": granted, "logged": False}).encode())

            await owner.subscribe("repair.intake", cb=answer)
            await owner.flush()
            return await ask_refill(tmp_path, "intake", 1)
        finally:
            await owner.close()
            await broker.stop()

    monkeypatch.setenv("BULWARK_NATS_URL", broker.url)
    if granted:
        assert asyncio.run(ask()) == 0
        return
    with pytest.raises(SystemExit):
        asyncio.run(ask())
    said = capsys.readouterr()
    assert "bulwark doctor" in said.err
    assert not said.out
