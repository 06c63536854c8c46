package rest

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// Permission decides whether a request may go on (rest_framework.permissions.BasePermission). An error that is not nil
// ends the request with it; false is refused with 401 when nobody is logged in and 403 otherwise.
type Permission interface {
	HasPermission(r *Request) (bool, error)
	HasObjectPermission(r *Request, object any) (bool, error)
}

// PermissionMessage is implemented by permissions with their own text and code of a refusal; empty ones mean the default.
type PermissionMessage interface {
	PermissionMessage() (message, code string)
}

// Rule is one of the framework's ready permissions; it asks nothing about single objects.
type Rule int

// The permissions of rest_framework.permissions.
const (
	AllowAny                  Rule = iota + 1
	IsAuthenticated                // users only
	IsAdmin                        // staff only (IsAdminUser)
	IsAuthenticatedOrReadOnly      // users; everybody for GET, HEAD and OPTIONS
	// ModelPermissions demands a user who holds the permission add, change or delete of the resource's model for POST, PUT
	// and PATCH, DELETE (DjangoModelPermissions); every user may read.
	ModelPermissions
	// ModelPermissionsOrAnonReadOnly is ModelPermissions with reading open to all.
	ModelPermissionsOrAnonReadOnly
)

var ruleNames = [...]string{
	"", "AllowAny", "IsAuthenticated", "IsAdmin", "IsAuthenticatedOrReadOnly", "ModelPermissions", "ModelPermissionsOrAnonReadOnly",
}

// String is the name of the constant.
func (p Rule) String() string {
	if p <= 0 || int(p) >= len(ruleNames) {
		return fmt.Sprintf("Rule(%d)", int(p))
	}
	return ruleNames[p]
}

// HasPermission implements Permission.
func (p Rule) HasPermission(r *Request) (bool, error) {
	switch p {
	case AllowAny:
		return true, nil
	case IsAuthenticated:
		return r.user.IsAuthenticated(), nil
	case IsAdmin:
		return r.user.IsAuthenticated() && r.user.IsStaff, nil
	case IsAuthenticatedOrReadOnly:
		return isSafe(r.Method()) || r.user.IsAuthenticated(), nil
	case ModelPermissions:
		return ModelPermissionMap{}.HasPermission(r)
	case ModelPermissionsOrAnonReadOnly:
		return ModelPermissionMap{AnonReadOnly: true}.HasPermission(r)
	}
	return false, nil
}

// HasObjectPermission implements Permission: it is always true.
func (p Rule) HasObjectPermission(*Request, any) (bool, error) { return true, nil }

// isSafe tells whether a method only reads (SAFE_METHODS).
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// PermissionFunc makes a function a Permission that asks nothing about single objects.
type PermissionFunc func(r *Request) (bool, error)

// HasPermission implements Permission.
func (f PermissionFunc) HasPermission(r *Request) (bool, error) { return f(r) }

// HasObjectPermission implements Permission: it is always true.
func (f PermissionFunc) HasObjectPermission(*Request, any) (bool, error) { return true, nil }

// ObjectPermission makes a Permission of a question about one object of the resource's model: who may read or change it.
// Lists do not ask it: narrow them by ViewSet.QuerySet.
func ObjectPermission[M any](ask func(r *Request, m *M) (bool, error)) Permission {
	return objectRule[M](ask)
}

type objectRule[M any] func(r *Request, m *M) (bool, error)

func (f objectRule[M]) HasPermission(*Request) (bool, error) { return true, nil }

func (f objectRule[M]) HasObjectPermission(r *Request, object any) (bool, error) {
	m, ok := object.(*M)
	if !ok {
		return false, fmt.Errorf("rest: an ObjectPermission of %s was asked about a %T; give it to a resource of that model",
			reflect.TypeFor[M](), object)
	}
	return f(r, m)
}

// HasPermission demands a user with one permission, "catalog.change_product", whatever the method.
func HasPermission(name string) Permission { return permissionRule(name) }

type permissionRule string

func (p permissionRule) HasPermission(r *Request) (bool, error) { return r.HasPerm(string(p)) }

func (p permissionRule) HasObjectPermission(*Request, any) (bool, error) { return true, nil }

// ModelPermissionMap is ModelPermissions with its own demands.
type ModelPermissionMap struct {
	// Methods names the permissions that each HTTP method demands, as the first word of a permission of the resource's model
	// ("add" is "catalog.add_product" for a product) or in full ("catalog.publish_product"). A method that is not named is
	// answered 405. Nil means those of ModelPermissions.
	Methods map[string][]string
	// AnonReadOnly lets anybody use the methods that demand no permission (authenticated_users_only = False).
	AnonReadOnly bool
}

