package main

import (
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/bench/peers/wire"
)

// userKey is where a request's context keeps the user.
const userKey = "user"

// require lets active users with a permission pass.
func (a *app) require(codename, label string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			id, err := bearer(c.Request().Header.Get(echo.HeaderAuthorization))
			if err != nil {
				return echo.ErrUnauthorized
			}
			db := a.db.WithContext(c.Request().Context())
			var user User
			if err := db.First(&user, "id = ?", id).Error; err != nil || !user.IsActive {
				return echo.ErrUnauthorized
			}
			permitted, err := mayDo(db, &user, codename, label)
			if err != nil {
				return err
			}
			if !permitted {
				return echo.ErrForbidden
			}
			c.Set(userKey, &user)
			return next(c)
		}
	}
}

// bearer is the user's id in an access token.
func bearer(header string) (any, error) {
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return nil, jwt.ErrTokenMalformed
	}
	claims := jwt.MapClaims{}
	key := func(*jwt.Token) (any, error) { return []byte(wire.Secret), nil }
	if _, err := jwt.ParseWithClaims(token, claims, key, jwt.WithValidMethods([]string{"HS256"})); err != nil {
		return nil, err
	}
	if claims["token_type"] != "access" {
		return nil, jwt.ErrTokenInvalidClaims
	}
	return claims["user_id"], nil
}

// mayDo tells whether a user holds a permission, by a group or directly.
func mayDo(db *gorm.DB, user *User, codename, label string) (bool, error) {
	if user.IsSuperuser {
		return true, nil
	}
	var n int64
	err := db.Table("auth_permission p").Joins("JOIN django_content_type ct ON ct.id = p.content_type_id").
		Where("p.codename = ? AND ct.app_label = ?", codename, label).
		Where("p.id IN (SELECT gp.permission_id FROM auth_group_permissions gp JOIN auth_user_groups ug ON ug.group_id = gp.group_id WHERE ug.user_id = ?) "+
			"OR p.id IN (SELECT permission_id FROM auth_user_user_permissions WHERE user_id = ?)", user.ID, user.ID).
		Count(&n).Error
	return n > 0, err
}
