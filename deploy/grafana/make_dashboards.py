"""The Grafana dashboards: `python deploy/grafana/make_dashboards.py FOLDER` writes them as JSON.

Two of them: the county's situation (全县态势) and the system's health (系统健康). Titles are in
Chinese first. A panel is a title, a kind and its queries; where it stands follows from the order.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS = 24
SCHEMA = 39

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and how each of its series is called (`{{label}}`)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture; `kind` is a Grafana panel, `unit` a Grafana unit, colours change at `steps`."""

    title: str
    kind: str
    queries: Sequence[Query]
    unit: str = "short"
    width: int = 12
    height: int = 8
    steps: Sequence[tuple[float, str]] = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A heading with the panels under it."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A page of panels."""

    uid: str
    title: str
    rows: Sequence[Row]

    @property
    def panels(self) -> Iterable[Panel]:
        """All panels of all rows."""
        return (panel for row in self.rows for panel in row.panels)


def stat(title: str, expr: str, *, red_at: float | None = None, about: str = "") -> Panel:
    """One large number, red from a value on."""
    steps = () if red_at is None else ((red_at, "red"),)
    return Panel(title, "stat", [Query(expr)], width=4, height=4, steps=steps, about=about)


def lines(title: str, *queries: Query, unit: str = "short", width: int = 12) -> Panel:
    """Lines over time."""
    return Panel(title, "timeseries", queries, unit=unit, width=width)


def ranking(title: str, expr: str, *, unit: str = "short") -> Panel:
    """The communities with the highest values now."""
    return Panel(title, "bargauge", [Query(expr, "{{area_name}} {{area}}")], unit=unit)


def per_area(metric: str, most: int = 15) -> str:
    """The communities with the highest values of a gauge, told by one process or two."""
    return f"topk({most}, max by (area, area_name) ({metric}))"


def total(metric: str) -> str:
    """The sum of a gauge over all communities; 0 where none is told of."""
    return f"sum(max by (area) ({metric})) or vector(0)"


SITUATION = Dashboard(
    "bulwark-situation",
    "全县态势 / The county's situation",
    [
        Row(
            "此刻 / Now",
            [
                stat("待接警发热 / Fevers open", total("bulwark_fevers_open"), red_at=1),
                stat("逾期发热 / Fevers overdue", total("bulwark_fevers_overdue"), red_at=1),
                stat(
                    "高风险社区 / Communities at high",
                    "count(max by (area) (bulwark_risk_level) == 2) or vector(0)",
                    red_at=1,
                ),
                stat(
                    "中风险社区 / Communities at medium",
                    "count(max by (area) (bulwark_risk_level) == 1) or vector(0)",
                ),
                stat("漏报日报告 / Reports missing", total("bulwark_reports_missing"), red_at=1),
                stat("逾期求助 / Requests overdue", total("bulwark_requests_overdue"), red_at=1),
            ],
        ),
        Row(
            "发热 / Fevers",
            [
                ranking(
                    "等待最久的社区 / Communities that wait longest",
                    per_area("bulwark_fever_oldest_seconds"),
                    unit="s",
                ),
                lines(
                    "各乡镇街道待接警发热 / Open fevers by township",
                    Query("township:bulwark_fevers_open:sum", "{{township}}"),
                ),
                lines(
                    "每小时登记与发热 / Screenings and fevers an hour",
                    Query(
                        "3600 * sum(service_event:bulwark_events_logged:rate5m"
                        '{event="screening_recorded"})',
                        "登记 / screenings",
                    ),
                    Query(
                        "3600 * sum(service_event:bulwark_events_logged:rate5m"
                        '{event="fever_detected"})',
                        "发热 / fevers",
                    ),
                ),
                ranking("逾期发热社区 / Fevers overdue", per_area("bulwark_fevers_overdue")),
            ],
        ),
        Row(
            "管控、报告与求助 / Measures, reports, requests",
            [
                lines(
                    "各乡镇街道最高风险等级 / Highest level by township (1 中 medium, 2 高 high)",
                    Query("township:bulwark_risk_level:max", "{{township}}"),
                ),
                lines(
                    "开设卡点 / Checkpoints open",
                    Query(total("bulwark_checkpoints_open"), "卡点 / checkpoints"),
                ),
                ranking("漏报社区 / Reports missing", per_area("bulwark_reports_missing")),
                ranking("待接单求助 / Requests open", per_area("bulwark_requests_open")),
                lines(
                    "各乡镇街道逾期求助 / Requests overdue by township",
                    Query("township:bulwark_requests_overdue:sum", "{{township}}"),
                    width=24,
                ),
            ],
        ),
    ],
)

