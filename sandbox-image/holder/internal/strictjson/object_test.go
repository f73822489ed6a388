package strictjson

import "testing"

func TestFields(t *testing.T) {
	o := Parse([]byte(` {"n":24.0, "m":2.4e1, "s":"🙂", "b":true, "p":[1,2], "in":{"x":"y"}, "later":null} `))
	in := o.Object("in")
	if o.Integer("n", 0, 99) != 24 || o.Integer("m", 0, 99) != 24 || o.Text("s", 2, 2) != "🙂" || !o.Bool("b") ||
		o.Pair("p", 1, 2) != [2]uint64{1, 2} || in.Text("x", 1, 1) != "y" || o.OptionalText("none", 1, 1) != nil ||
		o.OptionalInteger("none", 0, 0) != nil || o.OptionalBool("none") {
		t.Error("a field was read wrong")
	}
	if o.Adopt("in", in); o.Err() != nil {
		t.Error(o.Err())
	}
}

func TestComplaints(t *testing.T) {
	for name, take := range map[string]func(*Object){
		`{"N":1}`:                  func(o *Object) { o.Integer("n", 0, 9) },
		`{"n":null}`:               func(o *Object) { o.OptionalInteger("n", 0, 9) },
		`{"n":"1"}`:                func(o *Object) { o.Integer("n", 0, 9) },
		`{"n":1.5}`:                func(o *Object) { o.Integer("n", 0, 9) },
		`{"n":-1}`:                 func(o *Object) { o.Integer("n", 0, 9) },
		`{"n":1e999}`:              func(o *Object) { o.Integer("n", 0, 9) },
		`{"n":9007199254740993.0}`: func(o *Object) { o.Integer("n", 0, 1<<63) },
		`{"n":10}`:                 func(o *Object) { o.Integer("n", 0, 9) },
		`{"s":null}`:               func(o *Object) { o.OptionalText("s", 0, 9) },
		`{"s":"ab"}`:               func(o *Object) { o.Text("s", 3, 9) },
		`{"s":"x"}`:                func(o *Object) { o.OneOf("s", "a", "b") },
		`{"b":null}`:               func(o *Object) { o.OptionalBool("b") },
		`{"b":"true"}`:             func(o *Object) { o.OptionalBool("b") },
		`{"b":0}`:                  func(o *Object) { o.Bool("b") },
		`{"p":[1]}`:                func(o *Object) { o.Pair("p", 0, 9) },
		`{"p":[1,"2"]}`:            func(o *Object) { o.Pair("p", 0, 9) },
		`{"in":[]}`:                func(o *Object) { o.Adopt("in", o.Object("in")) },
		`{}`:                       func(o *Object) { o.Adopt("in", o.Object("in")) },
		`null`:                     func(*Object) {},
		`[]`:                       func(*Object) {},
		``:                         func(*Object) {},
		`{}{}`:                     func(*Object) {},
		"{\"s\":\"\xff\"}":         func(*Object) {},
		"\xef\xbb\xbf{}":           func(*Object) {},
	} {
		o := Parse([]byte(name))
		if take(o); o.Err() == nil {
			t.Errorf("[F6] no complaint about %s", name)
		}
	}
}
