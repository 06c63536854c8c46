// Package serializers gives the shop's models their JSON forms. A file holds the forms of the models in the file of the
// same name in package models; the order of a struct's fields is the order on the wire.
package serializers
