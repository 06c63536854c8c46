package kitchen

import (
	"errors"
	"net/http"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

type bookingData struct {
	ID    int64    `json:"id"`
	Room  string   `json:"room"`
	Day   orm.Date `json:"day"`
	Guest string   `json:"guest"`
}

var (
	bookingForm   = &rest.ModelSerializer[Booking, bookingData]{}
	bookingCustom = &rest.ModelSerializer[Booking, bookingData]{
		UniqueTogether: []orm.Unique{{Fields: []string{"room", "day"}, Message: "That room is taken on that day."}},
	}
)

type articleData struct {
	ID        int64    `json:"id"`
	Title     string   `json:"title"`
	Slug      string   `json:"slug"`
	Ref       string   `json:"ref"`
	Code      string   `json:"code"`
	Published orm.Date `json:"published"`
}

var articleForm = &rest.ModelSerializer[Article, articleData]{}

type seatData struct {
	ID     int64   `json:"id"`
	Row    string  `json:"row"`
	Number int64   `json:"number"`
	Holder *string `json:"holder"`
	VIP    bool    `json:"vip"`
}

var seatForm = &rest.ModelSerializer[Seat, seatData]{}

type itemData struct {
	ID       int64  `json:"id"`
	Code     string `json:"code"`
	Quantity int64  `json:"quantity"`
}

var (
	itemForm     = &rest.ModelSerializer[Item, itemData]{}
	itemCaseless = &rest.ModelSerializer[Item, itemBulkData]{
		Fields: func(d *itemBulkData) []rest.FieldOption {
			return []rest.FieldOption{rest.UniqueBy(&d.Code, "iexact", "Somebody uses this code already.")}
		},
	}
	itemBulk = &rest.ModelSerializer[Item, itemBulkData]{
		Fields: func(d *itemBulkData) []rest.FieldOption { return []rest.FieldOption{rest.NotUnique(&d.Code)} },
	}
)

// itemBulkData is an item whose code is not checked as the model says.
type itemBulkData struct {
	ID       int64  `json:"id"`
	Code     string `json:"code" rest:"declared,maxlength=10"`
	Quantity int64  `json:"quantity"`
}

type binData struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

var binForm = &rest.ModelSerializer[Bin, binData]{}

type thingData struct {
	ID   int64             `json:"id"`
	Name string            `json:"name"`
	Bin  rest.Related[Bin] `json:"bin"`
}

var thingForm = &rest.ModelSerializer[Thing, thingData]{}

// validation serves val/.
func (k *Kitchen) validation(g *rest.Group) {
	g.Register("val/bookings", viewset(rest.ViewSet[Booking]{Serializer: bookingForm}), "booking")
	g.Register("val/bookings-custom", viewset(rest.ViewSet[Booking]{Name: "Booking Custom", Serializer: bookingCustom}), "booking-custom")
	g.Register("val/articles", viewset(rest.ViewSet[Article]{Serializer: articleForm}), "article")
	g.Register("val/seats", viewset(rest.ViewSet[Seat]{Serializer: seatForm}), "seat")
	g.Register("val/items", viewset(rest.ViewSet[Item]{
		Doc: "Items: one at a time, or a list of them on POST.", Serializer: itemForm, BulkCreate: true,
	}), "item")
	g.Register("val/items-caseless", viewset(rest.ViewSet[Item]{Name: "Item Caseless", Serializer: itemCaseless}), "item-caseless")
	g.Register("val/bins", viewset(rest.ViewSet[Bin]{
		Doc: "Bins; one that holds things cannot be deleted.", Serializer: binForm, Errors: protected,
	}), "bin")
	g.Register("val/bins-raw", viewset(rest.ViewSet[Bin]{
		Name: "Bin Raw", Doc: "As BinViewSet, with no handling of protected objects.", Serializer: binForm,
	}), "bin-raw")
	g.Register("val/things", viewset(rest.ViewSet[Thing]{Serializer: thingForm}), "thing")
}

// lists serves the lists of items under val/.
func (k *Kitchen) lists(g *rest.Group) {
	g.Serve("val/items-strict/", viewset(rest.ViewSet[Item]{
		Name: "Item Strict", Doc: "POST takes a list of two to four items and nothing else.", Serializer: itemForm,
		Only: []string{"list", "create"}, CreateMany: &rest.Many{NoEmpty: true, Min: 2, Max: 4},
	}))
	sync := with(view("Item Sync", "PUT makes the stored items equal to the list sent.", allItems, http.MethodGet), http.MethodPut, syncItems)
	sync.Methods[http.MethodPut] = rest.Endpoint{Handle: syncItems, Input: itemBulk, Output: rest.ListOf(itemBulk)}
	g.Handle("val/items-sync/", sync, "")
}

// protected answers the deletion of something that is still needed with a conflict.
func protected(_ *rest.Request, err error) error {
	var p *orm.ProtectedError
	if errors.As(err, &p) {
		return rest.ErrProtected.WithCause(err)
	}
	return err
}

func storedItems(r *rest.Request) ([]*Item, error) {
	var items []*Item
	err := r.DB().Order("id").Find(&items).Error
	return items, orm.Translate(err)
}

func allItems(r *rest.Request) (*rest.Response, error) {
	items, err := storedItems(r)
	if err != nil {
		return nil, err
	}
	return itemList(r, items)
}

func itemList(r *rest.Request, items []*Item) (*rest.Response, error) {
	text, err := rest.RenderList(r, itemBulk, items)
	if err != nil {
		return nil, err
	}
	return rest.OK(text), nil
}

// syncItems makes the stored items equal to those sent, matched by their codes.
func syncItems(r *rest.Request) (*rest.Response, error) {
	sent, err := rest.ReadMany(r, itemBulk, rest.Many{})
	if err != nil {
		return nil, err
	}
	codes := map[string]bool{}
	for _, in := range sent {
		codes[in.Data.Code] = true
	}
	if len(codes) != len(sent) {
		return nil, rest.InvalidField("non_field_errors", "The codes must differ.")
	}
	var result []*Item
	err = r.Atomic(func() (err error) {
		result, err = storeItems(r, sent, codes)
		return err
	})
	if err != nil {
		return nil, err
	}
	return itemList(r, result)
}

func storeItems(r *rest.Request, sent []*rest.Input[itemBulkData], wanted map[string]bool) ([]*Item, error) {
	stored, err := storedItems(r)
	if err != nil {
		return nil, err
	}
	byCode := map[string]*Item{}
	for _, item := range stored {
		byCode[item.Code] = item
	}
	var result []*Item
	for _, in := range sent {
		item := byCode[in.Data.Code]
		if item == nil {
			item = r.Registry().Model(&Item{}).New().(*Item)
		} else {
			r.Loaded(item)
		}
		if err := errors.Join(in.Apply(r, item), r.Save(item)); err != nil {
			return nil, err
		}
		result = append(result, item)
	}
	for code, item := range byCode {
		if !wanted[code] {
			if err := r.Delete(item); err != nil {
				return nil, err
			}
		}
	}
	return result, nil
}
