package jwtauth_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/session"
)

// recordedModel is what the reference knows of a model.
type recordedModel struct {
	Table          string     `json:"table"`
	Ordering       []string   `json:"ordering"`
	UniqueTogether [][]string `json:"unique_together"`
	VerboseName    string     `json:"verbose_name"`
	Fields         []recordedField
}

type recordedField struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Column     string `json:"column"`
	Null       bool   `json:"null"`
	Blank      bool   `json:"blank"`
	Unique     bool   `json:"unique"`
	PrimaryKey bool   `json:"primary_key"`
	MaxLength  int    `json:"max_length"`
	Verbose    string `json:"verbose_name"`
	Help       string `json:"help_text"`
	Default    any    `json:"default"`
	To         string `json:"to"`
	OnDelete   string `json:"on_delete"`
	AutoNowAdd bool   `json:"auto_now_add"`
	Table      string `json:"table"`
}

// TestModelsAreThoseOfTheReference compares the models of packages identity, session and jwtauth with recorded ones.
func TestModelsAreThoseOfTheReference(t *testing.T) {
	registry, err := orm.NewRegistry(
		&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{}, &session.Row{},
		&jwtauth.OutstandingToken{}, &jwtauth.BlacklistedToken{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/models.json")
	if err != nil {
		t.Fatal(err)
	}
	var models map[string]recordedModel
	if err := json.Unmarshal(text, &models); err != nil {
		t.Fatal(err)
	}
	for label, want := range models {
		m := registry.ByLabel(label)
		if m == nil {
			t.Errorf("%s: not registered", label)
			continue
		}
		if diff := cmp.Diff(want, describe(m)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", label, diff)
		}
	}
}

func describe(m *orm.Model) recordedModel {
	d := recordedModel{Table: m.Table, VerboseName: m.Meta.Verbose, Ordering: append([]string{}, m.Meta.Ordering...), UniqueTogether: [][]string{}}
	for _, u := range m.Meta.Unique {
		d.UniqueTogether = append(d.UniqueTogether, u.Fields)
	}
	for _, f := range m.Fields {
		d.Fields = append(d.Fields, describeField(f))
	}
	return d
}

func describeField(f *orm.Field) recordedField {
	d := recordedField{
		Name: f.Name, Type: className(f), Column: f.Column, Null: f.Null, Blank: f.Blank, Unique: f.Unique, PrimaryKey: f.PrimaryKey,
		MaxLength: f.MaxLength, Verbose: f.Label, Help: f.Help, AutoNowAdd: f.AutoNowAdd,
	}
	switch {
	case f.Kind == orm.ManyToMany:
		d.Column, d.Table = f.Name, f.JoinTable
	case f.Related != nil:
		d.OnDelete = map[orm.OnDelete]string{orm.Cascade: "CASCADE", orm.SetNull: "SET_NULL"}[f.OnDelete]
	}
	if f.Related != nil {
		d.To = f.Related.Label()
	}
	if f.HasDefault {
		d.Default = map[string]any{"false": false, "true": true, "now": "now()"}[f.Default]
	}
	return d
}

// className is what the reference calls the kind of a field.
func className(f *orm.Field) string {
	names := map[orm.Kind]string{
		orm.Auto: "AutoField", orm.BigAuto: "BigAutoField", orm.Boolean: "BooleanField", orm.Char: "CharField", orm.Email: "CharField",
		orm.Text: "TextField", orm.DateTime: "DateTimeField", orm.ForeignKey: "ForeignKey", orm.OneToOne: "OneToOneField",
		orm.ManyToMany: "ManyToManyField",
	}
	if name, ok := names[f.Kind]; ok {
		return name
	}
	return fmt.Sprint(f.Kind)
}
