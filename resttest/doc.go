// Package resttest is what an application tests its API with: a client that needs no port, the number of SQL statements
// behind an answer, recorded answers, fixtures, and a database of its own for each test.
//
//	func TestTags(t *testing.T) {
//		ormtest.Each(t, func(t *testing.T, db *orm.DB) { // once on SQLite, once on PostgreSQL
//			registry := resttest.Registry(t, &Tag{})
//			resttest.CreateTables(t, db, registry)
//			c := resttest.NewClient(t, resttest.Serve(t, router(resttest.Config(t, db, registry))))
//			if a := c.Post("/api/tags/", `{"name": "red"}`); a.Status != http.StatusCreated {
//				t.Errorf("%s", a)
//			}
//		})
//	}
//
// There are no assertions: an [Answer] is a value to compare. What cannot be right (an answer that is no JSON where JSON is
// asked for, an API that does not compile) ends the test.
package resttest