// modelPermissions is the perms_map of DjangoModelPermissions.
var modelPermissions = map[string][]string{
	http.MethodGet: nil, http.MethodOptions: nil, http.MethodHead: nil,
	http.MethodPost: {"add"}, http.MethodPut: {"change"}, http.MethodPatch: {"change"}, http.MethodDelete: {"delete"},
}

// HasPermission implements Permission.
func (p ModelPermissionMap) HasPermission(r *Request) (bool, error) {
	if !p.AnonReadOnly && !r.user.IsAuthenticated() {
		return false, nil
	}
	if r.view.isRoot {
		return true, nil
	}
	names, err := p.required(r, r.Method())
	if err != nil {
		return false, err
	}
	return r.HasPerm(names...)
}

// HasObjectPermission implements Permission: it is always true.
func (p ModelPermissionMap) HasObjectPermission(*Request, any) (bool, error) { return true, nil }

// required are the full names of the permissions that a method demands on the resource of r.
func (p ModelPermissionMap) required(r *Request, method string) ([]string, error) {
	if r.view.resource == nil {
		return nil, fmt.Errorf("rest: the view %q has no model to ask permissions of; use HasPermission there", r.view.name)
	}
	methods := p.Methods
	if methods == nil {
		methods = modelPermissions
	}
	words, ok := methods[method]
	if !ok {
		return nil, MethodNotAllowed(method)
	}
	names := make([]string, len(words))
	for i, word := range words {
		names[i] = permissionName(word, r.view.resource.model.Meta)
	}
	return names, nil
}

// permissionName is the full name of a permission of a model; a word with a dot is one already.
func permissionName(word string, m orm.Meta) string {
	if strings.Contains(word, ".") {
		return word
	}
	return m.App + "." + word + "_" + m.Name
}

// ObjectPermissions is ModelPermissions, and the same permissions asked of has for each object (DjangoObjectPermissions).
// has is called with the full names that the method demands, never with none. An object that the user may not read
// either is 404.
func ObjectPermissions(perms ModelPermissionMap, has func(r *Request, names []string, object any) (bool, error)) Permission {
	return objectPermissions{perms, has}
}

type objectPermissions struct {
	ModelPermissionMap
	has func(r *Request, names []string, object any) (bool, error)
}

func (p objectPermissions) HasObjectPermission(r *Request, object any) (bool, error) {
	if ok, err := p.holds(r, r.Method(), object); ok || err != nil {
		return ok, err
	}
	if isSafe(r.Method()) {
		return false, ErrNotFound
	}
	ok, err := p.holds(r, http.MethodGet, object)
	if err == nil && !ok {
		err = ErrNotFound
	}
	return false, err
}

func (p objectPermissions) holds(r *Request, method string, object any) (bool, error) {
	names, err := p.required(r, method)
	if err != nil || len(names) == 0 {
		return err == nil, err
	}
	return p.has(r, names, object)
}

// AnyOf permits what one of the permissions permits (A | B): for an object, one that permits the request and the object.
// They are asked in order until one permits. The default text of a refusal is answered.
func AnyOf(permissions ...Permission) Permission { return anyOf(permissions) }

type anyOf []Permission

