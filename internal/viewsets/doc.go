// Package viewsets says who may do what with the shop's resources, and how. A file holds the resources of the models in
// the file of the same name in package models.
package viewsets
