"""Resources that the assets are made with: session cache, graph and LLM, as Dagster configures them.

Every field is optional: what is left out comes from the environment, as everywhere else. A secret is given as an
`EnvVar`, of which the UI shows the name alone. Nothing here imports from `assets` or `orchestration`.
"""
