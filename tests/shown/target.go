package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

var (
	inlineMake  = regexp.MustCompile("(?s)`(?:[A-Z_]+=\\S+\\s+)*make\\s+([^`]+)`")
	targetWords = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// checkNamedTargets tells which targets of make a document names in its sentences that there are not.
func checkNamedTargets(document, text string) (failures []error) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		return []error{err}
	}
	for _, found := range inlineMake.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		for _, word := range strings.Fields(found[1]) {
			if targetWords.MatchString(word) && !hasTarget(makefile, word) {
				failures = append(failures, fmt.Errorf("%s: the Makefile has no target %s", document, word))
			}
		}
	}
	return failures
}

func hasTarget(makefile []byte, name string) bool {
	return regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `:`).Match(makefile)
}
