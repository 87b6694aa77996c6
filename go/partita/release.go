package partita

// #include "bridge.h"
import "C"

import "fmt"

// release says which library there is, or which one is meant.
type release struct {
	// version is as in 0.2.0.
	version string
	abi     uint32
}

// String is as in `0.2.0 (ABI 1)`.
func (release release) String() string {
	return fmt.Sprintf("%s (ABI %d)", release.version, release.abi)
}

// meant is the library that this package was written for.
var meant = release{version: C.PARTITA_VERSION, abi: C.PARTITA_ABI}

// linked is the library that this package runs with.
func linked() release {
	return release{version: text(C.partita_version()), abi: uint32(C.partita_abi())}
}

// serves tells why a library cannot be used by who was written for another: it has another ABI, or may lack
// what came with the version that is meant. The third number of a version brings nothing new.
func (release release) serves(meant release) error {
	var is, least [2]int
	_, unknown := fmt.Sscanf(release.version, "%d.%d", &is[0], &is[1])
	if _, err := fmt.Sscanf(meant.version, "%d.%d", &least[0], &least[1]); err != nil {
		unknown = err
	}
	older := is[0] < least[0] || is[0] == least[0] && is[1] < least[1]
	if unknown == nil && !older && release.abi == meant.abi {
		return nil
	}
	return fmt.Errorf("%w: this package is of %v, and the library of %v: expected ABI %d, and version %d.%d or above",
		ErrVersion, meant, release, meant.abi, least[0], least[1])
}
