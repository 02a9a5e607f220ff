"""One night's backup: made, rehearsed, told; then the oldest may go."""

import re
import shutil
from pathlib import Path

from bulwark.backup.backup import Tell, backup, told
from bulwark.backup.manifest import NAME as MANIFEST
from bulwark.backup.manifest import BackupError
from bulwark.backup.nightly import Plan
from bulwark.backup.record import Record, tell_failed
from bulwark.backup.rehearsal import rehearse
from bulwark.backup.source import Source
from shared.clock.clock import CST, Clock

NAMED = "%Y-%m-%dT%H-%M-%S"
OURS = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}")
# A backup has its name only once its restore was rehearsed: whatever ends the making before, the
# good ones are not crowded out by it.
MAKING, FAILED = ".making-", ".failed"


def make_now(source: Source, plan: Plan, clock: Clock, tell: Tell) -> Record:
    """Make a night's backup, rehearse its restore, and let the oldest go; raises BackupError.

    It is told in the folder of the backups and in the instance's own.
    """
    # The one that says whether a night is still to be made comes last.
    folders = list(dict.fromkeys((source.backups, plan.folder)))
    name = clock.now().astimezone(CST).strftime(NAMED)
    making = plan.folder / f"{MAKING}{name}"
    try:
        manifest = backup(source, making, clock, keys=plan.keys, tell=tell)
        rehearsal = rehearse(making, source, clock)
    except Exception as error:
        # Half a backup serves nobody, and may be what fills the disk.
        shutil.rmtree(making, ignore_errors=True)
        tell_failed(folders, clock.now(), " ".join(str(error).split()))
        raise
    target = making.rename(plan.folder / (name if rehearsal.ok else f"{name}{FAILED}"))
    record = told(manifest, target, plan.keys, rehearsal, folders)
    for gone in outlived(plan.folder, plan.keep):
        shutil.rmtree(gone)
        tell(f"  已删除旧备份 / removed {gone.name}")
    if not rehearsal.ok:
        raise BackupError(f"{target}: 恢复演练失败 / the rehearsal failed: {record.error}")
    return record


def outlived(folder: Path, keep: int) -> list[Path]:
    """What may go: of our finished backups all but the latest, and of what failed or was cut short
    all but the last, which may be looked into, or be in the making."""
    ours = sorted(path for path in folder.iterdir() if OURS.fullmatch(path.name))
    finished = [path for path in ours if (path / MANIFEST).exists()]
    scraps = [path for path in folder.glob(".rehearsal-*") if path.is_dir()]
    for pattern in (f"{MAKING}*", f"*{FAILED}"):
        scraps += sorted(path for path in folder.glob(pattern) if _is_ours(path))[:-1]
    # Without a manifest: cut short by an older release.
    unfinished = [path for path in ours if path not in finished and path != ours[-1]]
    return scraps + sorted(finished[:-keep] + unfinished)


def _is_ours(path: Path) -> bool:
    return bool(OURS.fullmatch(path.name.removeprefix(MAKING).removesuffix(FAILED)))
