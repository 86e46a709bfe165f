"""Every watch of a gateway, by identity, by device and by the id of its alarm. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from agent.faults import places, transitions
from agent.faults.watch import Watch
from agent.model import Alarm, Stamp

Identity = tuple[str, str, str]


class Watches:
    """One watch for each condition that is seen, or whose alarm is open."""

    def __init__(self, restored: Iterable[Alarm] = ()) -> None:
        self._all = {alarm.identity: Watch(alarm=alarm) for alarm in restored}
        self._unplaced = list(self._all.values())
        self._taken = places.taken(self.open)

    @property
    def open(self) -> tuple[Alarm, ...]:
        """The alarms that have not come to their end, each as it was last told."""
        return tuple(watch.alarm for watch in self._all.values() if watch.alarm is not None)

    @property
    def unplaced(self) -> bool:
        """Whether ends of before a restart wait for a clock that is believed."""
        return bool(self._unplaced)

    def place(self, stamp: Stamp) -> None:
        """Bring ends of before a restart on the scale of now; `stamp` must be believed."""
        for watch in self._unplaced:
            watch.place(stamp)
        self._unplaced.clear()

    def at(self, identity: Identity) -> Watch:
        """The watch of a condition; a new one where there was none."""
        return self._all.setdefault(identity, Watch())

    def of(self, device: str) -> list[tuple[Identity, Watch]]:
        """The watches of a device."""
        return [(identity, watch) for identity, watch in self._all.items() if identity[0] == device]

    def by_id(self, alarm_id: str) -> Watch | None:
        """The watch whose open alarm has this id."""
        found = (one for one in self._all.values() if one.alarm and one.alarm.id == alarm_id)
        return next(found, None)

    def settled(self, changes: Iterable[Alarm], stamp: Stamp) -> tuple[Alarm, ...]:
        """The changes, not told yet, with who loses and who takes a dispatch place by them.

        What changes and finds no place is told once, as waiting: nobody sets out in between.
        """
        records = list(changes)
        for alarm, takes in list(places.moves(self.open, self._taken)) if records else ():
            by = "" if takes else places.WAITS
            mine = [at for at, record in enumerate(records) if record.id == alarm.id]
            for at in mine:
                records[at] = newest = transitions.amended(records[at], by)
            if not mine:
                newest = transitions.suppressed(alarm, by, stamp)
                records.append(newest)
            self._all[alarm.identity].put(newest)
        self._taken = places.taken(self.open) if records else self._taken
        return tuple(records)

    def tidy(self, device: str) -> None:
        """Forget what is neither seen nor open."""
        for identity, watch in self.of(device):
            if watch.alarm is None and watch.seen_since is None:
                del self._all[identity]

    def forget(self, device: str) -> None:
        """Forget a device."""
        for identity, _ in self.of(device):
            del self._all[identity]
