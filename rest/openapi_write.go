package rest

import (
	"bytes"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Document is an OpenAPI document. It never changes.
type Document struct{ root *Object }

// MarshalJSON implements json.Marshaler.
func (d *Document) MarshalJSON() ([]byte, error) { return appendJSON(nil, d.root), nil }

// JSON is the document as indented JSON.
func (d *Document) JSON() []byte { return append(pyjson.Indent(nil, appendJSON(nil, d.root), 2), '\n') }

// YAML is the document as YAML 1.2.
func (d *Document) YAML() ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(yamlNode(d.root)); err != nil {
		return nil, fmt.Errorf("rest: write the OpenAPI document: %w", err)
	}
	return out.Bytes(), encoder.Close()
}

// yamlNode is a plain value with the order of its keys.
func yamlNode(v any) *yaml.Node {
	switch v := v.(type) {
	case *Object:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for key, value := range v.All() {
			n.Content = append(n.Content, yamlText(key), yamlNode(value))
		}
		return n
	case map[string]any:
		return yamlNode(sortedObject(v))
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range v {
			n.Content = append(n.Content, yamlNode(item))
		}
		return n
	case string:
		return yamlText(v)
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: string(appendJSON(nil, v))}
}

func yamlText(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.Contains(text, "\n") {
		n.Style = yaml.LiteralStyle
	}
	return n
}

// downgraded rewrites a schema of OpenAPI 3.1 in the words of 3.0: null is no type there.
func downgraded(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = downgraded(item)
		}
		return out
	case *Object:
		out := &Object{}
		for key, value := range v.All() {
			switch kinds, isList := value.([]any); {
			case key == "type" && isList:
				out.Set(key, kinds[0])
				out.Set("nullable", true)
			case key == "oneOf" && isList && endsInNull(kinds):
				setWithoutNull(out, kinds[:len(kinds)-1])
			default:
				out.Set(key, downgraded(value))
			}
		}
		return out
	}
	return v
}

func endsInNull(list []any) bool {
	last, ok := list[len(list)-1].(*Object)
	return ok && last.Len() == 1 && holds(last, "type", "null")
}

// withoutNull is oneOf some schemas or null, as 3.0 writes it.
func setWithoutNull(out *Object, schemas []any) {
	key := "oneOf"
	if len(schemas) == 1 {
		key = "allOf"
	}
	out.Set(key, downgraded(schemas))
	out.Set("nullable", true)
}
