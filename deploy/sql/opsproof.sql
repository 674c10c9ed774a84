-- The role that opsproof connects as, with exactly the rights its checks need. Run once per cluster as a superuser:
--   psql -v password="$OPSPROOF_POSTGRES_PASSWORD" -v databases=reposcanner,smartcloudops -f opsproof.sql
-- It counts sessions (pg_stat_activity), reads settings, and asks who the server is. It reads no table of yours.
\set ON_ERROR_STOP on

CREATE ROLE opsproof LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION
    CONNECTION LIMIT 8 PASSWORD :'password';

-- A second line of defence: the collector asks for the same itself.
ALTER ROLE opsproof SET default_transaction_read_only = on;
ALTER ROLE opsproof SET statement_timeout = '5s';
ALTER ROLE opsproof SET lock_timeout = '1s';
ALTER ROLE opsproof SET idle_in_transaction_session_timeout = '10s';

-- Sees the sessions of other roles, which are hidden from an ordinary role.
GRANT pg_read_all_stats TO opsproof;

SELECT format('GRANT CONNECT ON DATABASE %I TO opsproof', name)
FROM unnest(string_to_array(:'databases', ',')) AS name
\gexec
