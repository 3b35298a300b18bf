"""Who may do what with which dataset. Rules: `control`, `groups`, `keys`, `webhooks`; tables: `models`.

All need SQLAlchemy.
"""
