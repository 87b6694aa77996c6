package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var (
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenced = regexp.MustCompile("(?s)```.*?```")
)

// checkLinks tells which files a document links to that do not exist, and which headings.
func checkLinks(document, text string) (failures []error) {
	for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		target, anchor, _ := strings.Cut(found[1], "#")
		if strings.Contains(target, "://") {
			continue
		}
		linked := document
		if target != "" {
			linked = filepath.Join(filepath.Dir(document), target)
		}
		content, err := os.ReadFile(linked)
		if _, missing := os.Stat(linked); missing != nil {
			failures = append(failures, fmt.Errorf("%s: it links to %s, which is not there", document, found[1]))
		} else if anchor != "" && (err != nil || !hasHeading(string(content), anchor)) {
			failures = append(failures, fmt.Errorf("%s: it links to %s, which is no heading", document, found[1]))
		}
	}
	return failures
}

var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

func hasHeading(text, anchor string) bool {
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		if regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ReplaceAll(strings.ToLower(found[1]), " ", "-"), "") == anchor {
			return true
		}
	}
	return false
}
