package serializers

import (
	"errors"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/rest"
)

// AccountData is what every form of a user begins with.
type AccountData struct {
	ID        int64  `json:"id"`
	Username  string `json:"username"`
	Email     string `json:"email" rest:"required,notblank"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Password  string `json:"password" rest:"declared,writeonly,maxlength=128"`
}

// UserData is a user as users see themselves.
type UserData struct {
	AccountData
	IsActive   bool                           `json:"is_active" rest:"readonly"`
	IsStaff    bool                           `json:"is_staff" rest:"readonly"`
	Groups     []rest.Related[identity.Group] `json:"groups" rest:"declared,readonly,slug=Name"`
	DateJoined time.Time                      `json:"date_joined" rest:"readonly"`
	LastLogin  *time.Time                     `json:"last_login" rest:"readonly"`
}

// User is the form of a user for everybody but the staff.
var User = &rest.ModelSerializer[identity.User, UserData]{
	Fields: func(d *UserData) []rest.FieldOption { return accountOptions(&d.AccountData) },
	Validate: func(r *rest.Request, in *rest.Input[UserData]) error {
		return validPassword(r, &in.Data.AccountData, in.Has(&in.Data.Password))
	},
	Create: func(r *rest.Request, in *rest.Input[UserData]) (*identity.User, error) {
		user := newUser(r)
		return user, applyAccount(r, user, in.Apply, &in.Data.AccountData, true)
	},
	Update: func(r *rest.Request, user *identity.User, in *rest.Input[UserData]) error {
		return applyAccount(r, user, in.Apply, &in.Data.AccountData, in.Has(&in.Data.Password))
	},
}

// UserAdminData is a user as the staff sees and changes them.
type UserAdminData struct {
	AccountData
	IsActive   bool                           `json:"is_active"`
	IsStaff    bool                           `json:"is_staff"`
	Groups     []rest.Related[identity.Group] `json:"groups" rest:"declared,optional"`
	DateJoined time.Time                      `json:"date_joined" rest:"readonly"`
	LastLogin  *time.Time                     `json:"last_login" rest:"readonly"`
}

// UserAdmin is the form of a user for the staff.
var UserAdmin = &rest.ModelSerializer[identity.User, UserAdminData]{
	Fields: func(d *UserAdminData) []rest.FieldOption { return accountOptions(&d.AccountData) },
	Validate: func(r *rest.Request, in *rest.Input[UserAdminData]) error {
		return validPassword(r, &in.Data.AccountData, in.Has(&in.Data.Password))
	},
	Create: func(r *rest.Request, in *rest.Input[UserAdminData]) (*identity.User, error) {
		user := newUser(r)
		return user, applyAccount(r, user, in.Apply, &in.Data.AccountData, true)
	},
	Update: func(r *rest.Request, user *identity.User, in *rest.Input[UserAdminData]) error {
		return applyAccount(r, user, in.Apply, &in.Data.AccountData, in.Has(&in.Data.Password))
	},
}

func accountOptions(d *AccountData) []rest.FieldOption {
	return []rest.FieldOption{
		rest.Matches(&d.Username, identity.UsernamePattern, identity.ErrUsername.Error()),
		rest.UniqueBy(&d.Username, "exact", "A user with that username already exists."),
	}
}

// newUser is an account before anything is known of it.
func newUser(r *rest.Request) *identity.User {
	return &identity.User{IsActive: true, DateJoined: r.DB().NowFunc()}
}

// validPassword asks the rules for passwords; on updates the account as it is stored is compared with.
func validPassword(r *rest.Request, d *AccountData, sent bool) error {
	if !sent {
		return nil
	}
	user := rest.Updating[identity.User](r)
	if user == nil {
		user = &identity.User{Username: d.Username, Email: d.Email, FirstName: d.FirstName, LastName: d.LastName}
	}
	var refused *identity.PasswordError
	err := r.Users().ValidatePassword(d.Password, user)
	if errors.As(err, &refused) {
		return rest.InvalidField("password", refused.Messages()...)
	}
	return err
}

// applyAccount copies what was sent to a user; the password is stored as its hash.
func applyAccount(r *rest.Request, user *identity.User, apply func(*rest.Request, any) error, d *AccountData, newPassword bool) error {
	hash := user.Password
	if err := apply(r, user); err != nil {
		return err
	}
	user.Password = hash
	if user.ID == 0 {
		user.Username, user.Email = identity.NormalizeUsername(user.Username), identity.NormalizeEmail(user.Email)
	}
	if !newPassword {
		return nil
	}
	return r.Users().HashPassword(r.Context(), user, d.Password)
}

// SetPasswordData is the change of one's own password.
type SetPasswordData struct {
	OldPassword string `json:"old_password" rest:"notrim,maxlength=128"`
	NewPassword string `json:"new_password" rest:"notrim,maxlength=128"`
}

// SetPassword is the form of a change of one's own password.
var SetPassword = &rest.Serializer[SetPasswordData]{
	Fields: func(d *SetPasswordData) []rest.FieldOption {
		return []rest.FieldOption{rest.Clean(&d.OldPassword, ownPassword), rest.Clean(&d.NewPassword, goodPassword)}
	},
}

func ownPassword(r *rest.Request, password string) (string, error) {
	ok, err := r.Users().CheckPassword(r.Context(), r.User(), password)
	if err == nil && !ok {
		err = rest.Invalid("The old password is wrong.")
	}
	return password, err
}

func goodPassword(r *rest.Request, password string) (string, error) {
	var refused *identity.PasswordError
	err := r.Users().ValidatePassword(password, r.User())
	if errors.As(err, &refused) {
		err = rest.Invalid(refused.Messages()...)
	}
	return password, err
}

// GroupData is a group of users with the permissions they share.
type GroupData struct {
	ID          int64                               `json:"id"`
	Name        string                              `json:"name"`
	Permissions []rest.Related[identity.Permission] `json:"permissions"`
}

// Group is the form of a group.
var Group = &rest.ModelSerializer[identity.Group, GroupData]{}

// PermissionData is something that users may be allowed to do.
type PermissionData struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Codename    string `json:"codename"`
	ContentType string `json:"content_type" doc:"The model it is about: app.model."`
}

// Permission is the form of a permission.
var Permission = &rest.ModelSerializer[identity.Permission, PermissionData]{
	Fields: func(d *PermissionData) []rest.FieldOption {
		return []rest.FieldOption{rest.Computed(&d.ContentType, func(p *identity.Permission) string {
			return p.ContentType.AppLabel + "." + p.ContentType.Model
		}, "ContentType")}
	},
}
