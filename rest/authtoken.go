package rest

import (
	"errors"
	"net/http"

	"github.com/quintet-go/quintet/identity"
)

// credentialsData is a name and a password.
type credentialsData struct {
	Username string `json:"username" rest:"writeonly"`
	Password string `json:"password" rest:"writeonly,notrim"`
	Token    string `json:"token" rest:"readonly"`
}

// ObtainAuthToken is a view that answers {"token": …} to a POST of username and password, for TokenAuthentication
// (rest_framework.authtoken.views.ObtainAuthToken). A user without a token gets one. It is open to all and, as long as its
// Throttles are empty, not limited: give it a throttle.
func ObtainAuthToken() *View {
	form := &Serializer[credentialsData]{Name: "AuthToken"}
	handle := func(r *Request) (*Response, error) {
		in, err := Read(r, form)
		if err != nil {
			return nil, err
		}
		return obtainToken(r, in.Data)
	}
	return &View{
		Name: "Obtain Auth Token", Permissions: []Permission{AllowAny}, Throttles: []Throttle{},
		Parsers: []Parser{FormParser{}, MultiPartParser{}, JSONParser{}},
		Methods: map[string]Endpoint{http.MethodPost: {Handle: handle, Input: form, Output: form}},
	}
}

func obtainToken(r *Request, c credentialsData) (*Response, error) {
	user, err := r.Users().Authenticate(r.Context(), c.Username, c.Password)
	if errors.Is(err, identity.ErrCredentials) {
		return nil, nonField(Message{"Unable to log in with provided credentials.", "authorization"})
	}
	if err != nil {
		return nil, err
	}
	token, err := r.Users().TokenOf(r.Context(), user)
	if err != nil {
		return nil, err
	}
	return OK(Obj("token", token.Key)), nil
}
