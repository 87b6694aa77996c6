package partitatest_test

import (
	"testing"
	"time"

	"github.com/partita-stream/partita/go/partita"
	"github.com/partita-stream/partita/go/partita/partitatest"
)

// visit is one of a user, at a time.
type visit struct {
	user string
	at   time.Duration
}

// session is what a user does without a pause.
type session struct {
	last  time.Duration
	count int
}

// Visits of a user that follow each other within half an hour are one session. The faulty program asks the
// clock when it computes a visit; but that may be some time after the visit. The other program has the time
// in the message.
var sessions = planted{
	name: "the time of computing is taken for the time of the message",
	says: "sessions",
	property: func(t testing.TB, seed uint64, faulty bool) {
		const pause = 30 * time.Minute
		var now func() time.Duration
		app := partita.NewApplication("site")
		visits := partita.NewSourceOf[visit]()
		partita.ToStatePartition(partita.NewPipelineOf(app, "visits", visits),
			partita.PartitionOf[string, session]{
				Name:  "sessions",
				Build: func(string) session { return session{last: -time.Hour} },
			},
			func(visit visit) string { return visit.user },
			func(_ string, visit visit, session *session, _ *partita.Emitter[partita.None]) (bool, error) {
				at := visit.at
				if faulty {
					at = now()
				}
				if at-session.last > pause {
					session.count++
				}
				session.last = at
				return true, nil
			}).Done()

		d := partitatest.New(t, seed, app)
		now = d.Now
		for range 3 {
			partitatest.Send(d, visits, visit{"ann", d.Now()}, visit{"bob", d.Now()})
			d.Advance(20 * time.Minute)
		}
		if session := d.State("sessions", "ann").(*session); session.count != 1 {
			t.Errorf("%d sessions: expected 1", session.count)
		}
	},
}
