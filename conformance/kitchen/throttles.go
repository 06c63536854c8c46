package kitchen

import (
	"net/http"

	"github.com/quintet-go/quintet/rest"
)

// throttles serves throttle/.
func (k *Kitchen) throttles(g *rest.Group) {
	throttled := func(path, name, scope string, throttles ...rest.Throttle) {
		ok := rest.Obj("ok", true)
		v := with(view(name, "", answer(http.StatusOK, ok), http.MethodGet), http.MethodPost, answer(http.StatusCreated, ok))
		v.Throttles, v.ThrottleScope = throttles, scope
		g.Handle("throttle/"+path+"/", v, "")
	}
	throttled("anon", "Anon Throttle", "", rest.AnonThrottle{Scope: "kitchen_anon"})
	throttled("user", "User Throttle", "", rest.UserThrottle{Scope: "kitchen_user"})
	throttled("both", "Both Throttle", "", rest.UserThrottle{Scope: "burst"}, rest.UserThrottle{Scope: "sustained"})
	throttled("scope-a", "Scope A", "scope_a", rest.ScopedThrottle{})
	throttled("scope-b", "Scope B", "scope_b", rest.ScopedThrottle{})
	throttled("no-scope", "No Scope", "", rest.ScopedThrottle{})
}
