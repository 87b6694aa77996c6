package partita

import "testing"

func TestATCPSinkKeepsTheMemoryOfALongMessageOnlyWhileMessagesAreLong(t *testing.T) {
	outlet := &tcpOutlet[int]{}
	for _, size := range []int{10, 50 << 20, 40 << 20, 10, 100} {
		outlet.fit(size)
		if most := max(keptMax, 2*size); cap(outlet.kept) > most && size <= keptMax/2 {
			t.Errorf("after %d bytes there is memory for %d, expected %d at most", size, cap(outlet.kept), most)
		}
		if cap(outlet.kept) < size {
			t.Errorf("after %d bytes there is memory for %d", size, cap(outlet.kept))
		}
	}
}
