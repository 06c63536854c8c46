-- Orders and their items.
-- records: orders.0001_initial

CREATE TABLE "orders_order" (
    "id" char(32) NOT NULL PRIMARY KEY,
    "status" varchar(10) NOT NULL,
    "shipping_address" text NOT NULL CHECK ((JSON_VALID("shipping_address") OR "shipping_address" IS NULL)),
    "note" text NOT NULL,
    "placed_at" datetime NOT NULL,
    "customer_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "orders_order_customer_id_0b76f6a4" ON "orders_order" ("customer_id");

CREATE TABLE "orders_orderitem" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "quantity" integer unsigned NOT NULL CHECK ("quantity" >= 0),
    "unit_price" decimal NOT NULL,
    "order_id" char(32) NOT NULL REFERENCES "orders_order" ("id") DEFERRABLE INITIALLY DEFERRED,
    "product_id" bigint NOT NULL REFERENCES "catalog_product" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "orders_orderitem_order_id_fe61a34d" ON "orders_orderitem" ("order_id");
CREATE UNIQUE INDEX "orders_orderitem_order_id_product_id_75327327_uniq" ON "orders_orderitem" ("order_id", "product_id");
CREATE INDEX "orders_orderitem_product_id_afe4254a" ON "orders_orderitem" ("product_id");
