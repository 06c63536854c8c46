-- One key per account, for token authentication.
-- records: authtoken.0001_initial
-- records: authtoken.0002_auto_20160226_1747 (state only)
-- records: authtoken.0003_tokenproxy (state only)
-- records: authtoken.0004_alter_tokenproxy_options (state only)

CREATE TABLE "authtoken_token" (
    "key" varchar(40) NOT NULL PRIMARY KEY,
    "created" datetime NOT NULL,
    "user_id" integer NOT NULL UNIQUE REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED
);
