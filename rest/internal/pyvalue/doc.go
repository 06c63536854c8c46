// Package pyvalue turns what a client sent into values, by the rules of Django REST framework's fields and of the
// Python constructors behind them: int("1_000"), float("1e3"), uuid.UUID, datetime.fromisoformat. Each function
// takes a value of a parsed JSON document (see pyjson) or the text of a form field, and returns the value together
// with a Code: Accepted, or the name of the field's error message. The messages themselves belong to the field.
//
// Null is not handled here: a field answers it before it asks for the value.
package pyvalue
