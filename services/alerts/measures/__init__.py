"""Measures (防控措施): which are in force where, and why. D2.

A response starts and ends them, the command orders some by hand; the features that follow them ask
here which are in force.
"""

from shared.events.alerts.measures import MeasureEnded, MeasureStarted
from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
    emits=(MeasureStarted, MeasureEnded),
)
