package serializers_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/resttest"
)

func TestCategoriesAreNotBelowThemselves(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		for i, body := range []string{
			`{"name":"Drinks","slug":"drinks"}`, `{"name":"Tea","slug":"tea","parent":1}`, `{"name":"Green","slug":"green","parent":2}`,
		} {
			want := fmt.Sprintf(`201 {"id":%d,…`, i+1)
			c.exchanges(t, []exchange{{"POST", "/categories/", body, want}})
		}
		const cycle = `400 {"parent":["A category cannot be its own ancestor."]}`
		c.exchanges(t, []exchange{
			{"PATCH", "/categories/1/", `{"parent":1}`, cycle},
			{"PATCH", "/categories/1/", `{"parent":2}`, cycle},
			{"PATCH", "/categories/1/", `{"parent":3}`, cycle},
			{"PATCH", "/categories/2/", `{"parent":3}`, cycle},
			{"PATCH", "/categories/3/", `{"parent":1}`, `200 {"id":3,"name":"Green","slug":"green","parent":1,"product_count":0}`},
			{"PATCH", "/categories/3/", `{"parent":null}`, `200 {"id":3,"name":"Green","slug":"green","parent":null,"product_count":0}`},
			{"PATCH", "/categories/1/", `{"parent":3}`, `200 {"id":1,"name":"Drinks","slug":"drinks","parent":3,"product_count":0}`},
			{"PATCH", "/categories/1/", `{"product_count":5}`, `200 {"id":1,"name":"Drinks","slug":"drinks","parent":3,"product_count":0}`},
			{"POST", "/categories/", `{"name":"Tea","slug":"no slug","parent":9}`, `400 {"name":["category with this name already exists."],` +
				`"slug":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."],"parent":["Invalid pk \"9\" - object does not exist."]}`},
		})
	})
}

func TestCategoryTreeForm(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		const leaf = `{"id":2,"name":"Tea","slug":"tea","children":[]}`
		c.exchanges(t, []exchange{
			{"POST", "/tree/", `{"id":1,"name":"Drinks","slug":"drinks","children":[` + leaf + `]}`, `200 {"id":1,"name":"Drinks","slug":"drinks","children":[` + leaf + `]}`},
		})
	})
}

// tea is a category and a body of a product in it.
func tea(t *testing.T, c *counter) (body func(more string) string) {
	t.Helper()
	category := create(t, c, &models.Category{Name: "Tea", Slug: "tea"})
	return func(more string) string {
		return fmt.Sprintf(`{"sku":"TEA-100","name":"Tea","slug":"tea","category":%d,"price":"3.50"%s}`, category.ID, more)
	}
}

func TestProductRefusals(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		body := tea(t, c)
		refused := func(more, want string) exchange {
			return exchange{"POST", "/products/", body(more), `400 {` + want + `}`}
		}
		sku := `"sku":["Enter a SKU such as ABC-1234."]`
		object := `"attributes":["Attributes must be an object."]`
		c.exchanges(t, []exchange{
			refused(`,"sku":"tea-100"`, sku), refused(`,"sku":"T-100"`, sku), refused(`,"sku":"TEAPOT-100"`, sku), refused(`,"sku":"TEA-10"`, sku),
			refused(`,"sku":"TEA-1000000"`, sku), refused(`,"sku":"xTEA-100"`, sku), refused(`,"sku":"TEA-100x"`, sku), refused(`,"sku":"TEA_100"`, sku),
			refused(`,"attributes":[]`, object), refused(`,"attributes":"{}"`, object), refused(`,"attributes":1`, object), refused(`,"attributes":[{}]`, object),
			refused(`,"attributes":null`, `"attributes":["This field may not be null."]`),
			refused(`,"price":"-0.01"`, `"price":["Ensure this value is greater than or equal to 0."]`),
			refused(`,"price":"1.234"`, `"price":["Ensure that there are no more than 2 decimal places."]`),
			refused(`,"price":"123456789.00"`, `"price":["Ensure that there are no more than 10 digits in total."]`),
			refused(`,"stock":-1`, `"stock":["Ensure this value is greater than or equal to 0."]`),
			refused(`,"status":"sold"`, `"status":["\"sold\" is not a valid choice."]`),
			refused(`,"tags":["none"]`, `"tags":["Object with name=none does not exist."]`),
			refused(`,"status":"active","price":"0"`, `"price":["An active product must have a price."]`),
			refused(`,"status":"active","price":"-0.00"`, `"price":["An active product must have a price."]`),
		})
	})
}

