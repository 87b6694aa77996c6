package main

import (
	"fmt"
	"regexp"

	"github.com/partita-stream/partita/benches/go/peers"
	"github.com/partita-stream/partita/benches/go/workload"
)

// systems is the registry: what can be measured, in the order of the reports. A system that needs more
// than plain Go has a file of its own, with its workload.System and an init function that appends it
// here; nothing else in this command knows which systems there are, but for the two references.
var systems = []workload.System{
	peers.Direct{},
	peers.Channels{},
	peers.Slices{},
}

// The systems that all are compared with.
var (
	referenceChannels = peers.Channels{}.Name()
	referenceSlices   = peers.Slices{}.Name()
	referencePointers = pointers{}.Name()
)

// selectSystems returns the systems whose names match.
func selectSystems(names *regexp.Regexp) ([]workload.System, error) {
	var selected []workload.System
	for _, system := range systems {
		if names.MatchString(system.Name()) {
			selected = append(selected, system)
		}
	}
	if len(selected) == 0 {
		return nil, fmt.Errorf("no system matches %q", names)
	}
	return selected, nil
}
