package migrate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// splitApps makes a part for each app of the first migrations, as Django does: a database that Django has migrated has some of
// the apps and not the others. Apps that refer to each other in a circle stay together.
func splitApps(d *difference) []*difference {
	waiting := map[string][]*Table{}
	for _, t := range d.created {
		waiting[t.app()] = append(waiting[t.app()], t)
	}
	var parts []*difference
	for current := d.before; len(waiting) > 0; {
		apps := nextApps(waiting)
		next := current.clone()
		for _, app := range apps {
			next.Tables = append(next.Tables, waiting[app]...)
			delete(waiting, app)
		}
		parts = append(parts, compareSchemas(current, next, newRenames(), nil))
		current = parts[len(parts)-1].after
	}
	return parts
}

// nextApps is the first app that needs no other one that waits, or all of them when each does. Django's come first.
func nextApps(waiting map[string][]*Table) []string {
	apps := slices.Sorted(maps.Keys(waiting))
	slices.SortStableFunc(apps, func(a, b string) int { return cmp.Compare(min(len(djangos[b]), 1), min(len(djangos[a]), 1)) })
	for _, app := range apps {
		if !slices.ContainsFunc(waiting[app], func(t *Table) bool { return refersTo(t, waiting) }) {
			return []string{app}
		}
	}
	return apps
}

// refersTo tells whether a table needs one of another app.
func refersTo(t *Table, waiting map[string][]*Table) bool {
	for app, tables := range waiting {
		if app == t.app() {
			continue
		}
		for _, c := range t.Columns {
			if c.References != nil && slices.ContainsFunc(tables, func(other *Table) bool { return other.Name == c.References.Table }) {
				return true
			}
		}
	}
	return false
}

// djangos are the migrations of the apps whose tables are Django's own and those of its companions, as of Django 5.2, REST
// framework 3.18 and simplejwt 5.5. The first migration of such an app records all of them, so that Django finds nothing to do.
// A "~" marks one that changes nothing in the database.
var djangos = map[string]string{
	"admin":        "0001_initial ~0002_logentry_remove_auto_add ~0003_logentry_add_action_flag_choices",
	"contenttypes": "0001_initial 0002_remove_content_type_name",
	"sessions":     "0001_initial",
	"auth": "0001_initial 0002_alter_permission_name_max_length 0003_alter_user_email_max_length ~0004_alter_user_username_opts " +
		"0005_alter_user_last_login_null ~0006_require_contenttypes_0002 ~0007_alter_validators_add_error_messages " +
		"0008_alter_user_username_max_length 0009_alter_user_last_name_max_length 0010_alter_group_name_max_length " +
		"~0011_update_proxy_permissions 0012_alter_user_first_name_max_length",
	"authtoken": "0001_initial ~0002_auto_20160226_1747 ~0003_tokenproxy ~0004_alter_tokenproxy_options",
	"token_blacklist": "0001_initial 0002_outstandingtoken_jti_hex 0003_auto_20171017_2007 0004_auto_20171017_2013 " +
		"0005_remove_outstandingtoken_jti 0006_auto_20171017_2113 0007_auto_20171017_2214 0008_migrate_to_bigautofield " +
		"~0010_fix_migrate_to_bigautofield ~0011_linearizes_history ~0012_alter_outstandingtoken_user " +
		"~0013_alter_blacklistedtoken_options_and_more",
}

// recordDjangos adds the records of an app of Django's; false for other apps.
func (d *Draft) recordDjangos(app string) bool {
	for name := range strings.FieldsSeq(djangos[app]) {
		name, stateOnly := strings.CutPrefix(name, "~")
		record := Record{App: app, Name: name}
		d.Records = append(d.Records, record)
		if stateOnly {
			d.stateOnly = append(d.stateOnly, record)
		}
	}
	return djangos[app] != ""
}
