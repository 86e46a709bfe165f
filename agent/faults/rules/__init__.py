"""One rule a file; a new rule is added here and to its table of test cases, nowhere else."""

from agent.faults.rule import Rule
from agent.faults.rules.air_in_water import AIR_IN_WATER
from agent.faults.rules.backup_heater import BACKUP_HEATER_NEEDLESS
from agent.faults.rules.capacity_short import CAPACITY_SHORT
from agent.faults.rules.clock import CLOCK_WRONG
from agent.faults.rules.communication import COMMUNICATION_LOST
from agent.faults.rules.compressor_wear import COMPRESSOR_WEAR
from agent.faults.rules.condenser_fouling import CONDENSER_FOULING
from agent.faults.rules.defrost_incomplete import DEFROST_INCOMPLETE
from agent.faults.rules.defrost_missing import DEFROST_MISSING
from agent.faults.rules.evaporator_fouling import EVAPORATOR_FOULING
from agent.faults.rules.fan_stopped import FAN_STOPPED
from agent.faults.rules.fan_weak import FAN_WEAK
from agent.faults.rules.flow_dropped import FLOW_DROPPED
from agent.faults.rules.freeze_ahead import FREEZE_AHEAD
from agent.faults.rules.frost import FROST_DANGER, OFF_IN_THE_COLD
from agent.faults.rules.link import LINK_FROZEN, LINK_POOR
from agent.faults.rules.low_flow import LOW_FLOW
from agent.faults.rules.mains import MAINS_VOLTAGE
from agent.faults.rules.meter import COP_BEYOND, ENERGY_METER, HEAT_METER
from agent.faults.rules.needless_defrost import NEEDLESS_DEFROST
from agent.faults.rules.no_flow import NO_FLOW
from agent.faults.rules.overcharge import OVERCHARGE
from agent.faults.rules.overheat import OVERHEAT
from agent.faults.rules.reversing_stuck import REVERSING_STUCK
from agent.faults.rules.reversing_valve import REVERSING_VALVE
from agent.faults.rules.sensor_offset import SENSOR_OFFSET
from agent.faults.rules.sensor_stuck import SENSOR_STUCK
from agent.faults.rules.sensors import SENSOR_ABSENT, SENSOR_OUT_OF_RANGE
from agent.faults.rules.short_cycling import SHORT_CYCLING
from agent.faults.rules.supply_too_hot import SUPPLY_TOO_HOT
from agent.faults.rules.undercharge import UNDERCHARGE
from agent.faults.rules.unknown import UNKNOWN_ANOMALY
from agent.faults.rules.valve_closed import VALVE_CLOSED
from agent.faults.rules.valve_off import VALVE_OFF
from agent.faults.rules.vendor import VENDOR_FAULT

RULES: tuple[Rule, ...] = (
    FROST_DANGER,
    OFF_IN_THE_COLD,
    FREEZE_AHEAD,
    COMMUNICATION_LOST,
    SENSOR_ABSENT,
    SENSOR_OUT_OF_RANGE,
    MAINS_VOLTAGE,
    VENDOR_FAULT,
    COMPRESSOR_WEAR,
    CONDENSER_FOULING,
    DEFROST_INCOMPLETE,
    EVAPORATOR_FOULING,
    FAN_WEAK,
    FLOW_DROPPED,
    LOW_FLOW,
    OVERCHARGE,
    REVERSING_VALVE,
    SENSOR_OFFSET,
    UNDERCHARGE,
    UNKNOWN_ANOMALY,
    VALVE_CLOSED,
    VALVE_OFF,
    AIR_IN_WATER,
    NO_FLOW,
    FAN_STOPPED,
    DEFROST_MISSING,
    NEEDLESS_DEFROST,
    REVERSING_STUCK,
    SHORT_CYCLING,
    CAPACITY_SHORT,
    SUPPLY_TOO_HOT,
    OVERHEAT,
    BACKUP_HEATER_NEEDLESS,
    SENSOR_STUCK,
    LINK_FROZEN,
    LINK_POOR,
    CLOCK_WRONG,
    ENERGY_METER,
    HEAT_METER,
    COP_BEYOND,
)
