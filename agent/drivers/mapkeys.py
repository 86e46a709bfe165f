"""What each key of a register map means, for the reference and for nobody who decodes."""

from __future__ import annotations

_TABLE = """
RegisterMap.map          | Name of the map and of the driver.
RegisterMap.api          | Version of the driver API; 1.
RegisterMap.kind         | What kind of machine it is.
RegisterMap.covers       | The machines it is meant for.
RegisterMap.source       | Where the numbers come from: maker, document, revision, date.
RegisterMap.grade        | From documents, with a trace of a machine, or ran in homes.
RegisterMap.line         | How the machine wants to be spoken to.
RegisterMap.every        | How often its points are read, unless a point says slower.
RegisterMap.words        | Which of two words comes first in 32-bit values.
RegisterMap.words_written | The same for writing, where a machine turns it round.
RegisterMap.absent       | By type, the words that mean "no sensor"; a point's own replace them.
RegisterMap.refrigerant  | If known; pressures are held against its saturation temperature.
RegisterMap.holes        | Addresses that must not be read, not even among others.
RegisterMap.alone        | Addresses that are answered only in a request of their own.
RegisterMap.blocks       | Requests the machine accepts only with these bounds.
RegisterMap.ready        | Before this holds no value is believed.
RegisterMap.constant     | Points that never change; if one does, the reply was shifted.
RegisterMap.points       | By name: a canonical one, or one of your own that begins x_.
RegisterMap.faults       | Where faults stand and what they mean.
RegisterMap.capabilities | What control may use, and the point that does it; it must be writable.
RegisterMap.notes        | What a reader should know; the driver's page shows it.

Cover.brand              | As it stands on the machine.
Cover.model              | As it stands on the nameplate.
Cover.firmware           | For people, such as >=2.1; nothing is compared with it.

LineRule.baudrate        | Factory setting; the configuration may name another.
LineRule.parity          | Factory setting.
LineRule.stop_bits       | Factory setting.
LineRule.unit_id         | Factory setting of the Modbus address.
LineRule.tcp_port        | Of a machine on Modbus TCP.
LineRule.max_words       | Most words in one request; of bits 16 times as many.
LineRule.write_function  | For holding registers; two words always need 16.
LineRule.gap             | Least rest between an answer and the next request.
LineRule.answer_within   | Waited for an answer so long.
LineRule.worst_lateness  | An answer may come so much later; the line rests for it.
LineRule.turnaround      | Usual time to the first byte of an answer; for planning only.
LineRule.max_silence     | Left unasked for longer, the machine drops control.
LineRule.refusal_is_silent | It refuses a write by saying nothing; that silence is then no loss.
LineRule.one_connection  | Modbus TCP: it bears one connection only.
LineRule.master          | Who asks: we; the machine, and we listen; a controller, and we only read.
LineRule.pause           | With `passive`: the pause in which we may write; without it we never do.

FixedBlock.table         | Which table is asked.
FixedBlock.at            | First address on the wire.
FixedBlock.count         | How many words, or bits.
FixedBlock.unit_id       | If another than the device's.

Ready.point              | The point that tells.
Ready.mask               | Which of its bits count.
Ready.equals             | What they must be.

PointRule.table          | Which table it stands in.
PointRule.at             | Address on the wire: 40001 of a document is mostly holding 0.
PointRule.type           | How it is read; u12, s12, u8, s8: low bits; ascii2: two letters.
PointRule.bits           | Which bits of the word, the lowest being 0; one alone is true or false.
PointRule.mask           | Only these bits, left where they stand; points may then share a word.
PointRule.pack           | Instead of `at`: pieces of several words.
PointRule.plus           | Further words that are added.
PointRule.words          | Word order, where this point differs from the map.
PointRule.scale          | Value of one count: value = raw * scale + offset.
PointRule.offset         | Added after scaling; -40 for a word that says 0 at -40.
PointRule.unit           | Only for points of your own; canonical ones have theirs.
PointRule.en             | English name, of a point of your own.
PointRule.zh             | Chinese name, of a point of your own.
PointRule.absent         | Raw words that mean "no sensor"; [] takes back those of its type.
PointRule.low            | What a sensor can show at least; below it a reading is out_of_range.
PointRule.high           | What it can show at most.
PointRule.jump           | Largest change between two polls; more must be seen three times.
PointRule.values         | Words for raw numbers, in place of scale; others are undefined_code.
PointRule.off            | Raw words that mean false; all others mean true.
PointRule.every          | Slower than the map's `every`, for counters and names.
PointRule.unit_id        | If another unit id of the same machine answers for it.
PointRule.switch         | Another scale while another point says so, such as degF.
PointRule.fitted_if      | The part is there only while these points show one of these words.
PointRule.confidence     | How many sources agree; the last two are not written without leave.
PointRule.write          | Makes it writable; `{}` takes all defaults.
PointRule.note           | For readers of the map.

Faults.point             | The point that shows the code.
Faults.none              | Codes that mean that all is well.
Faults.also              | Points that tell a fault and do not name it.
Faults.shown_as          | How the display writes a code that has no entry.
Faults.codes             | By code: what it means.
Faults.bits              | Faults that are single bits.

Part.at                  | Address on the wire.
Part.bits                | Which bits of it.

Term.at                  | Address on the wire.
Term.scale               | Its weight, a whole multiple of the point's scale.

Switch.point             | The point that decides.
Switch.equals            | The word, true or false, at which this scale holds.
Switch.scale             | Value of one count then.
Switch.offset            | Added then.
Switch.absent            | No-sensor words then; if left out, as before.

WriteRule.confidence     | That the write is right, if less sure than the reading.
WriteRule.at             | If it is written elsewhere than it is read.
WriteRule.function       | If another than 5 for coils and `write_function` for registers.
WriteRule.low            | Least value; required for a number.
WriteRule.high           | Largest value; required for a number.
WriteRule.step           | Values go from `low` in such steps.
WriteRule.low_from       | A point in which the machine shows its own least.
WriteRule.high_from      | A point in which the machine shows its own largest.
WriteRule.only_if        | Obeyed only while these points show one of these words.
WriteRule.min_interval   | Least time between two writes.
WriteRule.per_day        | Most writes a day.
WriteRule.confirm_within | How long the machine may take to show the new value.
WriteRule.refresh        | The machine forgets it after so long; it is written again in time.
WriteRule.park           | What it is left at when the gateway stops.

FaultCode.label          | As the machine's display writes it.
FaultCode.en             | For a technician, in English.
FaultCode.zh             | For a technician, in Chinese.
FaultCode.kind           | A status, such as defrosting, raises no alarm.

FaultBit.table           | Which table it stands in.
FaultBit.at              | Address on the wire.
FaultBit.bit             | Which bit of the word, the lowest being 0.
FaultBit.unit_id         | If another than the device's.
FaultBit.label           | As the machine's display writes it; each once.
FaultBit.en              | For a technician, in English.
FaultBit.zh              | For a technician, in Chinese.
"""

MEANING: dict[str, str] = {
    key.strip(): text.strip()
    for key, text in (line.split("|", 1) for line in _TABLE.splitlines() if line)
}
