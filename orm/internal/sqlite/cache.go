package sqlite

import "container/list"

const (
	mostStatements = 128     // compiled and kept, by connection
	longestKept    = 8 << 10 // bytes of a text; longer ones are lists of values that differ from call to call
)

// cache keeps statements compiled by their texts, those used last.
type cache struct {
	byText map[string]*list.Element // of *Stmt
	order  *list.List               // the one used last in front
}

func (k *cache) init() {
	k.byText = map[string]*list.Element{}
	k.order = list.New()
}

// take is a statement that is free, nil when there is none: the rows of another call may be using it.
func (k *cache) take(text string) *Stmt {
	e, ok := k.byText[text]
	if !ok {
		return nil
	}
	s := e.Value.(*Stmt)
	if s.inUse {
		return nil
	}
	k.order.MoveToFront(e)
	return s
}

// add keeps a statement, unless its text is kept already or is too long.
func (k *cache) add(text string, s *Stmt) {
	if _, ok := k.byText[text]; ok || len(text) > longestKept {
		return
	}
	if len(k.byText) >= mostStatements && !k.drop() {
		return
	}
	s.text, s.kept = text, true
	k.byText[text] = k.order.PushFront(s)
}

// drop forgets the statement that was not used for the longest time; false when all are in use.
func (k *cache) drop() bool {
	for e := k.order.Back(); e != nil; e = e.Prev() {
		if s := e.Value.(*Stmt); !s.inUse {
			k.order.Remove(e)
			delete(k.byText, s.text)
			s.finalize()
			return true
		}
	}
	return false
}

// clear forgets all statements.
func (k *cache) clear() {
	for e := k.order.Front(); e != nil; e = e.Next() {
		e.Value.(*Stmt).finalize()
	}
	k.init()
}
