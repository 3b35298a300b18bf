"""Who may do what with which dataset. Rules: `control`, `groups`, `keys`; tables: `models`. All need SQLAlchemy."""
