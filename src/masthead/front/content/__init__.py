"""What pages show: frozen content that depends on the path, the database and the minute alone, in a bounded number of queries.

Nothing here knows who asks. The rest of an article is put in only when the caller says the decision opened it.
"""
