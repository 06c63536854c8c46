-- The tables of the kitchen, which only tests have.
-- records: kitchen.0001_initial

-- Create model Article.
CREATE TABLE "kitchen_article" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(60) NOT NULL, "slug" varchar(50) NOT NULL, "ref" varchar(10) NOT NULL, "code" varchar(10) NOT NULL, "published" date NOT NULL);
-- Create model Author.
CREATE TABLE "kitchen_author" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(80) NOT NULL UNIQUE, "email" varchar(254) NOT NULL, "bio" text NOT NULL);
-- Create model Bin.
CREATE TABLE "kitchen_bin" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(20) NOT NULL UNIQUE);
-- Create model Genre.
CREATE TABLE "kitchen_genre" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(40) NOT NULL UNIQUE, "slug" varchar(50) NOT NULL UNIQUE);
-- Create model Item.
CREATE TABLE "kitchen_item" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "code" varchar(10) NOT NULL UNIQUE, "quantity" integer NOT NULL);
-- Create model Label.
CREATE TABLE "kitchen_label" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(30) NOT NULL UNIQUE);
-- Create model Publisher.
CREATE TABLE "kitchen_publisher" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(80) NOT NULL, "slug" varchar(50) NOT NULL UNIQUE);
-- Create model Room.
CREATE TABLE "kitchen_room" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(40) NOT NULL, "slug" varchar(50) NOT NULL UNIQUE);
-- Create model AuthorProfile.
CREATE TABLE "kitchen_authorprofile" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "website" varchar(200) NOT NULL, "rank" integer NOT NULL, "author_id" bigint NOT NULL UNIQUE REFERENCES "kitchen_author" ("id") DEFERRABLE INITIALLY DEFERRED);
-- Create model Book.
CREATE TABLE "kitchen_book" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(120) NOT NULL, "isbn" varchar(13) NOT NULL UNIQUE, "pages" integer unsigned NOT NULL CHECK ("pages" >= 0), "published" date NULL, "price" decimal NOT NULL, "author_id" bigint NOT NULL REFERENCES "kitchen_author" ("id") DEFERRABLE INITIALLY DEFERRED, "publisher_id" bigint NULL REFERENCES "kitchen_publisher" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kitchen_book_genres" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "book_id" bigint NOT NULL REFERENCES "kitchen_book" ("id") DEFERRABLE INITIALLY DEFERRED, "genre_id" bigint NOT NULL REFERENCES "kitchen_genre" ("id") DEFERRABLE INITIALLY DEFERRED);
-- Create model Booking.
CREATE TABLE "kitchen_booking" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "room" varchar(20) NOT NULL, "day" date NOT NULL, "guest" varchar(40) NOT NULL);
-- Create model Everything.
CREATE TABLE "kitchen_everything" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "big_integer" bigint NOT NULL, "binary" BLOB NOT NULL, "boolean" bool NOT NULL, "boolean_null" bool NULL, "char" varchar(20) NOT NULL, "char_blank" varchar(20) NOT NULL, "char_null" varchar(20) NULL, "char_unique" varchar(20) NULL UNIQUE, "choice" varchar(1) NOT NULL, "choice_blank" varchar(1) NOT NULL, "choice_int" integer NULL, "date" date NULL, "datetime" datetime NULL, "decimal" decimal NOT NULL, "duration" bigint NOT NULL, "email" varchar(254) NOT NULL, "file" varchar(60) NULL, "float" real NOT NULL, "image" varchar(100) NULL, "integer" integer NOT NULL, "integer_range" integer NOT NULL, "ip" char(39) NULL, "ipv4" char(39) NULL, "json" text NOT NULL CHECK ((JSON_VALID("json") OR "json" IS NULL)), "json_null" text NULL CHECK ((JSON_VALID("json_null") OR "json_null" IS NULL)), "positive" integer unsigned NOT NULL CHECK ("positive" >= 0), "positive_big" bigint unsigned NOT NULL CHECK ("positive_big" >= 0), "positive_small" smallint unsigned NOT NULL CHECK ("positive_small" >= 0), "slug" varchar(50) NOT NULL, "small" smallint NOT NULL, "text" text NOT NULL, "time" time NULL, "url" varchar(200) NOT NULL, "uuid" char(32) NOT NULL, "fixed" varchar(10) NOT NULL, "created" datetime NOT NULL, "modified" datetime NOT NULL, "author_id" bigint NULL UNIQUE REFERENCES "kitchen_author" ("id") DEFERRABLE INITIALLY DEFERRED, "parent_id" bigint NULL REFERENCES "kitchen_everything" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kitchen_everything_genres" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "everything_id" bigint NOT NULL REFERENCES "kitchen_everything" ("id") DEFERRABLE INITIALLY DEFERRED, "genre_id" bigint NOT NULL REFERENCES "kitchen_genre" ("id") DEFERRABLE INITIALLY DEFERRED);
-- Create model Note.
CREATE TABLE "kitchen_note" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "text" varchar(100) NOT NULL, "public" bool NOT NULL, "owner_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED);
-- Create model Seat.
CREATE TABLE "kitchen_seat" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "row" varchar(2) NOT NULL, "number" integer NOT NULL, "holder" varchar(40) NULL, "vip" bool NOT NULL, CONSTRAINT "seat_place" UNIQUE ("row", "number"), CONSTRAINT "seat_number_positive" CHECK ("number" >= 1));
-- Create model Shelf.
CREATE TABLE "kitchen_shelf" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(40) NOT NULL, "slug" varchar(50) NOT NULL UNIQUE, "room_id" bigint NOT NULL REFERENCES "kitchen_room" ("id") DEFERRABLE INITIALLY DEFERRED);
-- Create model Row.
CREATE TABLE "kitchen_row" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "title" varchar(60) NOT NULL, "slug" varchar(50) NOT NULL UNIQUE, "number" integer NOT NULL, "amount" decimal NOT NULL, "ratio" real NULL, "flag" bool NULL, "kind" varchar(1) NOT NULL, "day" date NOT NULL, "moment" datetime NOT NULL, "clock" time NOT NULL, "span" bigint NOT NULL, "ref" char(32) NOT NULL UNIQUE, "note" text NULL, "shelf_id" bigint NULL REFERENCES "kitchen_shelf" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "kitchen_row_labels" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "row_id" bigint NOT NULL REFERENCES "kitchen_row" ("id") DEFERRABLE INITIALLY DEFERRED, "label_id" bigint NOT NULL REFERENCES "kitchen_label" ("id") DEFERRABLE INITIALLY DEFERRED);
-- Create model Thing.
CREATE TABLE "kitchen_thing" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(20) NOT NULL, "bin_id" bigint NOT NULL REFERENCES "kitchen_bin" ("id") DEFERRABLE INITIALLY DEFERRED);
-- Create model Chapter.
CREATE TABLE "kitchen_chapter" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "number" integer unsigned NOT NULL CHECK ("number" >= 0), "title" varchar(120) NOT NULL, "book_id" bigint NOT NULL REFERENCES "kitchen_book" ("id") DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX "kitchen_article_slug_037f8d9e" ON "kitchen_article" ("slug");
CREATE INDEX "kitchen_book_author_id_7ad78d54" ON "kitchen_book" ("author_id");
CREATE INDEX "kitchen_book_publisher_id_5e22ec54" ON "kitchen_book" ("publisher_id");
CREATE UNIQUE INDEX "kitchen_book_genres_book_id_genre_id_c533017a_uniq" ON "kitchen_book_genres" ("book_id", "genre_id");
CREATE INDEX "kitchen_book_genres_book_id_a17f173b" ON "kitchen_book_genres" ("book_id");
CREATE INDEX "kitchen_book_genres_genre_id_35b9ae26" ON "kitchen_book_genres" ("genre_id");
CREATE UNIQUE INDEX "kitchen_booking_room_day_b917951f_uniq" ON "kitchen_booking" ("room", "day");
CREATE INDEX "kitchen_everything_slug_9d8e1f64" ON "kitchen_everything" ("slug");
CREATE INDEX "kitchen_everything_parent_id_87d6edef" ON "kitchen_everything" ("parent_id");
CREATE UNIQUE INDEX "kitchen_everything_genres_everything_id_genre_id_ee74e6c0_uniq" ON "kitchen_everything_genres" ("everything_id", "genre_id");
CREATE INDEX "kitchen_everything_genres_everything_id_59a8f766" ON "kitchen_everything_genres" ("everything_id");
CREATE INDEX "kitchen_everything_genres_genre_id_7982cfc7" ON "kitchen_everything_genres" ("genre_id");
CREATE INDEX "kitchen_note_owner_id_77de0491" ON "kitchen_note" ("owner_id");
CREATE UNIQUE INDEX "seat_vip_holder" ON "kitchen_seat" ("holder") WHERE "vip";
CREATE INDEX "kitchen_shelf_room_id_08f0f200" ON "kitchen_shelf" ("room_id");
CREATE INDEX "kitchen_row_shelf_id_cbb4b89e" ON "kitchen_row" ("shelf_id");
CREATE UNIQUE INDEX "kitchen_row_labels_row_id_label_id_5b67e12e_uniq" ON "kitchen_row_labels" ("row_id", "label_id");
CREATE INDEX "kitchen_row_labels_row_id_ca67f02f" ON "kitchen_row_labels" ("row_id");
CREATE INDEX "kitchen_row_labels_label_id_5845bf5d" ON "kitchen_row_labels" ("label_id");
CREATE INDEX "kitchen_thing_bin_id_1d4a53e6" ON "kitchen_thing" ("bin_id");
CREATE UNIQUE INDEX "kitchen_chapter_book_id_number_cd959e25_uniq" ON "kitchen_chapter" ("book_id", "number");
CREATE INDEX "kitchen_chapter_book_id_633b8fea" ON "kitchen_chapter" ("book_id");
