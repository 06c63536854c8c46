package migrate

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// NaturalKeyer is implemented by models that fixtures may refer to by what people know them by instead of their primary
// key. NaturalKeyFields returns the fields, across relations with two underscores: "codename", "content_type__app_label".
// Together they must be unique.
type NaturalKeyer interface{ NaturalKeyFields() []string }

// djangoNaturalKeys are the natural keys of Django's own models.
func djangoNaturalKeys() map[string][]string {
	return map[string][]string{
		"auth.user":                {"username"},
		"auth.group":               {"name"},
		"auth.permission":          {"codename", "content_type__app_label", "content_type__model"},
		"contenttypes.contenttype": {"app_label", "model"},
	}
}

// naturalKeys knows the natural keys of the models of a registry.
type naturalKeys map[*orm.Model][]orm.Path

// newNaturalKeys resolves the natural keys of all models, those of Django's models and of extra included.
func newNaturalKeys(reg *orm.Registry, extra map[string][]string) (naturalKeys, error) {
	declared := djangoNaturalKeys()
	maps.Copy(declared, extra)
	keys := naturalKeys{}
	for _, m := range reg.Models() {
		names := declared[m.LabelLower()]
		if keyer, ok := reflect.New(m.Type).Interface().(NaturalKeyer); ok && len(names) == 0 {
			names = keyer.NaturalKeyFields()
		}
		for _, name := range names {
			p, err := columnPath(m, name)
			if err != nil {
				return nil, fmt.Errorf("natural key of %s: %w", m.LabelLower(), err)
			}
			keys[m] = append(keys[m], p)
		}
	}
	return keys, nil
}

// columnPath resolves a name that leads to one column over foreign keys.
func columnPath(m *orm.Model, name string) (orm.Path, error) {
	p, err := m.Path(name)
	if err == nil && (p.Field == nil || p.Many) {
		err = fmt.Errorf("%q does not lead to one value", name)
	}
	return p, err
}

// joins collects the tables that paths of one statement pass through.
type joins struct {
	sql     strings.Builder
	aliases map[string]string // "content_type" -> alias
}

// column adds the joins p needs behind base, an alias of its model, and returns the quoted column.
func (j *joins) column(base string, p orm.Path) string {
	alias, key := base, base
	for _, hop := range p.Hops {
		key += "." + hop.Field.Name
		next, ok := j.aliases[key]
		if !ok {
			next = j.add(key)
			fmt.Fprintf(&j.sql, " LEFT JOIN %s %s ON %s.%s = %s.%s", quote(hop.To.Table), next,
				alias, quote(hop.Field.Column), next, quote(hop.Field.Relation.References[0].PrimaryKey.DBName))
		}
		alias = next
	}
	return alias + "." + quote(p.Field.Column)
}

// add makes the alias of a path.
func (j *joins) add(key string) string {
	if j.aliases == nil {
		j.aliases = map[string]string{}
	}
	j.aliases[key] = fmt.Sprintf("j%d", len(j.aliases))
	return j.aliases[key]
}

// quote quotes an identifier.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
