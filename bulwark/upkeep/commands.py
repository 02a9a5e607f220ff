"""What the commands of upkeep do and say."""

from pathlib import Path

from bulwark.process import complain_softly, say
from bulwark.upkeep import nightly
from bulwark.upkeep.backup import backup, told
from bulwark.upkeep.disk import megabytes
from bulwark.upkeep.manifest import BackupError
from bulwark.upkeep.rehearsal import rehearse
from bulwark.upkeep.restore import restore, unlike
from bulwark.upkeep.source import source_of
from shared.clock import RealClock

WITHOUT_KEYS = (
    "注意:密钥不在此备份中。没有密钥,备份里的居民资料谁也读不了;请用 --keys 另存到别的介质 / "
    "NOTE: the keys are not in this backup, and without them nobody's data in it can be read: "
    "copy them elsewhere with --keys DIR"
)


def back_up(data: Path, target: Path, keys: Path | None, *, rehearsed: bool) -> None:
    """`bulwark backup DIR`."""
    source, clock = source_of(data), RealClock()
    say(f"备份 / backing up {source.folder.path} → {target}")
    manifest = backup(source, target, clock, keys=keys, tell=say)
    rehearsal = rehearse(target, source, clock) if rehearsed else None
    record = told(manifest, target, keys, rehearsal, {source.backups})
    if record.rehearsal is not None and not record.rehearsal.ok:
        raise BackupError(f"{target}: 恢复演练失败 / the rehearsal failed: {record.error}")
    size, seconds = megabytes(manifest.bytes), record.seconds
    rehearsed_too = ",恢复演练通过 / and its restore was rehearsed" if rehearsed else ""
    say(f"完成 / done: {target}  {size}, {seconds:.1f} s{rehearsed_too}")
    _tell_keys(keys)


def _tell_keys(keys: Path | None) -> None:
    if keys is None:
        complain_softly(WITHOUT_KEYS)
    else:
        say(
            f"密钥 / keys: {keys.absolute()}(只留最新一份,与备份分开存放 / the latest copy only: "
            "keep it apart from the backup)"
        )


def back_up_tonight(data: Path, folder: Path, keys: Path | None) -> None:
    """`bulwark backup --nightly --once DIR`."""
    source = source_of(data)
    plan = nightly.plan_of(source, folder, keys)
    record = nightly.make_now(source, plan, RealClock(), say)
    say(f"完成,恢复演练通过 / done, its restore rehearsed: {record.path}")


async def back_up_nightly(data: Path, folder: Path, keys: Path | None) -> int:
    """`bulwark backup --nightly DIR`: for ever."""
    source = source_of(data)
    plan = nightly.plan_of(source, folder, keys)
    await nightly.watch(plan, RealClock(), lambda: nightly.make_apart(data, plan))
    return 0


def put_back(data: Path, folder: Path, keys: Path | None, *, without_keys: bool) -> None:
    """`bulwark restore DIR`."""
    source = source_of(data)
    manifest = restore(folder, source, keys=keys, without_keys=without_keys, tell=say)
    say(
        f"已恢复 {manifest.finished_at:%Y-%m-%d %H:%M} 的备份,到 {source.folder.path} / "
        "restored; the streams are made from the logs at the next start"
    )
    for name, value in unlike(manifest, source).items():
        say(f"  启动前请设 / before the start, set: BULWARK_{name.upper()}={value}")
    say(
        "  外部订阅者若已读到更后的序号,请通知其重新开始 / other systems that had read further "
        "must begin again: docs/operating.md"
    )