func TestProductForm(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		body := tea(t, c)
		create(t, c, &models.Tag{Name: "hot"})
		a := c.Post("/products/", body(`,"tags":["hot"],"attributes":{ "b": 1.50, "a": [] },"created_by":5,"rating":3,"in_stock":true`))
		hasKeys(t, a, "id", "sku", "name", "slug", "description", "category", "category_detail", "tags", "price", "stock", "in_stock", "status", "attributes",
			"weight", "available_from", "image", "rating", "review_count", "created_by", "created_at", "updated_at")
		got := fmt.Sprintln(a.Status, a.Field("price"), a.Field("stock"), a.Field("in_stock"), a.Field("status"), a.Field("tags"), a.Field("rating"), a.Field("created_by"),
			a.Field("category_detail"))
		if want := `201 3.50 0 false draft [hot] <nil> <nil> map[id:1 name:Tea slug:tea]` + "\n"; got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		c.exchanges(t, []exchange{
			{"PATCH", "/products/1/", `{"price":"0"}`, `200 {"id":1,…`},
			{"PATCH", "/products/1/", `{"status":"active"}`, `400 {"price":["An active product must have a price."]}`},
			{"PATCH", "/products/1/", `{"status":"active","price":"1"}`, `200 {"id":1,…`},
			{"PATCH", "/products/1/", `{"price":"0.00"}`, `400 {"price":["An active product must have a price."]}`},
			{"PATCH", "/products/1/", `{"status":"archived","price":"0.00"}`, `200 {"id":1,…`},
		})
		if a := c.Patch("/products/1/", `{"stock":2}`); a.Field("in_stock") != true || a.Field("price") != "0.00" {
			t.Errorf("%s", a)
		}
	})
}

func TestReviewsAreTheCallers(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		body := tea(t, c)
		c.Post("/products/", body(""))
		a := c.Post("/reviews/", `{"product":1,"rating":4,"title":"Good","author":"bob"}`)
		hasKeys(t, a, "id", "product", "author", "rating", "title", "body", "created_at")
		if a.Status != 201 || a.Field("author") != "alice" || a.Field("body") != "" {
			t.Errorf("%s", a)
		}
		c.exchanges(t, []exchange{
			{"POST", "/reviews/", `{"product":1,"rating":0,"title":""}`, `400 {"rating":["Ensure this value is greater than or equal to 1."],"title":["This field may not be blank."]}`},
			{"POST", "/reviews/", `{"product":1,"rating":6,"title":"x"}`, `400 {"rating":["Ensure this value is less than or equal to 5."]}`},
			{"POST", "/reviews/", `{"product":1,"rating":5,"title":"Again"}`, `400 {"non_field_errors":["The fields product, author must make a unique set."]}`},
		})
	})
}

func TestStockForms(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		c.exchanges(t, []exchange{
			{"POST", "/restock/", `{"quantity":1}`, `200 {"quantity":1…`},
			{"POST", "/restock/", `{"quantity":100000,"note":""}`, `200 {"quantity":100000,"note":""}`},
			{"POST", "/restock/", `{"quantity":0}`, `400 {"quantity":["Ensure this value is greater than or equal to 1."]}`},
			{"POST", "/restock/", `{"quantity":100001}`, `400 {"quantity":["Ensure this value is less than or equal to 100000."]}`},
			{"POST", "/restock/", fmt.Sprintf(`{"quantity":1,"note":"%0101d"}`, 1), `400 {"note":["Ensure this field has no more than 100 characters."]}`},
			{"POST", "/restock/", `{"note":null}`, `400 {"quantity":["This field is required."],"note":["This field may not be null."]}`},
			{"POST", "/stock/", `{"id":1,"sku":"TEA-100","stock":5}`, `200 {"id":1,"sku":"TEA-100","stock":5}`},
		})
	})
}

// product stores a product on sale.
func product(t *testing.T, c *counter, name string, stock int64, price string, status models.ProductStatus) *models.Product {
	t.Helper()
	var category models.Category
	if err := c.db.Gorm.FirstOrCreate(&category, models.Category{Name: "Tea", Slug: "tea"}).Error; err != nil {
		t.Fatal(err)
	}
	return create(t, c, &models.Product{
		SKU: name, Name: name, Slug: name, CategoryID: category.ID, Price: orm.MustDecimal(price), Stock: stock, Status: status, Attributes: orm.JSON("{}"),
	})
}

func TestTagForm(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		c.exchanges(t, []exchange{
			{"POST", "/tags/", `{"name":"  hot "}`, `201 {"id":1,"name":"hot"}`},
			{"POST", "/tags/", `{"name":"hot"}`, `400 {"name":["tag with this name already exists."]}`},
			{"POST", "/tags/", fmt.Sprintf(`{"name":"%051d"}`, 1), `400 {"name":["Ensure this field has no more than 50 characters."]}`},
		})
	})
}

func TestProductPicture(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, c *counter) {
		c.Post("/products/", tea(t, c)(""))
		upload := func(name string, content []byte) *resttest.Answer {
			return c.Patch("/products/1/", new(resttest.Multipart).File("image", name, content))
		}
		if a := upload("tea pot.png", picture.Bytes()); a.Field("image") != "http://testserver/media/products/tea_pot.png" {
			t.Errorf("%s", a)
		}
		for name, want := range map[string]string{
			"tea.exe": `400 {"image":["File extension “exe” is not allowed. Allowed extensions are: `,
			"":        `400 {"image":["The submitted data was not a file. Check the encoding type on the form."]}`,
		} {
			if a := upload(name, picture.Bytes()); !strings.HasPrefix(a.String(), want) {
				t.Errorf("%q: %s", name, a)
			}
		}
		if a := upload("tea.png", []byte("no picture")); !strings.HasPrefix(a.String(), `400 {"image":["Upload a valid image.`) {
			t.Errorf("%s", a)
		}
		if a := c.Patch("/products/1/", `{"image":null}`); a.Status != 200 || a.Field("image") != nil {
			t.Errorf("%s", a)
		}
	})
}
