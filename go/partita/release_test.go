package partita

import (
	"errors"
	"testing"
)

func TestTheLibraryServesThePackage(t *testing.T) {
	if err := linked().serves(meant); err != nil {
		t.Fatal(err)
	}
	if linked() != meant {
		t.Errorf("linked with %v, and written for %v", linked(), meant)
	}
}

func TestALibraryServesIfItHasTheABIAndIsNotOlder(t *testing.T) {
	meant := release{version: "1.10.3", abi: 2}
	for _, library := range []release{
		{"1.10.3", 2}, {"1.10.0", 2}, {"1.10.4", 2}, {"1.11.0", 2}, {"1.100.0", 2}, {"2.0.0", 2}, {"10.0.0", 2}, {"1.10", 2},
	} {
		if err := library.serves(meant); err != nil {
			t.Errorf("%v: %v", library, err)
		}
	}
	for _, library := range []release{
		{"1.9.9", 2}, {"1.2.0", 2}, {"0.99.0", 2}, {"1.10.3", 1}, {"1.10.3", 3}, {"2.0.0", 3}, {"", 2}, {"new", 2}, {"1", 2},
	} {
		if err := library.serves(meant); !errors.Is(err, ErrVersion) {
			t.Errorf("%v: %v", library, err)
		}
	}
}

func TestALibraryThatDoesNotServeIsNamed(t *testing.T) {
	err := release{"0.1.9", 1}.serves(release{"0.2.0", 1})
	const want = "package and library do not go together: this package is of 0.2.0 (ABI 1), and the library of 0.1.9 (ABI 1): " +
		"expected ABI 1, and version 0.2 or above"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, expected %s", err, want)
	}
}
