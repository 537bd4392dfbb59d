"""The graph in a database: records, columns, one store over Bolt.

Importing this package loads no driver; ``graphdb.store`` does.
"""
