// Package auth holds the shop's own rules of who may do what, beside those of package rest.
package auth

import (
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/rest"
)

// AuthorOrReadOnly lets everybody read a review, only its author change it, and the staff delete it too.
var AuthorOrReadOnly = rest.WithMessage(rest.ObjectPermission(mayChange), "Only the author may change this review.", "")

func mayChange(r *rest.Request, review *models.Review) (bool, error) {
	switch r.Method() {
	case "GET", "HEAD", "OPTIONS":
		return true, nil
	case "DELETE":
		if r.User().IsStaff {
			return true, nil
		}
	}
	return review.AuthorID == r.User().ID, nil
}

// Self lets users at their own account, and at nothing else.
var Self = rest.AllOf(rest.IsAuthenticated, rest.ObjectPermission(func(r *rest.Request, user *identity.User) (bool, error) {
	return user.ID == r.User().ID, nil
}))
