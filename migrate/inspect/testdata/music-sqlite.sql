-- A shop of music with a library of films: keys without numbers, tables of pairs, a tree, two keys to one table.
CREATE TABLE "Artist" ("ArtistId" INTEGER NOT NULL PRIMARY KEY, "Name" NVARCHAR(120));
CREATE TABLE "Album" (
    "AlbumId" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    "Title" NVARCHAR(160) NOT NULL,
    "ArtistId" INTEGER NOT NULL REFERENCES "Artist" ("ArtistId") ON DELETE NO ACTION
);
CREATE INDEX "IFK_AlbumArtistId" ON "Album" ("ArtistId");
CREATE TABLE "Employee" (
    "EmployeeId" INTEGER NOT NULL PRIMARY KEY,
    "LastName" NVARCHAR(20) NOT NULL,
    "ReportsTo" INTEGER REFERENCES "Employee" ("EmployeeId"),
    "BirthDate" DATETIME,
    "Salary" NUMERIC(10,2) NOT NULL DEFAULT 0,
    CONSTRAINT "salary_is_paid" CHECK ("Salary" >= 0)
);
CREATE TABLE "Customer" (
    "CustomerId" INTEGER NOT NULL PRIMARY KEY,
    "Email" NVARCHAR(60) NOT NULL UNIQUE,
    "SupportRepId" INTEGER REFERENCES "Employee" ("EmployeeId") ON DELETE SET NULL,
    "SoldById" INTEGER NOT NULL REFERENCES "Employee" ON DELETE RESTRICT
);
CREATE TABLE country (code CHAR(2) NOT NULL PRIMARY KEY, name TEXT NOT NULL, currency CHAR(3) NOT NULL DEFAULT 'EUR');
CREATE TABLE film (
    film_id INTEGER PRIMARY KEY,
    title VARCHAR(255) NOT NULL,
    release_year SMALLINT,
    country_code CHAR(2) REFERENCES country (code),
    rental_rate DECIMAL(4,2) NOT NULL DEFAULT 4.99 CHECK (rental_rate > 0),
    rating VARCHAR(5) DEFAULT 'G, or so',
    full_title TEXT GENERATED ALWAYS AS (title || ' (' || release_year || ')') STORED,
    last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (title, release_year)
);
CREATE INDEX film_rating ON film (rating, title DESC);
CREATE INDEX film_lower ON film (lower(title));
CREATE UNIQUE INDEX film_of_year ON film (country_code, release_year) WHERE rental_rate > 1;
CREATE TABLE film_text (film_id INTEGER PRIMARY KEY REFERENCES film (film_id) ON DELETE CASCADE, description TEXT NOT NULL);
CREATE TABLE actor (actor_id INTEGER PRIMARY KEY, first_name VARCHAR(45) NOT NULL);
CREATE TABLE film_actor (
    actor_id INTEGER NOT NULL REFERENCES actor (actor_id),
    film_id INTEGER NOT NULL REFERENCES film (film_id),
    last_update TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (actor_id, film_id)
);
CREATE TABLE film_related (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    from_film_id INTEGER NOT NULL REFERENCES film (film_id),
    to_film_id INTEGER NOT NULL REFERENCES film (film_id),
    UNIQUE (from_film_id, to_film_id)
);
CREATE TABLE "CustomerAlbum" (
    "CustomerId" INTEGER NOT NULL REFERENCES "Customer",
    "AlbumId" INTEGER NOT NULL REFERENCES "Album",
    PRIMARY KEY ("CustomerId", "AlbumId")
);
CREATE TABLE log (at TIMESTAMP, message TEXT);
CREATE TABLE rate (country CHAR(2) NOT NULL, at DATE NOT NULL, code VARCHAR(10) NOT NULL UNIQUE, PRIMARY KEY (country, at));
CREATE VIEW cheap_films AS SELECT film_id AS id, title FROM film WHERE rental_rate < 3;
