package rest

import "net/http"

// Response is what a handler answers (rest_framework.response.Response). Data is rendered by the negotiated renderer:
// nil gives an empty body without a Content-Type; Rendered is JSON that is ready; anything else goes through the JSON
// rules of json.go (structs only by their serializers).
type Response struct {
	Status int // 0 means 200
	Data   any
	Header http.Header // further headers; nil for none
}

// Rendered is JSON text in the framework's dialect that is ready to be sent.
type Rendered []byte

// OK answers 200 with data.
func OK(data any) *Response { return &Response{Status: http.StatusOK, Data: data} }

// Created answers 201 with data.
func Created(data any) *Response { return &Response{Status: http.StatusCreated, Data: data} }

// NoContent answers 204 with an empty body.
func NoContent() *Response { return &Response{Status: http.StatusNoContent} }
