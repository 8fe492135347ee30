"""What jobs, operators and releases read and write: SQLAlchemy Core, one transaction an act.

Nothing that answers a request imports these modules: SQLAlchemy costs more than the rest of a cold start.
"""
