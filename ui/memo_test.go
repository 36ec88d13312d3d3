package ui_test

import "testing"

// Of a long list that is drawn again only what changed is drawn: the events of a busy farm
// change a little of it ten times a second.
func TestOnlyChangesAreDrawn(t *testing.T) {
	p := open(t, startFarm(t, "serve"), "/app/")
	var got []string
	p.eval(`import('/app/lib.js').then(({ html, memo, render }) => {
		const drawn = [], box = document.createElement('ul'), text = ['<li>', '</li>'], row = ['<', ' of=', ' at=', ' />'];
		const Row = memo(({ of, at }) => { drawn.push(of.name + at); return html(text, of.name + at); });
		const draw = (rows, at) => render(rows.map((of) => html(row, Row, of, at)), box);
		const a = { name: 'a' }, b = { name: 'b' };
		draw([a, b], 1);
		draw([a, b], 1);
		draw([a, { name: 'c' }], 1);
		draw([a, b], 2);
		return [drawn.join(), box.textContent];
	})`, &got)
	if len(got) != 2 || got[0] != "a1,b1,c1,a2,b2" || got[1] != "a2b2" {
		t.Errorf("drawn are %q", got)
	}
}
