"""The zoo in Neo4j Browser: its style, and its saved queries in one archive."""
