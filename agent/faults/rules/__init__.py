"""One rule a file; a new rule is added here and to its table of test cases, nowhere else."""

from agent.faults.rule import Rule
from agent.faults.rules.communication import COMMUNICATION_LOST
from agent.faults.rules.frost import FROST_DANGER, OFF_IN_THE_COLD
from agent.faults.rules.sensors import SENSOR_ABSENT, SENSOR_OUT_OF_RANGE
from agent.faults.rules.vendor import VENDOR_FAULT

RULES: tuple[Rule, ...] = (
    FROST_DANGER,
    OFF_IN_THE_COLD,
    COMMUNICATION_LOST,
    SENSOR_ABSENT,
    SENSOR_OUT_OF_RANGE,
    VENDOR_FAULT,
)
