package identity

import "github.com/quintet-go/quintet/orm"

// Permission is the right to do one thing with the objects of one model (django.contrib.auth.models.Permission).
// Its full name is "app_label.codename": "catalog.add_product".
type Permission struct {
	ID            int64        `gorm:"primaryKey" json:"id" orm:"integer,label=ID"`
	Name          string       `gorm:"size:255" json:"name"`
	ContentTypeID int64        `json:"content_type"`
	ContentType   *ContentType `json:"-" orm:"on_delete=cascade"`
	Codename      string       `gorm:"size:100" json:"codename"`
}

// Meta describes the table in Django's terms.
func (Permission) Meta() orm.Meta {
	return orm.Meta{
		App:      "auth",
		Ordering: []string{"content_type__app_label", "content_type__model", "codename"},
		Unique:   []orm.Unique{{Fields: []string{"content_type", "codename"}}},
	}
}

// TableName is Django's.
func (Permission) TableName() string { return "auth_permission" }

// String is the content type and the name: "Catalog | product | Can add product". It needs ContentType to be loaded.
func (p Permission) String() string {
	if p.ContentType == nil {
		return p.Name
	}
	return p.ContentType.String() + " | " + p.Name
}

// NaturalKey names the permission without its id: codename, app label, model. It needs ContentType to be loaded.
func (p Permission) NaturalKey() [3]string {
	if p.ContentType == nil {
		return [3]string{p.Codename}
	}
	t := p.ContentType.NaturalKey()
	return [3]string{p.Codename, t[0], t[1]}
}
