package pyvalue

// Code says whether a value was taken: Accepted, or the key of the error message that the field shows.
type Code string

// The codes, with the fields that use them.
const (
	Accepted        Code = ""
	Invalid         Code = "invalid"            // all: of the wrong type, or cannot be read
	Blank           Code = "blank"              // text: empty, or nothing but white space where that is trimmed
	TooLong         Code = "max_string_length"  // numbers: more than MaxNumberLength characters
	Overflow        Code = "overflow"           // float: integer beyond any float; datetime, duration: beyond the calendar
	MaxDigits       Code = "max_digits"         // decimal: too many digits in all
	MaxPlaces       Code = "max_decimal_places" // decimal: too many digits after the point
	MaxWholeDigits  Code = "max_whole_digits"   // decimal: too many digits before the point
	NullCharacter   Code = "null_characters_not_allowed"
	SurrogateInText Code = "surrogate_characters_not_allowed"
)

// MaxNumberLength is how many characters the text of a number may have.
const MaxNumberLength = 1000
