"""What a driver may add in Python when its map cannot say it: four pure functions, all optional."""

from __future__ import annotations

from collections.abc import Mapping

from agent.model import Demand, PointId, PointValue, Reading, Snapshot


class Hooks:
    """Override what the machine needs. A hook sees and returns data; it never waits or logs."""

    def identify(self, words: Mapping[str, int]) -> float:
        """How sure the driver is, from 0 to 1, that these words are of its machine; 0: no opinion.

        The words are those asked so far, by table and wire address, such as `holding:130`.
        """
        return 0.0

    def after_decode(
        self, readings: tuple[Reading, ...], known: Mapping[PointId, Reading]
    ) -> tuple[Reading, ...]:
        """The readings of a block, corrected or added to."""
        return readings

    def before_write(self, demand: Demand, snapshot: Snapshot) -> tuple[PointValue, ...]:
        """What must be written, in order, so that the demand comes true."""
        return ((demand.point, demand.value),)

    def alarms(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Vendor fault codes that stand in no single register, as labels of the fault table."""
        return ()
