// Package shown has the programs of which the doc comments of other packages show parts, as tests. A test finds
// each part here.
package shown
