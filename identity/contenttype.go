package identity

import "github.com/quintet-go/quintet/orm"

// ContentType stands for a model in the database (django.contrib.contenttypes.models.ContentType).
type ContentType struct {
	ID       int64  `gorm:"primaryKey" json:"id" orm:"integer,label=ID"`
	AppLabel string `gorm:"size:100" json:"app_label"`
	Model    string `gorm:"size:100" json:"model" orm:"label=python model class name"`
}

// Meta describes the table in Django's terms.
func (ContentType) Meta() orm.Meta {
	return orm.Meta{
		App:    "contenttypes",
		Unique: []orm.Unique{{Fields: []string{"app_label", "model"}}},
	}
}

// TableName is Django's.
func (ContentType) TableName() string { return "django_content_type" }

// String is app label and model: "catalog | product".
func (c ContentType) String() string { return c.AppLabel + " | " + c.Model }

// NaturalKey names the content type without its id: app label, model.
func (c ContentType) NaturalKey() [2]string { return [2]string{c.AppLabel, c.Model} }
