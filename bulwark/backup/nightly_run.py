"""One nightly backup: made, rehearsed and recorded; then the oldest are removed."""

import re
import shutil
from pathlib import Path

from bulwark.backup.backup import Show, backup, record_backup
from bulwark.backup.manifest import NAME as MANIFEST
from bulwark.backup.manifest import BackupError
from bulwark.backup.nightly import Plan
from bulwark.backup.record import Record, record_failure
from bulwark.backup.rehearsal import rehearse
from bulwark.backup.source import Source
from shared.clock.clock import CST, Clock

NAMED = "%Y-%m-%dT%H-%M-%S"
OURS = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}")
# A backup gets its final name only after its rehearsal: an interrupted one never replaces a good
# one.
MAKING, FAILED = ".making-", ".failed"


def make_now(source: Source, plan: Plan, clock: Clock, show: Show) -> Record:
    """Make a nightly backup, rehearse its restore and remove the oldest; raises BackupError.

    It is recorded in the folder of the backups and in the instance's own.
    """
    # The folder whose record decides whether a backup is due comes last.
    folders = list(dict.fromkeys((source.backups, plan.folder)))
    name = clock.now().astimezone(CST).strftime(NAMED)
    making = plan.folder / f"{MAKING}{name}"
    try:
        manifest = backup(source, making, clock, keys=plan.keys, show=show)
        rehearsal = rehearse(making, source, clock)
    except Exception as error:
        # Half a backup is useless, and may be what fills the disk.
        shutil.rmtree(making, ignore_errors=True)
        record_failure(folders, clock.now(), " ".join(str(error).split()))
        raise
    target = making.rename(plan.folder / (name if rehearsal.ok else f"{name}{FAILED}"))
    record = record_backup(manifest, target, plan.keys, rehearsal, folders)
    for gone in outlived(plan.folder, plan.keep):
        shutil.rmtree(gone)
        show(f"  已删除旧备份 / removed {gone.name}")
    if not rehearsal.ok:
        raise BackupError(f"{target}: 恢复演练失败 / the rehearsal failed: {record.error}")
    return record


def outlived(folder: Path, keep: int) -> list[Path]:
    """What may be removed: all but the latest of our finished backups, and all but the last that
    failed or was interrupted, which may be in progress, or be needed to find the cause."""
    ours = sorted(path for path in folder.iterdir() if OURS.fullmatch(path.name))
    finished = [path for path in ours if (path / MANIFEST).exists()]
    scraps = [path for path in folder.glob(".rehearsal-*") if path.is_dir()]
    for pattern in (f"{MAKING}*", f"*{FAILED}"):
        scraps += sorted(path for path in folder.glob(pattern) if _is_ours(path))[:-1]
    # Without a manifest: interrupted, by an older release.
    unfinished = [path for path in ours if path not in finished and path != ours[-1]]
    return scraps + sorted(finished[:-keep] + unfinished)


def _is_ours(path: Path) -> bool:
    return bool(OURS.fullmatch(path.name.removeprefix(MAKING).removesuffix(FAILED)))
