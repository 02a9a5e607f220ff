"""The mirror of registered people (重点人员): who may need help of what kind. I4, D8."""

from shared.runtime.feature import Feature

FEATURE = Feature(
    package=__name__,
)
