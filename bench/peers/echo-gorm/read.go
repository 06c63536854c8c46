package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"
)

const pageSize = 25

var orderings = map[string]string{
	"": "id", "id": "id", "-id": "id DESC", "price": "price", "-price": "price DESC", "name": "name", "-name": "name DESC",
}

// filtered are the products that a request's filters leave.
func (a *app) filtered(c echo.Context) *gorm.DB {
	q := a.db.WithContext(c.Request().Context()).Model(&Product{})
	if v := c.QueryParam("category"); v != "" {
		q = q.Where("category_id = ?", v)
	}
	if v := c.QueryParam("status"); v != "" {
		q = q.Where("status = ?", v)
	}
	return q
}

// link is the address of another page.
func link(c echo.Context, page int) *string {
	query := c.QueryParams()
	query.Del("page")
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	address := "http://" + c.Request().Host + c.Request().URL.Path + "?" + query.Encode()
	return &address
}

func (a *app) list(c echo.Context) error {
	page := 1
	if v := c.QueryParam("page"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return echo.NewHTTPError(http.StatusNotFound, "Invalid page.")
		}
		page = n
	}
	order, ok := orderings[c.QueryParam("ordering")]
	if !ok {
		order = orderings[""]
	}
	out := Page{Results: []Product{}}
	if err := a.filtered(c).Count(&out.Count).Error; err != nil {
		return err
	}
	err := a.filtered(c).Preload("Category").Preload("Tags").Order(order).Limit(pageSize).Offset((page - 1) * pageSize).Find(&out.Results).Error
	if err != nil {
		return err
	}
	if int64(page*pageSize) < out.Count {
		out.Next = link(c, page+1)
	}
	if page > 1 {
		out.Previous = link(c, page-1)
	}
	return c.JSON(http.StatusOK, out)
}

func (a *app) cursor(c echo.Context) error {
	text, err := base64.StdEncoding.DecodeString(c.QueryParam("cursor"))
	if err != nil {
		return echo.NewHTTPError(http.StatusNotFound, "Invalid cursor")
	}
	after, err := strconv.ParseInt("0"+strings.TrimPrefix(string(text), "p="), 10, 64)
	if err != nil {
		return echo.NewHTTPError(http.StatusNotFound, "Invalid cursor")
	}
	out := Page{Results: []Product{}}
	err = a.filtered(c).Preload("Category").Preload("Tags").Where("id > ?", after).Order("id").Limit(pageSize + 1).Find(&out.Results).Error
	if err != nil {
		return err
	}
	if len(out.Results) > pageSize {
		out.Results = out.Results[:pageSize]
		key := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "p=%d", out.Results[pageSize-1].ID))
		next := "http://" + c.Request().Host + c.Request().URL.Path + "?cursor=" + url.QueryEscape(key)
		out.Next = &next
	}
	return c.JSON(http.StatusOK, out)
}

func (a *app) detail(c echo.Context) error {
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return echo.ErrNotFound
	}
	var p Product
	err = a.db.WithContext(c.Request().Context()).Preload("Category").Preload("Tags").First(&p, id).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}
