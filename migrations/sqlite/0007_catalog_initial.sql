-- Categories, tags, products and their reviews.
-- records: catalog.0001_initial

CREATE TABLE "catalog_tag" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" varchar(50) NOT NULL UNIQUE
);

CREATE TABLE "catalog_category" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "name" varchar(100) NOT NULL UNIQUE,
    "slug" varchar(50) NOT NULL UNIQUE,
    "parent_id" bigint NULL REFERENCES "catalog_category" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "catalog_category_parent_id_f61bd017" ON "catalog_category" ("parent_id");

CREATE TABLE "catalog_product" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "sku" varchar(32) NOT NULL UNIQUE,
    "name" varchar(200) NOT NULL,
    "slug" varchar(50) NOT NULL UNIQUE,
    "description" text NOT NULL,
    "price" decimal NOT NULL,
    "stock" integer unsigned NOT NULL CHECK ("stock" >= 0),
    "status" varchar(10) NOT NULL,
    "attributes" text NOT NULL CHECK ((JSON_VALID("attributes") OR "attributes" IS NULL)),
    "weight" real NULL,
    "available_from" date NULL,
    "image" varchar(100) NULL,
    "created_at" datetime NOT NULL,
    "updated_at" datetime NOT NULL,
    "category_id" bigint NOT NULL REFERENCES "catalog_category" ("id") DEFERRABLE INITIALLY DEFERRED,
    "created_by_id" integer NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "catalog_product_category_id_35bf920b" ON "catalog_product" ("category_id");
CREATE INDEX "catalog_product_created_by_id_4e458b98" ON "catalog_product" ("created_by_id");

CREATE TABLE "catalog_product_tags" (
    "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    "product_id" bigint NOT NULL REFERENCES "catalog_product" ("id") DEFERRABLE INITIALLY DEFERRED,
    "tag_id" bigint NOT NULL REFERENCES "catalog_tag" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "catalog_product_tags_product_id_293d7e82" ON "catalog_product_tags" ("product_id");
CREATE UNIQUE INDEX "catalog_product_tags_product_id_tag_id_daa0ee1f_uniq" ON "catalog_product_tags" ("product_id", "tag_id");
CREATE INDEX "catalog_product_tags_tag_id_fb8826f6" ON "catalog_product_tags" ("tag_id");

CREATE TABLE "catalog_review" (
    "id" char(32) NOT NULL PRIMARY KEY,
    "rating" smallint unsigned NOT NULL CHECK ("rating" >= 0),
    "title" varchar(120) NOT NULL,
    "body" text NOT NULL,
    "created_at" datetime NOT NULL,
    "author_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED,
    "product_id" bigint NOT NULL REFERENCES "catalog_product" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "catalog_review_author_id_a762d18d" ON "catalog_review" ("author_id");
CREATE UNIQUE INDEX "catalog_review_product_id_author_id_d56ea42e_uniq" ON "catalog_review" ("product_id", "author_id");
CREATE INDEX "catalog_review_product_id_e494243b" ON "catalog_review" ("product_id");
