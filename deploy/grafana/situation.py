"""The county's situation (全县态势), for the duty desk: fevers, levels, reports, requests."""

from deploy.grafana.panels import (
    Dashboard,
    Query,
    Row,
    firing,
    lines,
    per_area,
    ranking,
    stat,
    total,
)

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
                firing("health|desk"),
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
