"""Who may do what with which dataset. `control` has the rules, `models` the tables; both need SQLAlchemy."""
