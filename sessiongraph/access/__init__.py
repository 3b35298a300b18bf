"""Who may do what with which dataset. Rules: `control`, `groups`; tables: `models`. All need SQLAlchemy."""
