package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// modelsToDump returns the models that the options name, those of an app together, in the order Django writes them.
func modelsToDump(all []*orm.Model, opts DumpOptions, natural naturalKeys) ([]*orm.Model, error) {
	excluded, err := selectModels(all, opts.Exclude)
	if err != nil {
		return nil, err
	}
	labels := opts.Labels
	if len(labels) == 0 {
		labels = apps(all)
	}
	chosen, err := selectModels(all, labels)
	if err != nil {
		return nil, err
	}
	chosen = slices.DeleteFunc(chosen, func(m *orm.Model) bool { return slices.Contains(opts.Exclude, m.Meta.App) })
	order := apps(chosen)
	slices.SortStableFunc(chosen, func(a, b *orm.Model) int {
		return slices.Index(order, a.Meta.App) - slices.Index(order, b.Meta.App)
	})
	if opts.NaturalForeign {
		chosen = dependenciesFirst(chosen, natural) // single models that are excluded have their place in the order
	}
	chosen = slices.DeleteFunc(chosen, func(m *orm.Model) bool { return slices.Contains(excluded, m) })
	if len(opts.PKs) > 0 && (len(chosen) != 1 || len(opts.Labels) != 1) {
		return nil, errors.New("primary keys are those of one model: name it, as app.model")
	}
	return chosen, nil
}

// apps returns the app labels of models in order of appearance.
func apps(models []*orm.Model) []string {
	var found []string
	for _, m := range models {
		if !slices.Contains(found, m.Meta.App) {
			found = append(found, m.Meta.App)
		}
	}
	return found
}

// selectModels returns the models that labels of apps and models name, each once.
func selectModels(all []*orm.Model, labels []string) ([]*orm.Model, error) {
	var chosen []*orm.Model
	for _, name := range labels {
		some := slices.DeleteFunc(slices.Clone(all), func(m *orm.Model) bool {
			return m.Meta.App != name && m.LabelLower() != strings.ToLower(name)
		})
		if len(some) == 0 {
			return nil, fmt.Errorf("no app or model is called %q; there are the apps %s", name, strings.Join(apps(all), ", "))
		}
		for _, m := range some {
			if !slices.Contains(chosen, m) {
				chosen = append(chosen, m)
			}
		}
	}
	return chosen, nil
}

// dependenciesFirst orders models so that those referred to by natural key come before those that refer to them, as far
// as they do not refer to each other in a circle. What has to wait is looked at again from the end, as Django does.
func dependenciesFirst(models []*orm.Model, natural naturalKeys) []*orm.Model {
	var sorted []*orm.Model
	for waiting := models; len(waiting) > 0; {
		var still []*orm.Model
		for _, m := range waiting {
			if ready(m, natural, models, sorted) {
				sorted = append(sorted, m)
			} else {
				still = append(still, m)
			}
		}
		if len(still) == len(waiting) { // a circle: broken at its last model
			sorted, still = append(sorted, still[len(still)-1]), still[:len(still)-1]
		}
		slices.Reverse(still)
		waiting = still
	}
	return sorted
}

// ready tells whether all models that m refers to by natural key are sorted or not to be written.
func ready(m *orm.Model, natural naturalKeys, models, sorted []*orm.Model) bool {
	return !slices.ContainsFunc(m.Fields, func(f *orm.Field) bool {
		return f.Related != nil && f.Related != m && len(natural[f.Related]) > 0 &&
			slices.Contains(models, f.Related) && !slices.Contains(sorted, f.Related)
	})
}
