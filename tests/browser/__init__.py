"""What people see in Neo4j Browser: the saved queries, the style, the favourites."""