HEALTH = Dashboard(
    "bulwark-health",
    "系统健康 / The system's health",
    [
        Row(
            "此刻 / Now",
            [
                stat("告警 / Alerts", 'count(ALERTS{alertstate="firing"}) or vector(0)', red_at=1),
                stat("停止的进程 / Processes down", "count(up == 0) or vector(0)", red_at=1),
                stat(
                    "搁置事件 / Events set aside",
                    "sum(max by (service, source) (bulwark_dead_letters_set_aside))",
                    red_at=1,
                ),
                Panel(
                    "受理承诺 / Records accepted (6 h)",
                    "stat",
                    [Query("1 - promise:bulwark_records_not_accepted:ratio_rate6h")],
                    unit="percentunit",
                    width=4,
                    height=4,
                    about="承诺 / promised: 99.9 %",
                ),
                Panel(
                    "发现承诺 / Fevers found in time (6 h)",
                    "stat",
                    [Query("1 - promise:bulwark_fevers_found_late:ratio_rate6h")],
                    unit="percentunit",
                    width=4,
                    height=4,
                    about="承诺 / promised: 99 %",
                ),
                Panel(
                    "备份距今 / Last backup",
                    "stat",
                    [Query("min(bulwark_backup_age_seconds)")],
                    unit="s",
                    width=4,
                    height=4,
                    steps=[(26 * 3600, "red")],
                ),
            ],
        ),
        Row(
            "请求与处理 / Requests and handlers",
            [
                lines(
                    "每秒请求 / Requests a second",
                    Query(
                        "sum by (service) (service_route:bulwark_http_requests:rate5m)",
                        "{{service}}",
                    ),
                    unit="reqps",
                ),
                lines(
                    "失败占比 / Share that failed",
                    Query("service:bulwark_http_errors:ratio_rate5m", "{{service}}"),
                    unit="percentunit",
                ),
                lines(
                    "最慢的路由 p99 / Slowest routes, p99",
                    Query("topk(8, service_route:bulwark_http_seconds:p99_rate5m)", "{{route}}"),
                    unit="s",
                ),
                lines(
                    "事务 p99 / Transactions, p99",
                    Query("service:bulwark_transaction_seconds:p99_rate5m", "{{service}}"),
                    unit="s",
                ),
                lines(
                    "最忙的处理函数 / Busiest handlers: share of a second",
                    Query(
                        "topk(8, service_handler:bulwark_handled:rate5m"
                        " * service_handler:bulwark_handler_seconds:mean_rate5m)",
                        "{{service}} {{handler}}",
                    ),
                    unit="percentunit",
                ),
                lines(
                    "处理失败与重试 / Failures of handlers, transactions tried again",
                    Query(
                        "sum by (service, handler) (rate(bulwark_handler_errors_total[5m]))",
                        "{{service}} {{handler}}",
                    ),
                    Query(
                        "sum by (service) (rate(bulwark_transaction_retries_total[5m]))",
                        "{{service}} 重试 / again",
                    ),
                ),
            ],
        ),
        Row(
            "事件 / Events",
            [
                lines(
                    "每秒事件 / Events a second",
                    Query("topk(10, service_event:bulwark_events_logged:rate5m)", "{{event}}"),
                ),
                lines(
                    "日志与流的末尾 / Heads of logs and streams",
                    Query("max by (service) (bulwark_log_head)", "{{service}} 日志 / log"),
                    Query("max by (service) (bulwark_relay_head)", "{{service}} 流 / stream"),
                ),
                lines(
                    "发布滞后 / Waiting to be published",
                    Query("max by (service) (bulwark_relay_lag_seconds)", "{{service}}"),
                    unit="s",
                ),
                lines(
                    "处理滞后 / Readers behind",
                    Query(
                        "max by (service, source) (bulwark_reader_lag_seconds)",
                        "{{service}} ← {{source}}",
                    ),
                    unit="s",
                ),
                lines(
                    "登记到发现发热 / From screening to fever found",
                    Query(
                        "histogram_quantile(0.99,"
                        " sum by (le) (rate(bulwark_fever_found_seconds_bucket[1h])))",
                        "p99",
                    ),
                    unit="s",
                ),
                lines(
                    "流的重建与发布失败 / Streams made again, publishes that failed",
                    Query(
                        "increase(bulwark_stream_remade_total[1h])", "{{service}} 重建 / made again"
                    ),
                    Query("rate(bulwark_relay_errors_total[5m])", "{{service}} 失败 / failed"),
                ),
            ],
        ),
        Row(
            "机器 / Machine",
            [
                lines(
                    "磁盘剩余 / Disk left",
                    Query("bulwark_disk_free_bytes / bulwark_disk_size_bytes", "{{instance}}"),
                    unit="percentunit",
                ),
                lines(
                    "各流占用 / Room of the streams",
                    Query("max by (service) (bulwark_stream_bytes)", "{{service}}"),
                    Query("max(bulwark_broker_store_limit_bytes)", "上限 / limit"),
                    unit="bytes",
                ),
                lines(
                    "数据库连接占用 / Database pool in use",
                    Query(
                        "bulwark_database_pool_in_use / bulwark_database_pool_size",
                        "{{instance}} {{service}} {{pool}}",
                    ),
                    unit="percentunit",
                ),
                lines(
                    "内存 / Memory",
                    Query('process_resident_memory_bytes{job="bulwark"}', "{{instance}}"),
                    unit="bytes",
                ),
                lines(
                    "未列出的区划 / Areas left out, looks that failed",
                    Query("sum by (gauge) (bulwark_series_left_out)", "{{gauge}}"),
                    Query(
                        "sum by (service, what) (rate(bulwark_look_errors_total[5m]))",
                        "{{service}} {{what}}",
                    ),
                ),
                Panel(
                    "版本 / Releases",
                    "table",
                    [Query("count by (version, python) (bulwark_build_info)")],
                ),
            ],
        ),
    ],
)

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
    steps: list[Json] = [{"color": "green", "value": None}]
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
        sys.stderr.write("用法 / usage: python deploy/grafana/make_dashboards.py FOLDER\n")
        raise SystemExit(2)
    for path in write(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
