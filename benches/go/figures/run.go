package figures

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Run says how figures came to be.
type Run struct {
	// Command is what was typed, in benches/go.
	Command string    `json:"command"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`
	// Source is the commit that was measured, with "-changed" behind it if files were; or unknown.
	Source string `json:"source"`
	Rounds int    `json:"rounds"`
	// Trial says that sizes were tiny, so that the figures mean nothing.
	Trial bool `json:"trial,omitempty"`
}

// commandLine is how this program was called.
func commandLine() string {
	words := []string{"go run ./cmd/" + filepath.Base(os.Args[0])}
	for _, word := range os.Args[1:] {
		if word == "" || strings.ContainsAny(word, " $'\"*?|&;()<>") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// source names the commit of the working folder. What the report writes does not count as a change.
func source() string {
	commit, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	changed, err := exec.Command("git", "status", "--porcelain", "--", ":/",
		":(top,exclude)benches/README.md", ":(top,exclude)benches/RESULTS.md", ":(top,exclude)benches/plots").Output()
	name := strings.TrimSpace(string(commit))
	if err != nil || len(changed) > 0 {
		name += "-changed"
	}
	return name
}
