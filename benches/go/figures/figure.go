package figures

import "slices"

// Value is what one round says of one system. Programs that measure for another one print an array of these.
type Value struct {
	// Bench is what was done, System what did it, and Measure what was measured, in Unit.
	Bench   string  `json:"bench"`
	System  string  `json:"system"`
	Measure string  `json:"measure"`
	Unit    string  `json:"unit"`
	Value   float64 `json:"value"`
}

// Figure is what all rounds say of one system.
type Figure struct {
	Bench   string `json:"bench"`
	System  string `json:"system"`
	Measure string `json:"measure"`
	Unit    string `json:"unit"`
	// Rounds are in the order they ran.
	Rounds []float64 `json:"rounds"`
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	// Ratios has for each other system how many times the median is that of the other one, unless that is 0.
	Ratios map[string]float64 `json:"ratios,omitempty"`
}

// Summarize makes figures of the values of all rounds, in the order in which their systems came first.
func Summarize(values []Value) []Figure {
	var all []Figure
	for _, value := range values {
		at := slices.IndexFunc(all, func(figure Figure) bool {
			return figure.Bench == value.Bench && figure.System == value.System && figure.Measure == value.Measure
		})
		if at < 0 {
			at = len(all)
			all = append(all, Figure{Bench: value.Bench, System: value.System, Measure: value.Measure, Unit: value.Unit})
		}
		all[at].Rounds = append(all[at].Rounds, value.Value)
	}
	for i := range all {
		rounds := all[i].Rounds
		all[i].Median, all[i].Min, all[i].Max = Median(rounds), slices.Min(rounds), slices.Max(rounds)
	}
	for i := range all {
		all[i].compare(all)
	}
	return all
}

// compare fills the ratios in.
func (figure *Figure) compare(all []Figure) {
	for _, other := range all {
		if other.Bench != figure.Bench || other.Measure != figure.Measure || other.System == figure.System || other.Median == 0 {
			continue
		}
		if figure.Ratios == nil {
			figure.Ratios = make(map[string]float64)
		}
		figure.Ratios[other.System] = figure.Median / other.Median
	}
}
