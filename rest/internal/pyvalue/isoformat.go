package pyvalue

// The functions of this file read what Python 3.11's fromisoformat reads, with its habits: any character may stand
// between date and time, a fraction may have any number of digits, and so on. All work on bytes.

// isoText is text that gives a zero byte beyond its end.
type isoText string

func (s isoText) at(i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

// digits reads n digits at i.
func (s isoText) digits(i, n int) (value int, ok bool) {
	for k := i; k < i+n; k++ {
		if !isDigit(s.at(k)) {
			return 0, false
		}
		value = value*10 + int(s[k]-'0')
	}
	return value, true
}

// isoDate is date.fromisoformat. ok does not say that the date exists.
func isoDate(text string) (m moment, ok bool) {
	switch len(text) {
	case 7, 8, 10:
		return m, isoText(text).date(&m)
	}
	return m, false
}

// date reads a date that is known to be all of s, except that a compact date may have any ending.
func (s isoText) date(m *moment) (ok bool) {
	if m.year, ok = s.digits(0, 4); !ok {
		return false
	}
	i, separated := 4, s.at(4) == '-'
	if separated {
		i++
	}
	if s.at(i) == 'W' {
		return s.week(m, i+1, separated)
	}
	if m.month, ok = s.digits(i, 2); !ok {
		return false
	}
	if i += 2; separated {
		if s.at(i) != '-' {
			return false
		}
		i++
	}
	m.day, ok = s.digits(i, 2)
	return ok
}

// week reads the number of a week at i and the day of it; without a day Monday is meant.
func (s isoText) week(m *moment, i int, separated bool) bool {
	week, ok := s.digits(i, 2)
	if !ok {
		return false
	}
	i += 2
	day := 1
	if i < len(s) {
		if separated {
			if s.at(i) != '-' {
				return false
			}
			i++
		}
		if day, ok = s.digits(i, 1); !ok {
			return false
		}
	}
	t, ok := weekDate(m.year, week, day)
	if ok {
		m.setDay(t)
	}
	return ok
}

// isoTime is time.fromisoformat.
func isoTime(text string) (m moment, ok bool) {
	if text != "" && text[0] == 'T' {
		text = text[1:]
	}
	return m, isoText(text).clock(&m)
}

// isoDateTime is datetime.fromisoformat.
func isoDateTime(text string) (m moment, ok bool) {
	if len(text) < 7 {
		return m, false
	}
	s := isoText(text)
	sep := s.separator()
	if sep < 0 || sep > len(s) || !s[:sep].date(&m) {
		return m, false
	}
	if sep == len(s) {
		return m, true
	}
	next := sep + charLength(s[sep])
	if next > len(s) {
		return m, false
	}
	return m, s[next:].clock(&m)
}

func charLength(lead byte) int {
	switch {
	case lead < 0x80:
		return 1
	case lead < 0xe0:
		return 2
	case lead < 0xf0:
		return 3
	}
	return 4
}

// separator returns where the date ends, -1 when it cannot be a date.
func (s isoText) separator() int {
	switch {
	case len(s) == 7:
		return 7
	case s.at(4) == '-' && s.at(5) == 'W':
		return s.weekSeparator()
	case s.at(4) == '-':
		return 10
	case s.at(4) == 'W':
		return s.compactWeekSeparator()
	}
	return 8
}

// weekSeparator tells YYYY-Www-D from YYYY-Www-HH: a digit at 10 means that the hyphen at 8 is the separator.
func (s isoText) weekSeparator() int {
	switch {
	case len(s) <= 8 || s[8] != '-':
		return 8
	case len(s) == 9:
		return -1
	case len(s) > 10 && isDigit(s[10]):
		return 8
	}
	return 10
}

// compactWeekSeparator tells YYYYWww from YYYYWwwd by the number of digits: those of a time come in pairs.
func (s isoText) compactWeekSeparator() int {
	end := skipDigits(string(s), 7)
	switch {
	case end < 9:
		return end
	case end%2 == 0:
		return 7
	}
	return 8
}

// clock reads a time with an optional offset.
func (s isoText) clock(m *moment) bool {
	zone := s.zoneStart()
	rest, ok := s.parts(0, zone, m)
	if !ok {
		return false
	}
	if zone >= len(s) {
		return !rest
	}
	m.aware = true
	if s[zone] == 'Z' {
		return s.at(zone+1) == 0
	}
	var offset moment
	if rest, ok = s.parts(zone+1, len(s), &offset); !ok || rest {
		return false
	}
	m.setOffset(s[zone], offset)
	return true
}

// setOffset stores the offset from UTC; Python drops the fraction of one that has nothing else.
func (m *moment) setOffset(sign byte, o moment) {
	m.offset = int64(o.hour*3600+o.minute*60+o.second) * microsPerSecond
	if m.offset != 0 {
		m.offset += int64(o.micro)
	}
	if sign == '-' {
		m.offset = -m.offset
	}
}

// zoneStart returns the position of the first sign or Z, the length of s when there is none.
func (s isoText) zoneStart() int {
	for i := range len(s) {
		if s[i] == '+' || s[i] == '-' || s[i] == 'Z' {
			return i
		}
	}
	return max(len(s), 1)
}

// parts reads HH[:MM[:SS[.ffffff]]] or its compact form from i to end. rest says that something is left behind it.
func (s isoText) parts(i, end int, m *moment) (rest, ok bool) {
	separated := true
	for k, field := range [...]*int{&m.hour, &m.minute, &m.second} {
		if *field, ok = s.digits(i, 2); !ok {
			return false, false
		}
		c := s.at(i + 2)
		i += 3
		if k == 0 {
			separated = c == ':'
		}
		if i >= end {
			return c != 0, true
		}
		if separated && c == ':' {
			continue
		}
		if c == '.' || c == ',' {
			break
		}
		if separated {
			return false, false
		}
		i--
	}
	return s.fraction(i, end, m)
}

// fraction reads up to six digits from i and skips the others.
func (s isoText) fraction(i, end int, m *moment) (rest, ok bool) {
	n := min(end-i, 6)
	if m.micro, ok = s.digits(i, n); !ok {
		return false, false
	}
	for range 6 - n {
		m.micro *= 10
	}
	return s.at(skipDigits(string(s), i+n)) != 0, true
}
