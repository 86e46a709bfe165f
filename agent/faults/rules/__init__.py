"""One rule a file; a new rule is added here and to its table of test cases, nowhere else."""

from agent.faults.condition import Rule
from agent.faults.rules.communication import communication_lost
from agent.faults.rules.frost import frost_danger, off_in_the_cold
from agent.faults.rules.sensors import sensor_absent, sensor_out_of_range
from agent.faults.rules.vendor import vendor_fault

RULES: tuple[Rule, ...] = (
    frost_danger,
    off_in_the_cold,
    communication_lost,
    sensor_absent,
    sensor_out_of_range,
    vendor_fault,
)
