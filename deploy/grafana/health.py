"""The system's health (系统健康), for county IT: requests, events, the machine."""

from deploy.grafana.panels import FIRING, Dashboard, Panel, Query, Row, firing, lines, promise, stat

HEALTH = Dashboard(
    "bulwark-health",
    "系统健康 / The system's health",
    [
        Row(
            "此刻 / Now",
            [
                stat("告警 / Alerts", f"count({FIRING}) or vector(0)", red_at=1),
                stat("停止的进程 / Processes down", "count(up == 0) or vector(0)", red_at=1),
                stat(
                    "搁置事件（死信） / Dead letters",
                    "sum(max by (service, source) (bulwark_dead_letters_set_aside))",
                    red_at=1,
                ),
                promise(
                    "受理承诺 / Records accepted (6 h)",
                    "1 - promise:bulwark_records_not_accepted:ratio_rate6h",
                    0.999,
                ),
                promise(
                    "发现承诺 / Fevers found in time (6 h)",
                    "1 - promise:bulwark_fevers_found_late:ratio_rate6h",
                    0.99,
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
                firing(),
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
                    "失败占比 / Failure ratio",
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
                    "处理失败与重试 / Handler failures and transaction retries",
                    Query(
                        "sum by (service, handler) (rate(bulwark_handler_errors_total[5m]))",
                        "{{service}} {{handler}}",
                    ),
                    Query(
                        "sum by (service) (rate(bulwark_transaction_retries_total[5m]))",
                        "{{service}} 重试 / retries",
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
                    "处理滞后 / Reader lag",
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
                    "流的重建与发布失败 / Streams rebuilt, failed publishes",
                    Query(
                        "increase(bulwark_stream_remade_total[1h])", "{{service}} 重建 / rebuilt"
                    ),
                    Query("rate(bulwark_relay_errors_total[5m])", "{{service}} 失败 / failed"),
                ),
            ],
        ),
        Row(
            "机器 / Machine",
            [
                lines(
                    "磁盘剩余 / Disk free",
                    Query("bulwark_disk_free_bytes / bulwark_disk_size_bytes", "{{instance}}"),
                    unit="percentunit",
                ),
                lines(
                    "各流占用 / Storage of the streams",
                    Query("max by (service) (bulwark_stream_bytes)", "{{service}}"),
                    Query(
                        "max(bulwark_broker_store_limit_bytes)"
                        " or max(jetstream_server_max_storage > 0)",
                        "上限 / limit",
                    ),
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
                    "未列出的区划 / Areas left out, failed probes",
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
