-- One key per account, for token authentication.
-- records: authtoken.0001_initial
-- records: authtoken.0002_auto_20160226_1747 (state only)
-- records: authtoken.0003_tokenproxy (state only)
-- records: authtoken.0004_alter_tokenproxy_options (state only)

CREATE TABLE "authtoken_token" (
    "key" varchar(40) NOT NULL PRIMARY KEY,
    "created" timestamp with time zone NOT NULL,
    "user_id" integer NOT NULL UNIQUE,
    CONSTRAINT "authtoken_token_user_id_35299eff_fk_auth_user_id"
        FOREIGN KEY ("user_id") REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX "authtoken_token_key_10f0b77e_like" ON "authtoken_token" ("key" varchar_pattern_ops);
