package main

import (
	"fmt"
	"strings"
	"unicode"
)

// What is put behind the words, by how much the section is loved.
var (
	oneEnding   = []string{"1"}
	nameEndings = []string{"1", "123"}
	manyEndings = []string{"1", "2", "3", "4", "5", "7", "01", "10", "11", "12", "13", "21", "22", "23", "69", "123", "!"}
)

func endings(section string) []string {
	switch section {
	case "top":
		return manyEndings
	case "names", "animals":
		return nameEndings
	case "foreign", "unchanged":
		return nil
	}
	return oneEnding
}

// addWord adds a seed and what its section makes of it.
func (s set) addWord(section, word string) {
	s.add(word)
	if strings.ContainsFunc(word, unicode.IsDigit) {
		return
	}
	for _, ending := range endings(section) {
		s.add(word + ending)
	}
	if section == "top" {
		s.add("1"+word, strings.ReplaceAll(word, "o", "0"))
	}
}

// addShort adds single characters and the numbers that people count to.
func (s set) addShort() {
	for _, c := range "0123456789abcdefghijklmnopqrstuvwxyz!&-.:" {
		s.add(string(c))
	}
	for i := 10; i <= 25; i++ {
		s.add(fmt.Sprint(i))
	}
}

// addRepeats adds one, two or three characters over and over.
func (s set) addRepeats() {
	const characters = "0123456789abcdefghijklmnopqrstuvwxyz"
	for _, c := range characters {
		for n := 2; n <= 10; n++ {
			s.add(strings.Repeat(string(c), n))
		}
	}
	for i := range 100 {
		s.add(strings.Repeat(fmt.Sprintf("%02d", i), 3), strings.Repeat(fmt.Sprintf("%02d", i), 4))
	}
	for i := range 10 {
		d := string(rune('0' + i))
		s.add("abc"+strings.Repeat(d, 3), strings.Repeat(d, 3)+"abc", strings.Repeat(d, 3)+strings.Repeat("0", 3))
	}
}

// addCounting adds the digits and the letters in their order, forwards and backwards, from any place on.
func (s set) addCounting() {
	s.add("12345678901", "123456789012", "1234567890123")
	for _, row := range []string{
		"1234567890", "0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop",
		"qwertzuiop", "yxcvbnm", "qazwsxedcrfv", "1qaz2wsx3edc4rfv", "1q2w3e4r5t6y7u8i",
	} {
		s.addPieces(row)
		s.addPieces(reverse(row))
	}
}

func (s set) addPieces(row string) {
	for from := range row {
		for to := from + 3; to <= min(len(row), from+10); to++ {
			s.add(row[from:to])
		}
	}
}

// addDates adds years, days of the year and the first of January of every year.
func (s set) addDates() {
	for year := 1940; year <= 2029; year++ {
		s.add(fmt.Sprint(year), fmt.Sprint(year, year))
	}
	for month := 1; month <= 12; month++ {
		for day := 1; day <= 31; day++ {
			s.add(fmt.Sprintf("%02d%02d", day, month))
		}
	}
	for year := 1970; year <= 2000; year++ {
		s.add(fmt.Sprintf("0101%d", year))
	}
}

func reverse(text string) string {
	runes := []rune(text)
	for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
		runes[i], runes[j] = runes[j], runes[i]
	}
	return string(runes)
}
