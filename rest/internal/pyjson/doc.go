// Package pyjson reads and writes JSON in the dialect of Python's json module as Django REST framework uses it:
// the same refusals word for word, integers of any size, floats in Python's shortest notation, objects that keep the
// order of their keys.
//
// A parsed document is a tree of
//
//	nil, bool, string, Int, float64, []any, *Dict
//
// Strings are UTF-8, except that a lone surrogate written as an escape ("\ud800") is kept as its three byte form, as
// in WTF-8; [HasSurrogate] finds them. TypeName, Str and Repr say what Python would say of a value of that tree.
package pyjson
