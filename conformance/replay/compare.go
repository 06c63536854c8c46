package replay

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// slowness is by how many seconds a throttled answer's wait may be shorter than the recorded one.
const slowness = 3

// comparison is one answer beside what was expected.
type comparison struct {
	got     *answer
	want    *Expectation
	session *session
	options *Options
}

// differences compares an answer and returns one text for each difference.
func (c *comparison) differences() []string {
	for name, value := range c.got.headers {
		c.got.headers[name] = c.session.variables.conceal(value)
	}
	c.forgiveSlowness()
	var out []string
	if c.got.status != c.want.Status {
		out = append(out, fmt.Sprintf("status %d, expected %d", c.got.status, c.want.Status))
	}
	out = append(out, c.headers()...)
	out = append(out, c.cookies()...)
	return append(out, c.body()...)
}

// survived is the comparison where the reference itself fails with an unhandled exception: any answer will do that is none.
func (c *comparison) survived() []string {
	if c.got.status >= http.StatusInternalServerError {
		return []string{fmt.Sprintf("status %d, expected an answer where the reference has none", c.got.status)}
	}
	return nil
}

// forgiveSlowness takes a wait that slow answers made some seconds shorter for the recorded one, in header and body.
func (c *comparison) forgiveSlowness() {
	wanted, got := c.want.Headers["retry-after"], c.got.headers["retry-after"]
	if c.got.status != 429 || wanted == nil {
		return
	}
	w, errWanted := strconv.Atoi(*wanted)
	g, errGot := strconv.Atoi(got)
	if errWanted != nil || errGot != nil || g < 0 || w-g < 0 || w-g > slowness {
		return
	}
	c.got.headers["retry-after"] = *wanted
	c.got.text = strings.ReplaceAll(c.got.text, "in "+got+" second", "in "+*wanted+" second")
}

// headers compares the headers that the expectation lists, in the order of their names.
func (c *comparison) headers() []string {
	names := make([]string, 0, len(c.want.Headers))
	for name := range c.want.Headers {
		if !c.ignored(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []string
	for _, name := range names {
		got, there := c.got.headers[name]
		if want := c.want.Headers[name]; !c.sameHeader(name, got, there, want) {
			out = append(out, fmt.Sprintf("header %s: %s, expected %s", name, shown(got, there), shown(deref(want), want != nil)))
		}
	}
	return out
}

func (c *comparison) sameHeader(name, got string, there bool, want *string) bool {
	if rule, ok := c.want.HeaderMasks[name]; ok && there {
		if pattern, err := fullPattern(rule); err == nil && pattern.MatchString(got) {
			return true
		}
	}
	return there == (want != nil) && got == deref(want)
}

func (c *comparison) cookies() []string {
	if c.want.Cookies == nil || c.ignored("set-cookie") {
		return nil
	}
	got := observed(c.got.cookies)
	if reflect.DeepEqual(got, c.want.Cookies) {
		return nil
	}
	return []string{"cookies " + asJSON(got) + ", expected " + asJSON(c.want.Cookies)}
}

func (c *comparison) body() []string {
	if c.want.AnyBody {
		return nil
	}
	masked, out := maskBody(c.got.text, c.want.Masks, c.options.SigningKey)
	masked = c.session.variables.conceal(masked)
	if masked != c.want.Body {
		got, want := clip(masked, c.want.Body)
		out = append(out, "body\n  got      "+got+"\n  expected "+want)
	}
	return out
}

func (c *comparison) ignored(header string) bool {
	return slices.ContainsFunc(c.options.IgnoreHeaders, func(name string) bool { return strings.EqualFold(name, header) })
}

// clipWidth is how much of differing bodies is shown.
const clipWidth = 400

// clip cuts both texts around the first place where they differ.
func clip(got, want string) (clippedGot, clippedWant string) {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	start := max(0, at-clipWidth/2)
	return window(got, start), window(want, start)
}

func window(text string, start int) string {
	end := min(len(text), start+clipWidth)
	part := strings.ReplaceAll(strings.ToValidUTF8(text[min(start, end):end], "…"), "\n", `\n`)
	if start > 0 {
		part = "..." + part
	}
	if end < len(text) {
		part += "..."
	}
	return part
}

func shown(value string, there bool) string {
	if !there {
		return "absent"
	}
	return strconv.Quote(value)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func asJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