func (ps anyOf) HasPermission(r *Request) (bool, error) {
	for _, p := range ps {
		if ok, err := p.HasPermission(r); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

func (ps anyOf) HasObjectPermission(r *Request, object any) (bool, error) {
	for _, p := range ps {
		ok, err := p.HasPermission(r)
		if ok && err == nil {
			ok, err = p.HasObjectPermission(r, object)
		}
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// AllOf permits what all of the permissions permit (A & B), asked in order until one refuses. Other than in a list of
// permissions the default text of a refusal is answered.
func AllOf(permissions ...Permission) Permission { return allOf(permissions) }

type allOf []Permission

func (ps allOf) HasPermission(r *Request) (bool, error) {
	for _, p := range ps {
		if ok, err := p.HasPermission(r); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (ps allOf) HasObjectPermission(r *Request, object any) (bool, error) {
	for _, p := range ps {
		if ok, err := p.HasObjectPermission(r, object); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// Not permits what p refuses (~A), of requests and of objects each by itself: most permissions permit every object, and
// Not of them refuses every object. An error of p stays one.
func Not(p Permission) Permission { return not{p} }

type not struct{ p Permission }

func (n not) HasPermission(r *Request) (bool, error) {
	ok, err := n.p.HasPermission(r)
	return !ok && err == nil, err
}

func (n not) HasObjectPermission(r *Request, object any) (bool, error) {
	ok, err := n.p.HasObjectPermission(r, object)
	return !ok && err == nil, err
}

// WithMessage gives the refusals of p their own text and code; an empty one means the default.
func WithMessage(p Permission, message, code string) Permission { return withMessage{p, message, code} }

type withMessage struct {
	Permission
	message, code string
}

func (p withMessage) PermissionMessage() (message, code string) { return p.message, p.code }

// HasPerm tells whether the user of the request holds all of the permissions, named as "catalog.change_product". The
// permissions of the user are loaded once a request, with one statement, or with none while the store of accounts remembers
// them (identity.Store.CacheFor); superusers and nobody take none.
func (r *Request) HasPerm(names ...string) (bool, error) {
	user := r.user
	switch {
	case len(names) == 0:
		return true, nil
	case !user.IsAuthenticated() || !user.IsActive:
		return false, nil
	case user.IsSuperuser:
		return true, nil
	}
	held, err := r.heldPermissions(user)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if !held.Has(name) {
			return false, nil
		}
	}
	return true, nil
}

// held are the permissions of one user, as they are known to a request.
type held struct {
	user        int64
	permissions permissionSet
}

// permissionSet is identity.Permissions.
type permissionSet interface{ Has(name string) bool }

func (r *Request) heldPermissions(user *identity.User) (permissionSet, error) {
	if r.held.user == user.ID {
		return r.held.permissions, nil
	}
	users := r.api.config.Users
	if r.tx != nil && orm.Begun(r.tx) { // what it has written counts, and another connection might be a long wait
		users = r.Users()
	}
	permissions, err := users.RecentPermissions(r.Context(), user)
	if err == nil {
		r.held = held{user.ID, permissions}
	}
	return permissions, err
}

// Account is the account with that id when check takes it, see [identity.Store.Account]: how an Authenticator finds a user.
// Where the operation asks for stored permissions, they are loaded by the same statement.
func (r *Request) Account(ctx context.Context, id int64, check func(*identity.User) error) (*identity.User, error) {
	if r.operation == nil || !r.operation.asksHeld {
		return r.Users().Account(ctx, id, check)
	}
	user, permissions, err := r.Users().AccountWithPermissions(ctx, id, check)
	if err == nil && permissions != nil {
		r.held = held{user.ID, permissions}
	}
	return user, err
}

// asksHeld tells whether a permission asks what the user holds, for requests of a method.
func asksHeld(p Permission, method string) bool {
	switch p := p.(type) {
	case Rule:
		return (p == ModelPermissions || p == ModelPermissionsOrAnonReadOnly) && len(modelPermissions[method]) > 0
	case ModelPermissionMap:
		if p.Methods == nil {
			return len(modelPermissions[method]) > 0
		}
		return len(p.Methods[method]) > 0
	case objectPermissions:
		return asksHeld(p.ModelPermissionMap, method)
	case permissionRule:
		return true
	case anyOf:
		return anyAsksHeld(p, method)
	case allOf:
		return anyAsksHeld(p, method)
	case not:
		return asksHeld(p.p, method)
	case withMessage:
		return asksHeld(p.Permission, method)
	}
	return false
}

func anyAsksHeld(permissions []Permission, method string) bool {
	return slices.ContainsFunc(permissions, func(p Permission) bool { return asksHeld(p, method) })
}

// checkPermissions asks the permissions about the request, in order (APIView.check_permissions).
func (r *Request) checkPermissions(permissions []Permission) error {
	for _, p := range permissions {
		if ok, err := p.HasPermission(r); err != nil || !ok {
			return r.refusal(p, err)
		}
	}
	return nil
}

// checkObjectPermissions asks the permissions about one object, a pointer to the resource's model
// (APIView.check_object_permissions).
func (r *Request) checkObjectPermissions(permissions []Permission, object any) error {
	for _, p := range permissions {
		if ok, err := p.HasObjectPermission(r, object); err != nil || !ok {
			return r.refusal(p, err)
		}
	}
	return nil
}

// asksObjects tells whether one of the permissions may look at the object.
func asksObjects(permissions []Permission) bool {
	for _, p := range permissions {
		switch p := p.(type) {
		case Rule, PermissionFunc, permissionRule, ModelPermissionMap:
		case anyOf:
			if asksObjects(p) {
				return true
			}
		case allOf:
			if asksObjects(p) {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// refusal is the error of a request that p did not permit: err when there is one, "not authenticated" where nobody is
// logged in and somebody could be, "denied" otherwise.
func (r *Request) refusal(p Permission, err error) error {
	if err != nil {
		return err
	}
	if len(r.authenticators()) > 0 && r.authenticator == nil {
		return ErrNotAuthenticated
	}
	e := *ErrDenied
	if own, ok := p.(PermissionMessage); ok {
		message, code := own.PermissionMessage()
		e.Code = orText(code, e.Code)
		e.Detail = Message{orText(message, ErrDenied.Detail.(Message).Text), e.Code}
	}
	return &e
}

// orText is text, or the other one when it is empty.
func orText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
