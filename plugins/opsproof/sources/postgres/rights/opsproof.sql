-- The role that opsproof connects as, with exactly the rights that its checks need. Run once as a superuser:
--   psql -v password="..." -f THIS-FILE
-- It reads no table of yours.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I', '$role_name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role_name')
\gexec
ALTER ROLE $role LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION
    CONNECTION LIMIT 8 PASSWORD :'password';

-- A second line of defence: the collector asks for the same itself.
ALTER ROLE $role SET default_transaction_read_only = on;
ALTER ROLE $role SET statement_timeout = '5s';
ALTER ROLE $role SET lock_timeout = '1s';
ALTER ROLE $role SET idle_in_transaction_session_timeout = '10s';

$grants
