"""Writes the Grafana dashboards as JSON: `python -m deploy.grafana.make_dashboards FOLDER`.

A panel is a title, a kind and its queries; where it stands follows from the order. Titles are in
Chinese first. It needs nothing but Python.
"""

import json
import sys
from pathlib import Path
from typing import Any

from deploy.grafana.health import HEALTH
from deploy.grafana.panels import Dashboard, Panel
from deploy.grafana.situation import SITUATION

SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS = 24
SCHEMA = 39

Json = dict[str, Any]

DASHBOARDS = (SITUATION, HEALTH)


def as_json(dashboard: Dashboard) -> Json:
    """A dashboard as Grafana reads it."""
    panels: list[Json] = []
    top = 0
    for row in dashboard.rows:
        panels.append(_heading(len(panels) + 1, row.title, top))
        top += 1
        left = height = 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top, height = 0, top + height, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            panels.append(_panel(len(panels) + 1, panel, place))
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["bulwark"],
        "timezone": "Asia/Shanghai",
        "schemaVersion": SCHEMA,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": panels,
    }


def _heading(number: int, title: str, top: int) -> Json:
    place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
    return {"id": number, "type": "row", "title": title, "gridPos": place, "panels": []}


def _panel(number: int, panel: Panel, place: Json) -> Json:
    at_a_moment = panel.kind != "timeseries"
    steps: list[Json] = [{"color": panel.base, "value": None}]
    steps += [{"color": color, "value": value} for value, color in panel.steps]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {"orientation": "horizontal"} if panel.kind == "bargauge" else {},
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "instant": at_a_moment,
                "range": not at_a_moment,
                "format": "table" if panel.kind == "table" else "time_series",
            }
            for at, query in enumerate(panel.queries)
        ],
    }


def write(folder: Path) -> list[Path]:
    """Write every dashboard into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for dashboard in DASHBOARDS:
        file = folder / f"{dashboard.uid}.json"
        file.write_text(json.dumps(as_json(dashboard), ensure_ascii=False, indent=1) + "\n")
        files.append(file)
    return files


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.stderr.write("用法 / usage: python -m deploy.grafana.make_dashboards FOLDER\n")
        raise SystemExit(2)
    for path in write(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
