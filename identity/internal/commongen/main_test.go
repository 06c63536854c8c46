package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestListIsCurrent(t *testing.T) {
	stored, err := os.ReadFile("../../common_passwords.txt")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(stored, render()) {
		t.Error("common_passwords.txt is not what commongen makes: run go generate ./identity")
	}
}

func TestVariants(t *testing.T) {
	list := string(render())
	for word, want := range map[string]bool{
		"password": true, "passw0rd": true, "monkey123": true, "1monkey": true, "michael1": true, "11111111": true, "qwertyuiop": true,
		"87654321": true, "poiuytrewq": true, "1987": true, "a": true, "7": true, "!": true, "xx": true, "12": true, "short": false, "correct horse": false,
	} {
		if got := strings.Contains(list, "\n"+word+"\n"); got != want {
			t.Errorf("%q listed: %v, want %v", word, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	got := parse("# head\n[a]\none two\n\n[b]\nthree\n")
	if len(got) != 2 || len(got["a"]) != 2 || got["b"][0] != "three" {
		t.Errorf("parse = %v", got)
	}
}
