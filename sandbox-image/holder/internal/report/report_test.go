package report

import (
	"testing"
	"time"

	"pocketconsole.dev/holder/internal/limits"
	"pocketconsole.dev/holder/internal/session"
)

func TestStatusLine(t *testing.T) {
	unclaimed := NewStatus("1.2.3", "0123456789abcdef", session.Status{Shell: session.ShellWaiting})
	want := `{"version":"1.2.3","protocol":[1,1],"epoch":"0123456789abcdef","shell":"waiting","claimed":false,"idleDeadlineMs":null,"outHead":0,"clients":0}`
	if got := string(JSON(unclaimed)); got != want {
		t.Errorf("[H22] got  %s\nwant %s", got, want)
	}
	claimed := NewStatus("1", "e", session.Status{Shell: session.ShellRunning, Claimed: true, IdleLeft: 1500 * time.Millisecond, OutHead: 7, Clients: 2})
	want = `{"version":"1","protocol":[1,1],"epoch":"e","shell":"running","claimed":true,"idleDeadlineMs":1500,"outHead":7,"clients":2}`
	if got := string(JSON(claimed)); got != want {
		t.Errorf("[H22] got  %s\nwant %s", got, want)
	}
}

func TestTerminationMessage(t *testing.T) {
	started := time.Date(2026, 11, 22, 15, 0, 0, 0, time.FixedZone("somewhere", 3600))
	got := string(JSON(NewTermination("Idle", 129, started, session.Status{OutHead: 5})))
	if want := `{"reason":"Idle","exitCode":129,"lastInputAt":null,"outputBytes":5,"unfetchedRecords":0}`; got != want {
		t.Errorf("[H21] got  %s\nwant %s", got, want)
	}
	at := 90 * time.Second
	got = string(JSON(NewTermination("Exited", 0, started, session.Status{OutHead: 1<<53 - 1, LastInputAt: &at})))
	if want := `{"reason":"Exited","exitCode":0,"lastInputAt":"2026-11-22T14:01:30Z","outputBytes":9007199254740991,"unfetchedRecords":0}`; got != want {
		t.Errorf("[H21] got  %s\nwant %s", got, want)
	}
	if len(got) > limits.TerminationBytesMax {
		t.Errorf("[H21] %d bytes", len(got))
	}
}
