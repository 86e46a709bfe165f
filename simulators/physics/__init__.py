"""Heat pumps by their physics: many units stepped together, for judging what detects faults.

    units = draw_units(20, seed=1)                      # or reference(1)
    air = weather("frost", days=36, seed=1)             # mild, frost, cold, winter
    fleet = Fleet(units, air, seed=1)                   # or one air a unit: [air, ...]
    columns = fleet.run(2880)                           # a day: {point: (2880, 20)}
    worse = fleet.fork(np.array([0, 0, 1]))             # deep copies as they stand now
    worse.inject([Injection("F04", 0.30), None, Injection("F01", 0.25, ramp_days=7)])

Columns carry canonical point names in the points' units (pressures bar absolute, truth values 0/1,
`mode_active` by `MODES`, `fault_code` by `CODES`, `eev_steps` out of `units.valve_steps`), `at`
(stamps, epoch seconds, by the gateway's clock) and `mono` (true seconds); NaN where no poll or no
value came.
Names that begin with `_` are the truth, for scoring only. `units.refrigerant` is on the nameplate.
`SEVERITIES[fault][word]` are the catalogue's numbers, `VARIANTS[fault]` its forms. U01 and U02 are
faults outside the catalogue. `SCENARIOS` are what healthy units live through, played by the same
`inject`: `Injection("sun", SCENARIOS["sun"], for_s=5 * 86400)`. This package imports nothing of the
agent, and the agent nothing of it.
"""

from simulators.physics.controller import CODE_STATUS as CODE_STATUS
from simulators.physics.controller import CODES as CODES
from simulators.physics.controller import MODES as MODES
from simulators.physics.faults import SCENARIOS as SCENARIOS
from simulators.physics.faults import SEVERITIES as SEVERITIES
from simulators.physics.faults import VARIANTS as VARIANTS
from simulators.physics.faults import Injection as Injection
from simulators.physics.faults import check as check
from simulators.physics.fleet import START_AT as START_AT
from simulators.physics.fleet import Fleet as Fleet
from simulators.physics.units import Units as Units
from simulators.physics.units import draw_units as draw_units
from simulators.physics.units import joined as joined
from simulators.physics.units import reference as reference
from simulators.physics.weather import Air as Air
from simulators.physics.weather import weather as weather
