"""The roles of callers, and which of them may read health data."""

from enum import StrEnum


class Role(StrEnum):
    """What a caller does, always within one area."""

    RECORDER = "recorder"  # 网格员、卡点登记员
    HEALTH = "health"  # 医疗卫生机构、疾控机构
    COMMAND = "command"  # 指挥部
    ELECTION = "election"  # 选举委员会
    LEAD = "lead"  # 社区防控领导小组
    COORDINATOR = "coordinator"  # 志愿服务协调员
    HELPER = "helper"  # 志愿者
    COUNSELLOR = "counsellor"  # 心理援助人员
    RESIDENT = "resident"  # 居民
    IT = "it"  # 信息系统管理员
    SUBSCRIBER = "subscriber"  # 订阅系统


OF_HEALTH = frozenset(
    {Role.RECORDER, Role.HEALTH, Role.LEAD, Role.COMMAND, Role.COORDINATOR, Role.SUBSCRIBER}
)
"""Who may read alerts, and is told whom they are about and at what temperature."""
