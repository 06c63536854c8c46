package pyvalue

import "time"

// inZone turns what was written into an instant, shown in zone. A moment without an offset is meant in that zone.
func (m moment) inZone(zone *time.Location) (time.Time, Code) {
	written := m.utc()
	if m.aware {
		t := written.Add(-time.Duration(m.offset) * time.Microsecond)
		if !inCalendar(t) || !inCalendar(t.In(zone)) {
			return time.Time{}, Overflow
		}
		return t.In(zone), Accepted
	}
	t := local(written, zone)
	if !inCalendar(t.UTC()) {
		return time.Time{}, Overflow
	}
	return t, Accepted
}

func inCalendar(t time.Time) bool { return t.Year() >= minYear && t.Year() <= maxYear }

// local returns the instant at which clocks in zone show what written shows in UTC: the earlier one where clocks are
// put back, and what a clock that was not yet put forward would show where they are put forward over it.
func local(written time.Time, zone *time.Location) time.Time {
	if zone == time.UTC {
		return written
	}
	at := written.Add(-24 * time.Hour).In(zone)
	for {
		_, offset := at.Zone()
		t := written.Add(-time.Duration(offset) * time.Second).In(zone)
		_, end := at.ZoneBounds()
		if end.IsZero() || t.Before(end) || !shows(end, written) {
			return t
		}
		at = end
	}
}

// shows reports whether clocks that were just changed show written or an earlier time.
func shows(changed, written time.Time) bool {
	_, offset := changed.Zone()
	return !written.Before(changed.Add(time.Duration(offset) * time.Second).UTC())
}
