// Package form reads request bodies that are HTML forms, application/x-www-form-urlencoded and multipart/form-data,
// as Django reads them, limits and refusals included, and the notation by which Django REST framework finds lists and
// objects in the flat names of a form.
package form
