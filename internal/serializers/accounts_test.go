package serializers_test

import (
	"fmt"
	"testing"

	"github.com/quintet-go/quintet/identity"
)

const (
	tooShort   = "This password is too short. It must contain at least 8 characters."
	tooCommon  = "This password is too common."
	allNumeric = "This password is entirely numeric."
	badName    = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
)

func TestAccountRefusals(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		for _, path := range []string{"/users/", "/accounts/"} {
			c.exchanges(t, []exchange{
				{"POST", path, `{}`, `400 {"username":["This field is required."],"email":["This field is required."],"password":["This field is required."]}`},
				{"POST", path, `{"username":"alice","email":"","password":""}`, `400 {"username":["A user with that username already exists."],` +
					`"email":["This field may not be blank."],"password":["This field may not be blank."]}`},
				{"POST", path, `{"username":"a b","email":"a@b.co","password":"x"}`, `400 {"username":["` + badName + `"]}`},
				{"POST", path, `{"username":"bob","email":"no","password":"x"}`, `400 {"email":["Enter a valid email address."]}`},
				{"POST", path, `{"username":"bob","email":"b@c.de","password":"1234"}`, `400 {"password":["` + tooShort + `","` + tooCommon + `","` + allNumeric + `"]}`},
				{"POST", path, `{"username":"bobby1984","email":"b@c.de","password":"bobby1984"}`, `400 {"password":["The password is too similar to the username."]}`},
				{"POST", path, `{"username":"bob","email":"unusual@c.de","password":"unusual@c.de"}`, `400 {"password":["The password is too similar to the email address."]}`},
			})
			long := fmt.Sprintf(`{"username":"bob","email":"b@c.de","password":"%0129d"}`, 7)
			c.exchanges(t, []exchange{{"POST", path, long, `400 {"password":["Ensure this field has no more than 128 characters."]}`}})
		}
	})
}

func TestAccountsAreStored(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		a := c.Post("/users/", `{"username":"ﬁona","email":"Fi@EXAMPLE.org","password":"a good pass","is_staff":true,"is_active":false,"id":77,"groups":["x"]}`)
		hasKeys(t, a, "id", "username", "email", "first_name", "last_name", "is_active", "is_staff", "groups", "date_joined", "last_login")
		if a.Status != 201 || a.Field("username") != "fiona" || a.Field("email") != "Fi@example.org" || a.Field("is_staff") != false || a.Field("is_active") != true {
			t.Errorf("%s: names are not normalized, or what is not for users was taken", a)
		}
		user, err := c.users.ByUsername(t.Context(), "fiona")
		if err != nil || user.ID == 77 || user.IsStaff || user.DateJoined.IsZero() {
			t.Fatalf("stored %+v, %v", user, err)
		}
		c.hasPassword(t, user.ID, "a good pass")
		path := fmt.Sprintf("/users/%d/", user.ID)
		c.exchanges(t, []exchange{
			{"PATCH", path, `{"password":"12345678"}`, `400 {"password":["` + tooCommon + `","` + allNumeric + `"]}`},
			{"PATCH", path, `{"password":"fiona1234"}`, `400 {"password":["The password is too similar to the username."]}`},
		})
		if a := c.Patch(path, `{"first_name":"Fi"}`); a.Status != 200 || a.Field("first_name") != "Fi" {
			t.Errorf("%s", a)
		}
		c.hasPassword(t, user.ID, "a good pass")
		if a := c.Patch(path, `{"password":"another pass"}`); a.Status != 200 {
			t.Errorf("%s", a)
		}
		c.hasPassword(t, user.ID, "another pass")
	})
}

func (c *counter) hasPassword(t *testing.T, id int64, password string) {
	t.Helper()
	user, err := c.users.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := c.users.CheckPassword(t.Context(), user, password); !ok || err != nil {
		t.Errorf("the password is not %q but %q, %v", password, user.Password, err)
	}
}

func TestStaffFormChangesRights(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		group := create(t, c, &identity.Group{Name: "clerks"})
		body := fmt.Sprintf(`{"username":"carl","email":"c@d.ef","password":"a good pass","is_staff":true,"is_active":false,"groups":[%d]}`, group.ID)
		a := c.Post("/accounts/", body)
		hasKeys(t, a, "id", "username", "email", "first_name", "last_name", "is_active", "is_staff", "groups", "date_joined", "last_login")
		if a.Status != 201 || a.Field("is_staff") != true || a.Field("is_active") != false || fmt.Sprint(a.Field("groups")) != fmt.Sprint([]any{float64(group.ID)}) {
			t.Errorf("%s", a)
		}
		path := fmt.Sprintf("/accounts/%v/", a.Field("id"))
		c.exchanges(t, []exchange{{"PATCH", path, `{"groups":[99]}`, `400 {"groups":["Invalid pk \"99\" - object does not exist."]}`}})
		if a := c.Get(fmt.Sprintf("/users/%v/", a.Field("id"))); fmt.Sprint(a.Field("groups")) != "[clerks]" {
			t.Errorf("users see their groups by name: %s", a)
		}
		if a := c.Patch(path, `{"groups":[]}`); a.Status != 200 || fmt.Sprint(a.Field("groups")) != "[]" {
			t.Errorf("%s", a)
		}
	})
}

func TestSetPasswordForm(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		c.exchanges(t, []exchange{
			{"POST", "/set-password/", `{}`, `400 {"old_password":["This field is required."],"new_password":["This field is required."]}`},
			{"POST", "/set-password/", `{"old_password":"wrong","new_password":"alice1234"}`, `400 {"old_password":["The old password is wrong."],` +
				`"new_password":["The password is too similar to the username."]}`},
			{"POST", "/set-password/", `{"old_password":" correct horse","new_password":"battery staple"}`, `400 {"old_password":["The old password is wrong."]}`},
			{"POST", "/set-password/", `{"old_password":"correct horse","new_password":"1234"}`, `400 {"new_password":["` + tooShort + `","` + tooCommon + `","` + allNumeric + `"]}`},
			{"POST", "/set-password/", `{"old_password":"correct horse","new_password":"  spaces  "}`, `200 {"old_password":"correct horse","new_password":"  spaces  "}`},
		})
	})
}

func TestGroupsAndPermissions(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		kind := create(t, c, &identity.ContentType{AppLabel: "catalog", Model: "product"})
		permission := create(t, c, &identity.Permission{Name: "Can sell", ContentTypeID: kind.ID, Codename: "sell"})
		c.exchanges(t, []exchange{
			{"GET", fmt.Sprintf("/permissions/%d/", permission.ID), "", fmt.Sprintf(`200 {"id":%d,"name":"Can sell","codename":"sell","content_type":"catalog.product"}`, permission.ID)},
			{"POST", "/groups/", `{"name":"","permissions":[]}`, `400 {"name":["This field may not be blank."]}`},
			{"POST", "/groups/", fmt.Sprintf(`{"name":"clerks","permissions":[%d]}`, permission.ID), `201 {"id":1,"name":"clerks","permissions":[` + fmt.Sprint(permission.ID) + `]}`},
			{"POST", "/groups/", `{"name":"clerks"}`, `400 {"name":["group with this name already exists."]…`},
			{"PATCH", "/groups/1/", `{"permissions":["x"]}`, `400 {"permissions":["Incorrect type. Expected pk value, received str."]}`},
		})
	})
}
