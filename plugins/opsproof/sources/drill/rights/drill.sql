-- The role that a drill restores as, on the scratch server alone. Run once as a superuser there:
--   psql -v password="..." -f THIS-FILE
-- It makes a database of its own and drops it; a dump can say that programs be run, so that it may run none.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I', '$role_name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$role_name')
\gexec
ALTER ROLE $role LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION PASSWORD :'password';

-- Tells which server this is.
GRANT EXECUTE ON FUNCTION pg_control_system() TO $role;
-- What is restored belongs to the roles that own it in the dump: the drill has to be a member of each.
$owner
