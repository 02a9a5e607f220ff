"""What the upkeep commands do, and the messages they print."""

from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from bulwark.backup import nightly
from bulwark.backup.backup import backup, record_backup
from bulwark.backup.copies import connected
from bulwark.backup.disk import megabytes
from bulwark.backup.manifest import BackupError
from bulwark.backup.nightly_run import make_now
from bulwark.backup.rehearsal import rehearse
from bulwark.backup.restore import restore, unlike
from bulwark.backup.source import source_of
from bulwark.console import complain_softly, say
from bulwark.doctor.report import findings, print_findings
from shared.clock.clock import RealClock
from shared.security.audit import Report, verify

WITHOUT_KEYS = (
    "注意:密钥不在此备份中。没有密钥,备份里的居民资料谁也读不了;请用 --keys 另存到别的介质 / "
    "NOTE: the keys are not in this backup, and without them its personal data cannot be read: "
    "copy them elsewhere with --keys DIR"
)


def back_up(data: Path, target: Path, keys: Path | None, *, rehearsed: bool) -> None:
    """`bulwark backup DIR`."""
    source, clock = source_of(data), RealClock()
    say(f"备份 / backing up {source.folder.path} → {target}")
    manifest = backup(source, target, clock, keys=keys, show=say)
    rehearsal = rehearse(target, source, clock) if rehearsed else None
    record = record_backup(manifest, target, keys, rehearsal, {source.backups})
    if record.rehearsal is not None and not record.rehearsal.ok:
        raise BackupError(f"{target}: 恢复演练失败 / the rehearsal failed: {record.error}")
    size, seconds = megabytes(manifest.bytes), record.seconds
    rehearsed_too = ",恢复演练通过 / and its restore rehearsal passed" if rehearsed else ""
    say(f"完成 / done: {target}  {size}, {seconds:.1f} s{rehearsed_too}")
    _print_keys(keys)


def _print_keys(keys: Path | None) -> None:
    if keys is None:
        complain_softly(WITHOUT_KEYS)
    else:
        say(
            f"密钥 / keys: {keys.absolute()}(只留最新一份,与备份分开存放 / only the latest copy: "
            "keep it separate from the backup)"
        )


def back_up_once(data: Path, folder: Path, keys: Path | None) -> None:
    """`bulwark backup --nightly --once DIR`."""
    source = source_of(data)
    plan = nightly.plan_of(source, folder, keys)
    record = make_now(source, plan, RealClock(), say)
    say(f"完成,恢复演练通过 / done, its restore rehearsal passed: {record.path}")


async def back_up_nightly(data: Path, folder: Path, keys: Path | None) -> int:
    """`bulwark backup --nightly DIR`: runs until stopped."""
    source = source_of(data)
    plan = nightly.plan_of(source, folder, keys)
    await nightly.watch(plan, RealClock(), lambda: nightly.make_apart(data, plan))
    return 0


def put_back(data: Path, folder: Path, keys: Path | None, *, without_keys: bool) -> None:
    """`bulwark restore DIR`."""
    source = source_of(data)
    manifest = restore(folder, source, keys=keys, without_keys=without_keys, show=say)
    say(
        f"已恢复 {manifest.finished_at:%Y-%m-%d %H:%M} 的备份,到 {source.folder.path} / "
        "restored; the streams are rebuilt from the logs at the next start"
    )
    for name, value in unlike(manifest, source).items():
        say(f"  启动前请设 / set before starting: BULWARK_{name.upper()}={value}")
    say(
        "  外部订阅者若已读到更后的序号,请通知其重新开始 / other systems that had read further "
        "must start again: docs/operating.md"
    )


async def diagnose(data: Path, *, json: bool) -> int:
    """`bulwark doctor`."""
    return print_findings(await findings(source_of(data), RealClock()), json=json)


def verify_audits(data: Path) -> int:
    """`bulwark audit verify`: returns 1 when a chain is broken or cannot be read."""
    source = source_of(data)
    source.folder.require()
    broken = 0
    for name, url in source.urls.items():
        try:
            report = _verified(url)
        except (FileNotFoundError, SQLAlchemyError) as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            say(f"[要办 DO] {name}: 无法读取 / cannot be read: {reason}")
            broken += 1
            continue
        broken += not report.ok
        for line in audit_lines(name, report):
            say(line)
    say("请把上面的末尾哈希抄存别处:整本重写只能由此发现 / note the last hashes elsewhere")
    return int(bool(broken))


def _verified(url: str) -> Report:
    with connected(url) as connection:
        if not inspect(connection).has_table("audit"):
            return Report(0, "", ())
        return verify(connection)


FAULTS = {
    "changed": "内容被改动 / its content was changed",
    "missing": "条目缺失 / the entry is missing",
    "misplaced": "与前一条不相接 / it does not follow from the entry before",
    "head": "末尾与所记不符 / the end of the log differs from its recorded head",
}


def audit_lines(name: str, report: Report) -> list[str]:
    """The result for one service's log: its first bad entry, and how many there are."""
    if report.ok:
        return [f"[好 ok] {name}: {report.entries} 条,链完整 / the chain is intact  {report.head}"]
    first, count = report.faults[0], len(report.faults)
    where = f"{name}: 第 {first.sequence} 条 / entry {first.sequence}"
    return [
        f"[要办 DO] {where}: {FAULTS[first.kind]}(共 {count} 处 / {count} in total)",
        "   → 保全该数据库的副本,与备份中的同一条核对,并报告主管",
        "     keep a copy of the database, compare the entry with a backup's, and report it",
    ]
