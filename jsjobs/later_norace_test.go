//go:build !race

package jsjobs

import "testing"

// TestMadeLaterInDeepRecursion makes a global when there is hardly any stack left. The
// race detector takes more memory for the stack than scripts may have.
func TestMadeLaterInDeepRecursion(t *testing.T) {
	const expression = `(() => { let made; const down = () => { try { down(); } catch (e) { made = made || new Uint8Array([7]); } }; down(); return made[0]; })()`
	if got, err := evaluate(t, expression); err != nil || got != "7" {
		t.Errorf("it is %s, %v; want 7", got, err)
	}
}
