package main

import (
	"errors"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/quintet-go/quintet/bench/peers/wire"
)

// permissionSQL tells of user $1 whether the account is active and holds permission $2 of application $3.
const permissionSQL = `SELECT u.is_active, u.is_superuser OR EXISTS(
 SELECT 1 FROM auth_user_groups ug JOIN auth_group_permissions gp ON gp.group_id=ug.group_id
 JOIN auth_permission p ON p.id=gp.permission_id JOIN django_content_type ct ON ct.id=p.content_type_id
 WHERE ug.user_id=u.id AND p.codename=$2 AND ct.app_label=$3) OR EXISTS(
 SELECT 1 FROM auth_user_user_permissions up
 JOIN auth_permission p ON p.id=up.permission_id JOIN django_content_type ct ON ct.id=p.content_type_id
 WHERE up.user_id=u.id AND p.codename=$2 AND ct.app_label=$3) FROM auth_user u WHERE u.id=$1`

// secured calls next with the id of an active user who holds the permission.
func (s *server) secured(a *answer, r *http.Request, codename, app string, next func(*answer, *http.Request, int64) (int, error)) (int, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return a.say(http.StatusUnauthorized, stranger)
	}
	user, err := wire.VerifyJWT(token)
	if err != nil {
		return a.say(http.StatusUnauthorized, stranger)
	}
	var active, permitted bool
	err = s.pool.QueryRow(r.Context(), permissionSQL, user, codename, app).Scan(&active, &permitted)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return 0, err
	case err != nil || !active:
		return a.say(http.StatusUnauthorized, stranger)
	case !permitted:
		return a.say(http.StatusForbidden, denied)
	}
	return next(a, r, user)
}
