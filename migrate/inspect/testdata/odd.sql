-- Names that nobody would choose, for both databases.
CREATE TABLE "2024 sales" (
    "2nd price" NUMERIC(8,2) NOT NULL,
    "unit price (€)" NUMERIC(8,2) NOT NULL,
    "type" VARCHAR(10) NOT NULL,
    "Meta" VARCHAR(10),
    "TableName" VARCHAR(10),
    "größe" INTEGER,
    "名前" VARCHAR(20),
    "a__b" INTEGER,
    "a b" INTEGER,
    "A-B" INTEGER,
    "select" BOOLEAN NOT NULL DEFAULT FALSE,
    "_" INTEGER,
    "pk" INTEGER,
    "say""so" INTEGER,
    "first.second" INTEGER,
    "back`tick" INTEGER,
    "quoted" VARCHAR(20) NOT NULL DEFAULT 'it''s, or not',
    "50%" INTEGER,
    "id" INTEGER NOT NULL PRIMARY KEY,
    CHECK ("a b" > 0)
);
CREATE TABLE "order" ("id" INTEGER NOT NULL PRIMARY KEY, "group" VARCHAR(5), "GROUP " VARCHAR(5), "-group" VARCHAR(5), "group2" VARCHAR(5));
CREATE TABLE "Order Data" ("id" INTEGER NOT NULL PRIMARY KEY, "order_id" INTEGER NOT NULL REFERENCES "order" ("id"), "order" VARCHAR(5));
CREATE TABLE "orderdata" ("Id" INTEGER NOT NULL PRIMARY KEY, "func" VARCHAR(5));
CREATE TABLE "data.base" ("id" INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE "bad key" ("i.d" INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE "needed" ("id" INTEGER NOT NULL PRIMARY KEY, "x.y" INTEGER NOT NULL);
CREATE TABLE "left" ("id" INTEGER NOT NULL PRIMARY KEY, "right_id" INTEGER, "name" VARCHAR(9) NOT NULL);
CREATE TABLE "right" ("id" INTEGER NOT NULL PRIMARY KEY, "left_id" INTEGER NOT NULL UNIQUE REFERENCES "left" ("id"), "left" INTEGER);
CREATE TABLE "pair" ("a" INTEGER, "b" INTEGER, "left_id" INTEGER NOT NULL REFERENCES "left" ("id"), PRIMARY KEY ("a", "b"));
CREATE TABLE "part" ("id" INTEGER NOT NULL PRIMARY KEY, "a" INTEGER, "b" INTEGER, FOREIGN KEY ("a", "b") REFERENCES "pair" ("a", "b"));
CREATE TABLE "alone" ("id" INTEGER NOT NULL PRIMARY KEY);
CREATE TABLE "tree" ("name" VARCHAR(20) NOT NULL PRIMARY KEY, "parent" VARCHAR(20) REFERENCES "tree" ("name"), "tree" INTEGER);
CREATE TABLE "lines
func init() { panic(1) }
//" ("id" INTEGER NOT NULL PRIMARY KEY, "a" INTEGER, UNIQUE ("id", "a"));
CREATE TABLE "lines" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "a
func init() { panic(2) }
//" INTEGER,
    "to" INTEGER REFERENCES "lines
func init() { panic(1) }
//" ("id"),
    UNIQUE ("id", "a
func init() { panic(2) }
//"),
    FOREIGN KEY ("to", "a
func init() { panic(2) }
//") REFERENCES "lines
func init() { panic(1) }
//" ("id", "a")
);
CREATE INDEX "lines_index" ON "lines" ("to", "a
func init() { panic(2) }
//");
