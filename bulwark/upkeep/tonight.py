"""One night's backup: made, rehearsed, told; then the oldest may go."""

import re
import shutil
from pathlib import Path

from bulwark.upkeep.backup import Tell, backup, told
from bulwark.upkeep.manifest import NAME as MANIFEST
from bulwark.upkeep.manifest import BackupError
from bulwark.upkeep.nightly import Plan
from bulwark.upkeep.record import Record, tell_failed
from bulwark.upkeep.rehearsal import rehearse
from bulwark.upkeep.source import Source
from shared.clock import CST, Clock

NAMED = "%Y-%m-%dT%H-%M-%S"
OURS = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}")


def make_now(source: Source, plan: Plan, clock: Clock, tell: Tell) -> Record:
    """Make a night's backup, rehearse its restore, and let the oldest go; raises BackupError.

    It is told in the folder of the backups and in the instance's own.
    """
    folders = {plan.folder, source.backups}
    target = plan.folder / clock.now().astimezone(CST).strftime(NAMED)
    try:
        manifest = backup(source, target, clock, keys=plan.keys, tell=tell)
    except Exception as error:
        tell_failed(folders, clock.now(), " ".join(str(error).split()))
        raise
    record = told(manifest, target, plan.keys, rehearse(target, source, clock), folders)
    if record.rehearsal is None or not record.rehearsal.ok:
        raise BackupError(f"{target}: 恢复演练失败 / the rehearsal failed: {record.error}")
    for gone in outlived(plan.folder, plan.keep):
        shutil.rmtree(gone)
        tell(f"  已删除旧备份 / removed {gone.name}")
    return record


def outlived(folder: Path, keep: int) -> list[Path]:
    """What may go: of our finished backups all but the latest, and what was cut short before it."""
    ours = sorted(path for path in folder.iterdir() if OURS.fullmatch(path.name))
    finished = [path for path in ours if (path / MANIFEST).exists()]
    kept = set(finished[-keep:])
    scraps = [path for path in folder.glob(".rehearsal-*") if path.is_dir()]
    latest = finished[-1] if finished else None
    return scraps + [path for path in ours if path not in kept and latest and path < latest]
