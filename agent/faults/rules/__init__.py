"""One rule a file; a new rule is added here and to its table of test cases, nowhere else."""

from agent.faults.rule import Rule
from agent.faults.rules.communication import COMMUNICATION_LOST
from agent.faults.rules.compressor_wear import COMPRESSOR_WEAR
from agent.faults.rules.condenser_fouling import CONDENSER_FOULING
from agent.faults.rules.defrost_incomplete import DEFROST_INCOMPLETE
from agent.faults.rules.evaporator_fouling import EVAPORATOR_FOULING
from agent.faults.rules.fan_weak import FAN_WEAK
from agent.faults.rules.frost import FROST_DANGER, OFF_IN_THE_COLD
from agent.faults.rules.low_flow import LOW_FLOW
from agent.faults.rules.overcharge import OVERCHARGE
from agent.faults.rules.reversing_valve import REVERSING_VALVE
from agent.faults.rules.sensor_offset import SENSOR_OFFSET
from agent.faults.rules.sensors import SENSOR_ABSENT, SENSOR_OUT_OF_RANGE
from agent.faults.rules.undercharge import UNDERCHARGE
from agent.faults.rules.unknown import UNKNOWN_ANOMALY
from agent.faults.rules.valve_off import VALVE_OFF
from agent.faults.rules.vendor import VENDOR_FAULT

RULES: tuple[Rule, ...] = (
    FROST_DANGER,
    OFF_IN_THE_COLD,
    COMMUNICATION_LOST,
    SENSOR_ABSENT,
    SENSOR_OUT_OF_RANGE,
    VENDOR_FAULT,
    COMPRESSOR_WEAR,
    CONDENSER_FOULING,
    DEFROST_INCOMPLETE,
    EVAPORATOR_FOULING,
    FAN_WEAK,
    LOW_FLOW,
    OVERCHARGE,
    REVERSING_VALVE,
    SENSOR_OFFSET,
    UNDERCHARGE,
    UNKNOWN_ANOMALY,
    VALVE_OFF,
)
