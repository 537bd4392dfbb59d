// Roles of a team's zoo. UNTESTED: roles need Neo4j Enterprise, which the tests have not.
// Run it as an administrator on the system database, with the name of the zoo's database for zoo:
//   cypher-shell -d system -f docs/roles.cypher
// Then: CREATE USER alice SET PASSWORD '...'; GRANT ROLE zoo_reader TO alice;

// Dashboards and people who look: reads, no vectors.
CREATE ROLE zoo_reader IF NOT EXISTS;
GRANT ACCESS ON DATABASE zoo TO zoo_reader;
GRANT MATCH {*} ON GRAPH zoo ELEMENTS * TO zoo_reader;
DENY READ {vector} ON GRAPH zoo NODES Embedding TO zoo_reader;

// Training jobs and ML engineers: read everything, write rows, no change of the schema.
CREATE ROLE zoo_writer IF NOT EXISTS;
GRANT ACCESS ON DATABASE zoo TO zoo_writer;
GRANT MATCH {*} ON GRAPH zoo ELEMENTS * TO zoo_writer;
GRANT WRITE ON GRAPH zoo TO zoo_writer;
GRANT CREATE NEW NODE LABEL ON DATABASE zoo TO zoo_writer;
GRANT CREATE NEW RELATIONSHIP TYPE ON DATABASE zoo TO zoo_writer;
GRANT CREATE NEW PROPERTY NAME ON DATABASE zoo TO zoo_writer;

// Who installs and upgrades: the first command after an upgrade must be theirs (it migrates).
CREATE ROLE zoo_admin IF NOT EXISTS;
GRANT ACCESS ON DATABASE zoo TO zoo_admin;
GRANT MATCH {*} ON GRAPH zoo ELEMENTS * TO zoo_admin;
GRANT WRITE ON GRAPH zoo TO zoo_admin;
GRANT CONSTRAINT MANAGEMENT ON DATABASE zoo TO zoo_admin;
GRANT INDEX MANAGEMENT ON DATABASE zoo TO zoo_admin;
GRANT NAME MANAGEMENT ON DATABASE zoo TO zoo_admin;
